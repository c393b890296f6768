"""What notify reads: people whom a fact concerns, inboxes, counts."""
