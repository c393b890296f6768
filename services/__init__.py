"""The four services and the commands that run them. Services never import one another."""
