"""What the commands of ``services/cli.py`` do, one module a concern; imported only when their command runs."""
