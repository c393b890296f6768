"""Who takes part in which household's case, as casework tells it: the table ``access_grant`` and what fills it.

A service whose rows are shown by levels (``shared/viewers.py``) keeps one, as a projection, and asks it with
:func:`granted`. Agencies that take part, the one that leads and posts that act in the case are followed here, for all
alike; a service adds the grounds that it alone needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Index, exists, select, update
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.events.casework import (
    AgencyAnswered,
    AgencyInvited,
    AgencyLeft,
    CaseClosed,
    LeadChanged,
    MeetingCalled,
    PlanDrafted,
    VisitRequested,
)
from shared.projections import put_many

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.spine import Received, Subscriptions

Ground = Literal["owner", "agency", "lead", "meeting", "council", "request", "worker", "assigned", "reason"]
Erased = Callable[["AsyncSession", Iterable[UUID]], Awaitable[set[UUID]]]
"""Which of some households were erased: nothing is kept of what still comes about them."""

_IDS: Final = UUID("5c1f4d1e-6f3c-5b6a-9d2b-6b1d3a0c9e77")
"""Namespace of grant ids: the same fact makes the same grant, however often it is heard."""


class GrantColumns:
    """The columns of ``access_grant``. Either ``post`` or ``agency`` is set, or for a request neither."""

    __tablename__ = "access_grant"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        """What is asked for: grants of a post, of an agency, from a fact."""
        return (
            Index("ix_access_grant_post", "post", "household_id"),
            Index("ix_access_grant_agency", "agency", "household_id"),
            Index("ix_access_grant_source", "source_id"),
        )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """uuid5 of ground, source and holder: stating the same fact twice makes one grant."""
    household_id: Mapped[UUID] = mapped_column(index=True)
    ground: Mapped[str]
    source_id: Mapped[UUID]
    """The case, invitation, meeting, plan or visit request it follows from."""
    post: Mapped[UUID | None]
    agency: Mapped[str | None]
    area: Mapped[str | None]
    """For ``request``: outreach leads of this area may see it while they plan."""
    basis: Mapped[str | None]
    """For ``agency``: the ground on which it was asked in (共有の根拠)."""
    until: Mapped[datetime | None]
    """For ``reason``: how long it is good for."""
    ended: Mapped[bool] = mapped_column(server_default="false", default=False)


def granted(
    grant: Any, household: ColumnElement[UUID] | Any, ground: Ground, *who: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether a grant on this ground stands. ``grant``: an alias of the service's table; ``who``: whose it must be."""
    mine = (grant.household_id == household, grant.ground == ground, grant.ended.is_(False), *who)
    return exists(select(grant.id).where(*mine))


