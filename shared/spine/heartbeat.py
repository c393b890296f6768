"""The heart-beat: a probe that passes intake, casework, outreach, notify and comes home, every minute.

One line a service: ``wire_heartbeat(subscriptions)`` in its ``handlers.py``. intake sends, the others pass on what
they hear, and intake closes the ring. Each hop says where its service's audit chain stands, and the next service
keeps that (``shared/audit/witness.py``). How long ago a service has heard from a source is read from its cursor: every
event of the source, at least intake's own probe each minute, moves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared import clock
from shared.audit.witness import keep_anchor, say_head
from shared.errors import Refused
from shared.events.heartbeat import CHAIN, Heartbeat, IntakeHeartbeat
from shared.i18n import N_
from shared.spine.log import hold, record
from shared.spine.subscriptions import Received, Subscriptions, derived_id
from shared.spine.tables import Cursor, Incident, Probe

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

EVERY = timedelta(minutes=1)
LATE = timedelta(minutes=3)
"""Nothing heard for longer: the operator's light goes out, and nothing new is shared."""

_RING = tuple(CHAIN)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beat:
    """The last probe that a service has sent or heard."""

    service: str
    started_at: datetime
    seen_at: datetime

    @property
    def late(self) -> bool:
        """Whether the next one should have come long ago."""
        return clock.now() - self.seen_at > LATE


def wire_heartbeat(subscriptions: Subscriptions) -> None:
    """Let a service pass the probe on: its whole part in the heart-beat."""
    mine = subscriptions.service
    before = _RING[_RING.index(mine) - 1]

    @subscriptions.on(CHAIN[before], acts=True)
    async def pass_on(session: AsyncSession, heard: Received[Heartbeat]) -> None:
        probe = heard.event
        await _note(session, before, probe.probe, probe.started_at)
        if not await keep_anchor(session, before, probe.audit_number, probe.audit_hash):
            session.add(Incident(kind="audit_chain_differs", detail=f"{before}:{probe.audit_number}"))
            log.critical("an audit chain is not what it was: ./kasane audit verify", of=before, at=probe.audit_number)
        if mine == _RING[0]:
            return  # it has come home
        number, digest = await say_head(session, mine)
        next_hop = CHAIN[mine](probe=probe.probe, started_at=probe.started_at, audit_number=number, audit_hash=digest)
        await hold(session, *next_hop.subjects)
        await record(session, next_hop, id=derived_id(heard.id, mine))


async def send_probe(session: AsyncSession) -> bool:
    """Send intake's next probe when it is time; whether it was. Replicas may all call this."""
    now, probe = clock.now(), clock.new_id()
    event = IntakeHeartbeat(probe=probe, started_at=now)
    await hold(session, *event.subjects)
    last = await session.scalar(select(Probe.started_at).where(Probe.service == _RING[0]))
    if last is not None and timedelta(0) <= now - last < EVERY:
        return False
    await _note(session, _RING[0], probe, now)
    number, digest = await say_head(session, _RING[0])
    await record(session, event.model_copy(update={"audit_number": number, "audit_hash": digest}))
    return True


async def beats(session: AsyncSession) -> list[Beat]:
    """What this service knows of the heart-beat."""
    rows = await session.scalars(select(Probe).order_by(Probe.service))
    return [Beat(row.service, row.started_at, row.seen_at) for row in rows]


async def heard_from(session: AsyncSession, source: str) -> timedelta | None:
    """How old our knowledge of a source is; None when nothing was ever heard."""
    at = await session.scalar(select(Cursor.event_at).where(Cursor.source == source))
    return None if at is None else max(clock.now() - at, timedelta(0))


async def sharing_is_safe(session: AsyncSession, source: str = "intake") -> bool:
    """Whether consent and protection are fresh enough to share something new."""
    age = await heard_from(session, source)
    return age is not None and age <= LATE


async def refuse_when_deaf(session: AsyncSession, source: str = "intake") -> None:
    """Raise Refused when nothing was heard from intake for longer than three minutes: no *new* sharing then."""
    if not await sharing_is_safe(session, source):
        raise Refused(
            N_(
                "同意と保護の最新の状態を確認できないため、今は新しい共有ができません。しばらくしてからもう一度お試しください。"
            )
        )


async def _note(session: AsyncSession, service: str, probe: UUID, started_at: datetime) -> None:
    values = {"probe": probe, "started_at": started_at, "seen_at": clock.now()}
    statement = insert(Probe).values(service=service, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["service"], set_=values))
