"""What pages and the API of outreach read; every select of visits and requests goes through ``access``."""
