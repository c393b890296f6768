"""Whom a fact concerns, and until when they must have seen it.

A rule is one entry of the code list NOTIFICATION_KIND; the ward may edit it. Its attributes:

    event    the type of the fact                      when     fields that must have one of these values
    whom     who is told (see RECIPIENTS)              read     by when: {"A": {"minutes": 30}, "*": {"hours": 4}}
    up       who is told when nobody reads it in time  each     everyone told must read it (else one of them is enough)
    path     where the tap leads                       urgent   breaks quiet hours
    about    the field that names the matter           settles  kinds about the same matter that no longer wait
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from shared.calendar import add_working_days, end_of_day
from shared.clock import TOKYO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RECIPIENTS = (
    "owner",  # the post that owns the case (担当者)
    "duty",  # coordinators of the area
    "inviter",  # who asked the agency in
    "requester",  # who asked for the visit
    "assigner",  # the lead who published the visit
    "workers",  # who go
    "post",  # the post that the fact names
    "posts",  # the posts that the fact lists
    "post_or_agency",  # that post, else everyone at the agency
    "agency",  # everyone at the agency that the fact names
    "agencies",  # everyone at the agencies that the fact lists
    "agencies_in",  # everyone at the agencies that have accepted a part
    "area_lead",  # leads of the outreach team of the area
    "manager",  # managers of the area
    "parties",  # all who have a part in a case of the household
)

STALE_AFTER = timedelta(days=3)
"""A fact heard later than this (history being read in) waits for nobody: it is listed, without a deadline."""
FORGOTTEN_AFTER = timedelta(days=30)
"""A fact heard later than this tells nobody anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of NOTIFICATION_KIND."""

    kind: str
    event: str
    whom: tuple[str, ...]
    path: str
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    read: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    up: tuple[str, ...] = ()
    each: bool = False
    urgent: bool = False
    about: str | None = None
    settles: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: str, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes of a code."""
        return cls(
            kind=kind,
            event=str(attributes.get("event", "")),
            whom=tuple(attributes.get("whom", ())),
            path=str(attributes.get("path", "/notify/")),
            when={name: frozenset(values) for name, values in attributes.get("when", {}).items()},
            read=attributes.get("read", {}),
            up=tuple(attributes.get("up", ())),
            each=bool(attributes.get("each")),
            urgent=bool(attributes.get("urgent")),
            about=attributes.get("about"),
            settles=tuple(attributes.get("settles", ())),
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification that a fact asks for."""

    kind: str
    post: UUID
    read_by: datetime | None


def concerning(rules: Iterable[Rule], event: str, fields: Mapping[str, Any]) -> list[Rule]:
    """The rules that a fact sets off, in their order. ``fields`` are its data as JSON values."""
    return [rule for rule in rules if rule.event == event and matches(rule, fields)]


def matches(rule: Rule, fields: Mapping[str, Any]) -> bool:
    """Whether every named field has one of the wanted values."""
    return all(str(fields.get(name)) in values for name, values in rule.when.items())


def notices(
    rules: Sequence[Rule],
    people: Mapping[str, Sequence[UUID]],
    *,
    urgency: str | None,
    actor: UUID | None,
    told_at: datetime,
    now: datetime,
    read_minutes: int | None = None,
) -> list[Notice]:
    """Who is told what: everybody at most once, by the first rule that names them, and never of their own deed.

    ``people``: posts by recipient. Where a rule finds nobody, the managers are told: no fact falls to the ground.
    ``told_at``: when the fact was recorded; ``read_minutes`` overrides every deadline.
    """
    if now - told_at > FORGOTTEN_AFTER:
        return []
    found: dict[UUID, Notice] = {}
    for rule in rules:
        posts = dict.fromkeys(post for name in rule.whom for post in people.get(name, ()))
        if not posts and rule.whom and rule.read:
            posts = dict.fromkeys(people.get("manager", ()))
        read_by = None if now - told_at > STALE_AFTER else deadline(rule, urgency, now, read_minutes)
        for post in posts:
            if post != actor and post not in found:
                found[post] = Notice(rule.kind, post, read_by)
    return list(found.values())


def deadline(rule: Rule, urgency: str | None, now: datetime, read_minutes: int | None = None) -> datetime | None:
    """By when it must be read; None when nothing hangs on it."""
    allowed = rule.read.get(urgency or "*", rule.read.get("*"))
    if allowed is None:
        return None
    if read_minutes is not None:
        return now + timedelta(minutes=read_minutes)
    if "working_days" in allowed:
        day = add_working_days(now.astimezone(TOKYO).date(), int(allowed["working_days"]))
        return end_of_day(day).astimezone(UTC)
    return now + timedelta(hours=int(allowed.get("hours", 0)), minutes=int(allowed.get("minutes", 0)))


def settled_kinds(rules: Iterable[Rule]) -> list[tuple[str, bool]]:
    """``(kind, own)`` of what no longer waits; ``own``: only what was sent to the post that acted."""
    found = []
    for rule in rules:
        for settled in rule.settles:
            kind, _, whose = settled.partition(":")
            found.append((kind, whose == "own"))
    return list(dict.fromkeys(found))


def path_to(rule: Rule, fields: Mapping[str, Any], after: str) -> str:
    """Where the tap leads, with the position that the page waits for (``after=casework:1234``)."""
    ids = {name: str(value) for name, value in fields.items() if isinstance(value, str | UUID)}
    try:
        path = rule.path.format_map(ids)
    except KeyError:
        path = "/notify/"
    return f"{path}{'&' if '?' in path else '?'}after={after}"


def goes_up(read_by: datetime | None, now: datetime, *, read_at: datetime | None, settled_at: datetime | None) -> bool:
    """Whether a notification has waited past its deadline and must be passed up."""
    return read_by is not None and read_by <= now and read_at is None and settled_at is None