class Grants:
    """Writes one service's table. ``erased``: asked before anything is written, where the service projects that too."""

    def __init__(self, model: type[Any], erased: Erased | None = None) -> None:
        self._model = model
        self._erased = erased

    async def put(self, session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
        """Grants as :func:`grant_row` makes them; the last of the same id counts."""
        found = {row["id"]: row for row in rows}
        if self._erased is not None and found:
            gone = await self._erased(session, {row["household_id"] for row in found.values()})
            found = {id_: row for id_, row in found.items() if row["household_id"] not in gone}
        await put_many(session, self._model, list(found.values()))

    async def end(self, session: AsyncSession, ground: Ground, sources: Iterable[UUID], *, ended: bool = True) -> None:
        """What followed from these facts holds no more; with ``ended=False``, holds from now on."""
        wanted = set(sources)
        if wanted:
            await session.execute(
                update(self._model)
                .where(self._model.source_id.in_(wanted), self._model.ground == ground)
                .values(ended=ended)
            )

    async def end_all_but_owners(self, session: AsyncSession, household: UUID) -> None:
        """A closed case opens nothing any more; the owner keeps the key for questions that come later."""
        await session.execute(
            update(self._model)
            .where(self._model.household_id == household, self._model.ground != "owner")
            .values(ended=True)
        )

    async def assign(self, session: AsyncSession, deeds: Iterable[tuple[UUID, UUID, UUID]]) -> None:
        """Posts work on a case by what they do. ``deeds``: household, what was done for its case, who did it."""
        await self.put(
            session,
            [
                grant_row(household=household, ground="assigned", source=source, post=post)
                for household, source, post in deeds
            ],
        )


def grant_row(
    *,
    household: UUID,
    ground: Ground,
    source: UUID,
    post: UUID | None = None,
    agency: str | None = None,
    area: str | None = None,
    basis: str | None = None,
    until: datetime | None = None,
    ended: bool = False,
) -> dict[str, Any]:
    """One row of the table."""
    return {
        "id": uuid5(_IDS, f"{ground}/{source}/{post or ''}/{agency or ''}"),
        "household_id": household,
        "ground": ground,
        "source_id": source,
        "post": post,
        "agency": agency,
        "area": area,
        "basis": basis,
        "until": until,
        "ended": ended,
    }


def follow_parts(subscriptions: Subscriptions, grants: Grants) -> None:
    """Subscribe a service to who takes part in cases: agencies, the leading one, posts that act in them."""
    _follow_agencies(subscriptions, grants)
    _follow_deeds(subscriptions, grants)

    @subscriptions.on(CaseClosed, projects=True)
    async def shut_after_closure(session: AsyncSession, received: Received[CaseClosed]) -> None:
        await grants.end_all_but_owners(session, received.event.household)


def _follow_agencies(subscriptions: Subscriptions, grants: Grants) -> None:
    @subscriptions.on(AgencyInvited, projects=True, batch=True)
    async def wait_for_answers(session: AsyncSession, run: Sequence[Received[AgencyInvited]]) -> None:
        """An invitation shows nothing: the household is seen after acceptance. An older answer no longer counts."""
        asked = [
            grant_row(
                household=event.household,
                ground="agency",
                source=event.invitation,
                agency=event.agency,
                basis=event.basis,
                ended=True,
            )
            for event in (heard.event for heard in run)
        ]
        await grants.put(session, asked)

    @subscriptions.on(AgencyAnswered, projects=True, batch=True)
    async def open_to_agencies(session: AsyncSession, run: Sequence[Received[AgencyAnswered]]) -> None:
        """Acceptance opens the household to the agency, on the ground it was asked on; any other answer shuts it."""
        accepts = {heard.event.invitation: heard.event.answer == "accepted" for heard in run}
        for accepted in (True, False):
            sources = [invitation for invitation, answer in accepts.items() if answer is accepted]
            await grants.end(session, "agency", sources, ended=not accepted)

    @subscriptions.on(AgencyLeft, projects=True, batch=True)
    async def shut_to_agencies(session: AsyncSession, run: Sequence[Received[AgencyLeft]]) -> None:
        """The agencies have ended their part."""
        await grants.end(session, "agency", (heard.event.invitation for heard in run))

    @subscriptions.on(LeadChanged, projects=True, batch=True)
    async def note_leads(session: AsyncSession, run: Sequence[Received[LeadChanged]]) -> None:
        """The leading agency (主担当機関) sees it."""
        last = {heard.event.case: heard.event for heard in run}
        await grants.end(session, "lead", last)
        rows = [
            grant_row(household=event.household, ground="lead", source=event.case, agency=event.agency)
            for event in last.values()
            if event.agency is not None
        ]
        await grants.put(session, rows)


def _follow_deeds(subscriptions: Subscriptions, grants: Grants) -> None:
    @subscriptions.on(AgencyInvited, projects=True, batch=True)
    async def open_to_inviters(session: AsyncSession, run: Sequence[Received[AgencyInvited]]) -> None:
        events = [heard.event for heard in run]
        await grants.assign(session, [(event.household, event.invitation, event.invited_by) for event in events])

    @subscriptions.on(PlanDrafted, projects=True)
    async def open_to_planners(session: AsyncSession, received: Received[PlanDrafted]) -> None:
        event, drafter = received.event, received.envelope.actor
        if drafter is not None:
            await grants.assign(session, [(event.household, event.plan, UUID(drafter))])

    @subscriptions.on(MeetingCalled, projects=True)
    async def open_to_callers(session: AsyncSession, received: Received[MeetingCalled]) -> None:
        event = received.event
        await grants.assign(session, [(event.household, event.meeting, event.called_by)])

    @subscriptions.on(VisitRequested, projects=True)
    async def open_to_askers(session: AsyncSession, received: Received[VisitRequested]) -> None:
        event = received.event
        await grants.assign(session, [(event.household, event.request, event.requested_by)])
