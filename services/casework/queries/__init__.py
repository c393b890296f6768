"""What pages and API read; every select of a case goes through :func:`access.visible_to`."""
