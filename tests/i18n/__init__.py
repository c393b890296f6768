"""Two languages, two calendars."""
