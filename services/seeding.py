"""Fills empty databases with the made-up ward, and says whom one may sign in as."""

from __future__ import annotations

import gc
from collections.abc import Mapping

from services.ward.seed import seed
from services.ward.staff import AGENCIES, POST_BY_CODE
from shared.settings import Settings

_SHOWN = ("caseworker-n1", "coordinator-1", "lead-n", "worker-n1", "manager-1")


OPENING = 120
"""Households in care that a new demo plays, each with its year; every type is among them."""


async def seed_ward(settings: Mapping[str, Settings], *, days: int = 0, households: int = OPENING) -> None:
    """Put the made-up ward's agencies, posts and households, with a year of work, into the four databases.

    The last ``days`` days are played one by one.
    """
    gc.disable()  # a year makes millions of short-lived objects; looking through them for cycles takes a quarter of it
    try:
        await seed(settings, days=days, count=households)
    finally:
        gc.enable()
        gc.collect()


def people_to_sign_in_as() -> list[str]:
    """One line for each kind of work: who, what, where."""
    agencies = {agency.code: agency for agency in AGENCIES}
    lines = []
    for code in _SHOWN:
        post = POST_BY_CODE[code]
        lines.append(f"{post.name} ({post.romaji}): {post.title_ja} / {post.title_en}, {agencies[post.agency].ja}")
    return lines
