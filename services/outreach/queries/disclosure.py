"""What outreach holds about a household, for a disclosure request (開示請求): visits, notes at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import literal, select

from services.outreach.queries.access import is_protected, viewer_of, visible_visits
from services.outreach.tables import MemberMeeting, Note, Observation, Visit, VisitRequest, VisitWorker
from shared.disclosure import Export, Part, say
from shared.errors import Missing
from shared.i18n import N_, current_locale

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor
    from shared.service import Service

_NOT_WHOLE = N_("この世帯の訪問のすべてを見る権限がありません。開示の書類は、すべてを見られる管理職が作ります。")


async def collect_parts(session: AsyncSession, here: Service, actor: Actor, household: UUID) -> Export:
    """Every visit and note; Missing when the actor may not see them all.

    Protection hides none of them here: intake, which alone asks, has looked at its allow-list before.
    """
    visits = list(await session.scalars(select(Visit).where(Visit.household == household).order_by(Visit.starts_at)))
    visible = visible_visits(await viewer_of(session, actor))
    seen = set(await session.scalars(select(Visit.id).where(Visit.household == household, visible)))
    kept_back = bool(await session.scalar(select(is_protected(literal(household)))))
    if {visit.id for visit in visits} - seen and not kept_back:
        raise Missing(_NOT_WHOLE)
    ids = [visit.id for visit in visits]
    workers: dict[UUID, list[UUID]] = {}
    for worker in await session.scalars(select(VisitWorker).where(VisitWorker.visit.in_(ids))):
        workers.setdefault(worker.visit, []).append(worker.post)
    noticed: dict[UUID, list[str]] = {}
    for found in await session.scalars(select(Observation).where(Observation.visit.in_(ids))):
        noticed.setdefault(found.visit, []).append(here.codes.label("OBSERVATION", found.code, current_locale()))
    met: dict[UUID, list[UUID]] = {}
    for meeting in await session.scalars(select(MemberMeeting).where(MemberMeeting.visit.in_(ids))):
        met.setdefault(meeting.visit, []).append(meeting.member)
    asked = select(VisitRequest.id, VisitRequest.purpose).where(VisitRequest.household == household)
    purposes = {request: purpose for request, purpose in await session.execute(asked)}  # noqa: C416 - a Row is no pair
    parts = [
        _visit(here, visit, purposes.get(visit.request), workers.get(visit.id, []), noticed.get(visit.id, []), met)
        for visit in visits
    ]
    notes = select(Note).where(Note.household == household).order_by(Note.occurred_at, Note.recorded_at)
    parts += [
        Part(
            service="outreach",
            kind="note",
            id=str(note.id),
            at=note.occurred_at,
            post=note.author,
            said=say("facts", note.words),
        )
        for note in await session.scalars(notes)
    ]
    return Export(service="outreach", parts=parts, accesses=[])


def _visit(  # noqa: PLR0917 - a visit and what belongs to it
    here: Service,
    visit: Visit,
    purpose: str | None,
    workers: list[UUID],
    noticed: list[str],
    met: dict[UUID, list[UUID]],
) -> Part:
    def word(name: str, code: str | None) -> str:
        return here.codes.label(name, code, current_locale())

    some = (
        say("purpose", word("VISIT_PURPOSE", purpose)),
        say("state", word("VISIT_STATE", visit.state)),
        say("result", word("VISIT_RESULT", visit.result)),
        say("seen", noticed),
        say("trust", word("TRUST", None if visit.trust_stage is None else str(visit.trust_stage))),
        say("starts_on", visit.next_on),
        *(say("met", visit.occurred_at, member=member) for member in met.get(visit.id, [])),
        *(say("workers", str(post), "staff") for post in workers),
    )
    return Part(
        service="outreach",
        kind="visit",
        id=str(visit.id),
        at=visit.occurred_at or visit.starts_at,
        post=visit.reported_by or visit.published_by or visit.proposed_by,
        agency=visit.team,
        said=[one for found in some for one in found],
    )
