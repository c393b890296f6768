"""Where a command finds the services it speaks to: its own environment, or the demo that runs on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.commands.trouble import Trouble
from services.parts import SERVICES
from shared.db import Database
from shared.settings import Settings


def home() -> Path:
    """The clone that this runs from."""
    return Path(os.environ.get("KASANE_HOME") or Path(__file__).parents[2])


def data_folder(data: Path | None) -> Path:
    """The folder that was named, else ``.demo`` in the clone, else one of the user's own where it can't be made."""
    if data is not None:
        return data.expanduser().resolve()
    inside = home() / ".demo"
    if inside.exists() or os.access(home(), os.W_OK):
        return inside
    return Path.home() / ".local" / "share" / "kasane"


def running_in(folder: Path) -> dict[str, Any] | None:
    """What the stack that runs in ``folder`` told of itself; None when none does."""
    try:
        told: dict[str, Any] = json.loads((folder / "running.json").read_text())
    except (OSError, ValueError):
        return None
    try:
        os.kill(int(told["pid"]), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, and is another user's
    return told


def find_services(data: Path | None) -> dict[str, Settings]:
    """Settings by service: in a container its own, else those of the demo that is running.

    Raises Trouble when there is neither.
    """
    own = os.environ.get("KASANE_SERVICE")
    if own:
        return {own: Settings.load()}
    folder = data_folder(data)
    told = running_in(folder)
    if told is None:
        msg = (
            f"no Kasane is running in {folder}. Start ./kasane demo, name its folder with --data, "
            "or run this inside a service's container"
        )
        raise Trouble(msg)
    return {name: Settings(**place) for name, place in told["services"].items()}


def settings_of(service: str, data: Path | None) -> Settings:
    """One service's settings. Raises Trouble for a name that none has, or one that can't be reached from here."""
    if service not in SERVICES:
        msg = f"there is no service {service}; there are {', '.join(SERVICES)}"
        raise Trouble(msg)
    found = find_services(data)
    if service not in found:
        msg = f"from here only {', '.join(found)} can be reached; run this in the container of {service}"
        raise Trouble(msg)
    return found[service]


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A service's database, closed at the end."""
    db = Database(settings.database_url, pool_size=1)
    try:
        yield db
    finally:
        await db.close()
