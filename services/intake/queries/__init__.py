"""What pages and API read; every select goes through ``access.visible_to(viewer)``."""
