"""``./kasane import``: puts a ledger into intake: of the demo that runs, of this container, or of the demo's folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.commands.places import data_folder, find_services, running_in
from services.commands.trouble import Trouble, say, speaks_japanese
from services.intake.importing.run import make_template, run_import
from shared import i18n


def run(file: Path | None, *, dry_run: bool, errors: Path | None, template: Path | None, data: Path | None) -> int:
    """Import and print the summary; the exit code is the importer's."""
    with i18n.speaking("ja" if speaks_japanese() else "en"):
        if template is not None:
            make_template(template)
            say(f"an empty ledger with all headings is in {template}")
            return 0
        if file is None:
            msg = "name the ledger to import, or --template FILE.xlsx to get an empty one"
            raise Trouble(msg)
        if not file.is_file():
            msg = f"there is no file {file}"
            raise Trouble(msg)
        return asyncio.run(_import(file, dry_run=dry_run, errors=errors, data=data))


async def _import(file: Path, *, dry_run: bool, errors: Path | None, data: Path | None) -> int:
    async with _intake_database(data) as url:
        return await run_import(url, file, dry_run=dry_run, errors=errors)


@asynccontextmanager
async def _intake_database(data: Path | None) -> AsyncIterator[str]:
    """Where intake's database is; where nothing runs, the demo's own servers run for as long as the import."""
    folder = data_folder(data)
    if os.environ.get("KASANE_SERVICE") or running_in(folder):
        yield find_services(data)["intake"].database_url
        return
    from services.stack import databases_only  # the embedded servers are not in the containers' image

    say(f"no Kasane is running in {folder}; importing into its database, to be seen at the next ./kasane demo")
    async with databases_only(folder) as settings:
        yield settings["intake"].database_url
