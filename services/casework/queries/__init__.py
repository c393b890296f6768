"""What pages and API read; every select of a case goes through :func:`access.showing`."""
