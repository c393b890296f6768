"""What all four services stand on; knows no service."""
