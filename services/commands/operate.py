"""``./kasane migrate | log adopt``: what an operator does to databases."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from services.commands.places import settings_of
from services.commands.trouble import Trouble, say
from services.parts import SERVICES, migrate_one, nobody_works_here
from shared.settings import Settings


def migrate(services: Sequence[str], *, seed: bool) -> int:
    """Bring the named services (all if none) up to date: what the one-shot container runs before the others."""
    wanted = list(services) or list(SERVICES)
    strangers = set(wanted) - set(SERVICES)
    if strangers:
        msg = f"there is no service {', '.join(sorted(strangers))}; there are {', '.join(SERVICES)}"
        raise Trouble(msg)
    if seed and set(wanted) != set(SERVICES):
        msg = "--seed fills all four databases; name no service with it"
        raise Trouble(msg)
    settings = {service: _settings_for_migration(service) for service in wanted}

    async def work() -> None:
        for service, own in settings.items():
            say(f"migrating {service}")
            await migrate_one(service, own)
        if seed and await nobody_works_here(settings["casework"]):
            from services.seeding import seed_ward

            say("filling the empty databases with a made-up ward")
            await seed_ward(settings)

    asyncio.run(work())
    return 0


def _settings_for_migration(service: str) -> Settings:
    """Of ``KASANE_SECRETS_ROOT/<service>`` where given, else of this process's own environment."""
    root = os.environ.get("KASANE_SECRETS_ROOT")
    if root:
        folder = Path(root) / service
        if not (folder / "kasane_database_url").exists():
            msg = f"{folder} has no kasane_database_url; run ./kasane secrets first"
            raise Trouble(msg)
        return Settings(_secrets_dir=folder)
    if os.environ.get("KASANE_SERVICE") == service:
        return Settings.load()
    msg = "say where the databases are: KASANE_SECRETS_ROOT=<folder of ./kasane secrets>, or run it in a container"
    raise Trouble(msg)


def adopt(data: Path | None, service: str) -> int:
    """Take a restored log as the truth; prints which facts it no longer knows."""
    from services.commands.adopting import run

    return asyncio.run(run(service, settings_of(service, data)))
