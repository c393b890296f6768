"""``./kasane import``: puts a ledger into intake: of the demo that runs, of this container, or of the demo's folder."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.commands.places import data_folder, find_services, running_in
from services.commands.trouble import say
from services.stack import databases_only
from shared.settings import Settings


def run(file: Path | None, *, dry_run: bool, errors: Path | None, template: Path | None, data: Path | None) -> int:
    """Import and print the summary; the exit code is the importer's."""
    return 0


@asynccontextmanager
async def intake_settings(data: Path | None) -> AsyncIterator[Settings]:
    """Where intake's database is; where nothing runs, the demo's own servers run for as long as the import."""
    folder = data_folder(data)
    if os.environ.get("KASANE_SERVICE") or running_in(folder):
        yield find_services(data)["intake"]
        return
    say(f"no Kasane is running in {folder}; importing into its database, to be seen at the next ./kasane demo")
    async with databases_only(folder) as settings:
        yield settings["intake"]
