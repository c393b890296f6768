"""A fact was heard: settle what it answers, and put a notification into the inbox of everybody whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.notify.queries.people import Subject, find_people, knows_matter, subject_of
from services.notify.rules.notices import FORGOTTEN_AFTER, Notice, Rule, concerning, notices, path_to, settled_kinds
from services.notify.rules.quiet import QuietHours, send_at
from services.notify.tables import Base, Delivery, ErasedHousehold, Notification, Preference
from shared import clock
from shared.codes import Code
from shared.erasure import erase_rows, forget_everything
from shared.events.notify import HouseholdForgotten, NotificationSent
from shared.spine import NotYet, Received, derived_id, hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.events import Event

_RULES = "notify.rules"
_BY_EMAIL = "notify.by_email"
"""Who wants letters, read once a session."""


async def rules_now(session: AsyncSession) -> dict[str, Rule]:
    """The rules in use, in their order, as the table says now; read once a session."""
    known: dict[str, Rule] | None = session.info.get(_RULES)
    if known is None:
        rows = await session.scalars(
            select(Code).where(Code.list == "NOTIFICATION_KIND", Code.active).order_by(Code.position, Code.code)
        )
        known = {row.code: Rule.of(row.code, row.attributes) for row in rows}
        session.info[_RULES] = known
    return known


async def tell(session: AsyncSession, received: Received[Event]) -> None:
    """Tell everybody whom a fact concerns. Doing it again tells nobody twice.

    Raises NotYet for a visit whose case or request has not been heard of: its owner and requester are in those.
    """
    event, envelope = received.event, received.envelope
    now = clock.now()
    if now - envelope.recorded_at > FORGOTTEN_AFTER:
        return
    rules = await rules_now(session)
    fields = event.model_dump(mode="json")
    concerned = concerning(rules.values(), event.type, fields)
    if not concerned:
        return
    household = fields.get("household")
    if household is not None and await session.get(ErasedHousehold, UUID(household)) is not None:
        return
    if received.source == "outreach" and not await knows_matter(session, fields):
        raise NotYet  # casework's log is read more slowly than outreach's: somebody would be left out
    actor = _post(envelope.actor)
    await _settle(session, rules, concerned, fields, because=received.id, actor=actor, at=now)
    subject = await subject_of(session, fields)
    people = await find_people(
        session, {name for rule in concerned for name in rule.whom} | {"manager"}, fields, subject
    )
    wanted = notices(concerned, people, urgency=subject.urgency, actor=actor, told_at=envelope.recorded_at, now=now)
    after = f"{received.source}:{received.position}"
    await put(
        session, wanted, rules, fields=fields, subject=subject, because=received.id, after=after, type_=event.type
    )


async def put(
    session: AsyncSession,
    wanted: Sequence[Notice],
    rules: dict[str, Rule],
    *,
    fields: dict[str, Any],
    subject: Subject,
    because: UUID,
    after: str,
    type_: str,
) -> list[UUID]:
    """Write notifications and state them; those that are there already are left alone."""
    now = clock.now()
    rows: list[dict[str, Any]] = []
    for notice in wanted:
        rule = rules[notice.kind]
        ids = {**fields, "case": str(subject.case)} if subject.case is not None else fields
        rows.append({
            "id": derived_id(because, notice.kind, notice.post),
            "post": notice.post,
            "kind": notice.kind,
            "household": subject.household,
            "case": subject.case,
            "case_number": subject.number,
            "because": because,
            "cause_type": type_,
            "about": _post(fields.get(rule.about)) if rule.about else None,
            "path": path_to(rule, ids, after),
            "urgency": subject.urgency,
            "urgent": rule.urgent,
            "sent_at": now,
            "read_by": notice.read_by,
            "settled_at": None,
        })  # fmt: skip
    if not rows:
        return []
    statement = insert(Notification).values(rows).on_conflict_do_nothing().returning(Notification.id)
    made = set((await session.scalars(statement)).all())
    fresh = [row for row in rows if row["id"] in made]
    await hold(session, *{row["household"] or row["post"] for row in fresh})
    for row in fresh:
        await record(
            session,
            NotificationSent(
                notification=row["id"],
                post=row["post"],
                household=row["household"],
                kind=row["kind"],
                because=because,
                read_by=row["read_by"],
            ),
        )
    await _deliver(session, [(row["id"], row["post"], row["urgent"]) for row in fresh], now)
    return [row["id"] for row in fresh]


async def erase_household(session: AsyncSession, household: UUID) -> None:
    """Erase what was told about a household, and what the log says of it. Doing it twice changes nothing."""
    erased = await erase_rows(session, Base.metadata, household)
    await forget_everything(session, household, erased.ids)
    await record(session, HouseholdForgotten(household=household, classes=erased.classes))


async def _settle(
    session: AsyncSession,
    rules: dict[str, Rule],
    concerned: Sequence[Rule],
    fields: dict[str, Any],
    *,
    because: UUID,
    actor: UUID | None,
    at: datetime,
) -> None:
    """What the fact answers no longer waits, read or not; what it says itself does, however often it is heard."""
    for kind, own in settled_kinds(concerned):
        about = rules[kind].about if kind in rules else None
        matter, case = _post(fields.get(about)) if about else None, _post(fields.get("case"))
        if matter is None and case is None:
            continue
        statement = (
            update(Notification)
            .where(
                Notification.kind == kind,
                Notification.about == matter if matter is not None else Notification.case == case,
                Notification.because != because,
                Notification.settled_at.is_(None),
            )
            .values(settled_at=at)
        )
        if own:
            statement = statement.where(Notification.post == actor)
        await session.execute(statement)


async def _deliver(session: AsyncSession, made: Sequence[tuple[UUID, UUID, bool]], now: datetime) -> None:
    """Queue a message on every other channel that the recipients have chosen, after their quiet hours."""
    if not made:
        return
    chosen: dict[UUID, Preference] | None = session.info.get(_BY_EMAIL)
    if chosen is None:
        wish = select(Preference).where(Preference.channels.contains(["email"]), Preference.email.is_not(None))
        chosen = session.info[_BY_EMAIL] = {row.post: row for row in await session.scalars(wish)}
    rows: list[dict[str, Any]] = []
    for notification, post, urgent in made:
        preference = chosen.get(post)
        if preference is not None:
            quiet = None
            if preference.quiet_since is not None and preference.quiet_until is not None:
                quiet = QuietHours(preference.quiet_since, preference.quiet_until)
            when = send_at(now, quiet, urgent=urgent)
            rows.append({"notification": notification, "channel": "email", "state": "waiting", "send_at": when})
    if rows:
        await session.execute(insert(Delivery).values(rows).on_conflict_do_nothing())


def _post(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
