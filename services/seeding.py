"""Fills empty databases with the made-up ward, and says whom one may sign in as."""

from __future__ import annotations

from collections.abc import Mapping

from services.ward.seed import seed
from services.ward.staff import AGENCIES, POST_BY_CODE
from shared.settings import Settings

_SHOWN = ("caseworker-n1", "coordinator-1", "lead-n", "worker-n1", "manager-1")


OPENING = 300
"""Households in care that a new demo plays: a ward's year, in the proportions of the ward's estimates."""


async def seed_ward(settings: Mapping[str, Settings], *, days: int = 0, households: int = OPENING) -> None:
    """Put the made-up ward's agencies, posts and households, with a year of work, into the four databases.

    The last ``days`` days are played one by one.
    """
    await seed(settings, days=days, count=households)


def people_to_sign_in_as() -> list[str]:
    """One line for each kind of work: who, what, where."""
    agencies = {agency.code: agency for agency in AGENCIES}
    lines = []
    for code in _SHOWN:
        post = POST_BY_CODE[code]
        lines.append(f"{post.name} ({post.romaji}): {post.title_ja} / {post.title_en}, {agencies[post.agency].ja}")
    return lines
