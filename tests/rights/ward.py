"""Who works in the ward of the table: read from ``people.csv``, put into casework as any ward's staff is."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Final

from services.casework.actions.posts import install_ward
from services.ward.staff import Agency, Post
from shared.db import Database
from shared.settings import Settings
from tests.rights.table import FOLDER

SPARE: Final = tuple(f"spare-{number:03d}" for number in range(120))
"""Agencies that nobody has asked yet, inside the ward office: each attempt to share takes one of its own."""


def _read() -> tuple[list[Agency], dict[str, Post], dict[str, str]]:
    with (FOLDER / "people.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    agencies: dict[str, Agency] = {}
    posts: dict[str, Post] = {}
    who: dict[str, str] = {}
    for row in rows:
        areas, code = tuple(row["areas"].split()), row["code"]
        own = areas if row["kind"] in {"sukoyaka", "outreach", "hokatsu"} else ()
        head = row["agency"] not in agencies
        agencies.setdefault(row["agency"], Agency(row["agency"], row["kind"], row["agency"], row["agency"], own))
        posts[code] = Post(code, row["agency"], row["role"], areas, code, code, code, code, code, head=head)
        who[code] = row["who"]
    spare = [Agency(code, "seikatsu", code, code) for code in SPARE]
    return [*agencies.values(), *spare], posts, who


AGENCIES, POSTS, WHO = _read()
"""``POSTS`` by code; ``WHO``: the word of the table for each code."""


async def install(settings: Mapping[str, Settings]) -> None:
    """Bring everybody into casework's empty database; the other services hear of them when they start."""
    ward = SimpleNamespace(AGENCIES=AGENCIES, POSTS=list(POSTS.values()), STARTS_ON=date(2024, 4, 1))
    db = Database(settings["casework"].database_url, pool_size=1)
    try:
        async with db.transaction() as session:
            await install_ward(session, ward)
    finally:
        await db.close()
