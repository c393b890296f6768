"""Saving can be taken back for ten minutes by who saved; what comes later is a new fact (ADR 0015). Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

UNDO: Final = timedelta(minutes=10)
"""Counted from the recording time, not from when it happened."""
