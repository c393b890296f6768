"""What notify decides, without any input or output: whom a fact concerns, until when, who is told next."""
