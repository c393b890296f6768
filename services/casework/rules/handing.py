"""Whose a case is when its owner's post ends, and how long before that is told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from services.casework.rules.cases import PostFacts

WARNED_DAYS: Final = (30, 14, 7)
"""So many days before a post ends it stands in the list of what has no owner then."""

Stage = Literal["later", "month", "fortnight", "week", "over"]


def next_owner(successor: PostFacts | None, heads: Sequence[PostFacts], duty: Sequence[PostFacts]) -> UUID:
    """Who takes the case: the successor that was named, else the agency's head, else who is on duty for the area.

    A head whose role owns no cases takes it only when nobody on duty can. LookupError when there is nobody at all:
    then the post's rights end by its date, but the case stays where it is until somebody is named.
    """
    there = [post for post in (successor, *heads, *duty) if post is not None and not post.ended]
    for post in [one for one in there if one.owns] or there:
        return post.id
    raise LookupError("nobody is there to take the case")


def stage(ends_on: date | None, today: date) -> Stage:
    """How near a post's end is. ``ends_on`` is its last day."""
    if ends_on is None:
        return "later"
    left = (ends_on - today).days
    if left < 0:
        return "over"
    month, fortnight, week = WARNED_DAYS
    return "week" if left <= week else "fortnight" if left <= fortnight else "month" if left <= month else "later"
