"""One case, part by part, as far as its reader sees it. The number of queries never depends on the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, any_, false, func, literal, or_, select, true

from services.casework.queries.access import demand, find_sight, showing, viewer_of
from services.casework.queries.cases import case_view, invitation_view, types_of, without_words
from services.casework.queries.grounds import sits_in
from services.casework.queries.views import (
    CaseDetail,
    ClockView,
    ConsentView,
    EntryView,
    HappeningView,
    InvitationView,
    LinkedCase,
    MeetingView,
    PlanLineView,
    PlanView,
    TaskView,
    VisitRequestView,
    VisitView,
)
from services.casework.rules import clocks, sharing
from services.casework.rules.rights import reads
from services.casework.tables import (
    Case,
    Clock,
    Consent,
    Entry,
    Happening,
    Household,
    HouseholdLink,
    Invitation,
    Meeting,
    Plan,
    PlanLine,
    Task,
    Visit,
    VisitRequest,
)
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.rules.rights import Sight
    from shared.identity import Actor

ENTRIES_SHOWN = 100
TIMELINE_SHOWN = 200
_OF_THE_PLAN: dict[str, Any] = {
    "document": "", "attainment": None, "changes": [], "next_policy": None, "evaluation": "",
}  # fmt: skip
"""How a plan was decided and evaluated, as it looks to who sees goal, rows and dates alone."""


async def read_case(session: AsyncSession, actor: Actor, case_id: UUID) -> CaseDetail:
    """What the actor may see of a case, in a fixed number of queries. Raises Missing; Forbidden: say why."""
    case, seen = await find_sight(session, actor, case_id)
    case = demand(case, seen, "file")
    household = await session.get_one(Household, case.household)
    read = _Reading(session, actor, case, seen)
    types = await types_of(session, [household.id]) if seen.shows("row") else {}
    told = seen.shows("summary")
    return CaseDetail(
        **case_view(case, household, types.get(household.id, []), seen).model_dump(),
        levels=sorted(seen.levels),
        parts=sorted(seen.parts),
        may_coordinate=seen.lets("coordinate") and case.state == "open",
        may_reopen=seen.lets("coordinate") and case.state == "closed",
        may_write=seen.lets("write"),
        worries=household.worries if told else [],
        safety_flags=household.safety_flags if told else [],
        invitations=await read.invitations(),
        tasks=await read.tasks(),
        meetings=await read.meetings(),
        plans=await read.plans(),
        entries=await read.entries(),
        visit_requests=await read.visit_requests(),
        visits_made=await read.visits_made(),
        clocks=await running_clocks(session, actor, case.id, seen),
        timeline=await read.timeline(),
        consents=await read.consents(),
        linked=await read.linked(),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One look of one reader at one case."""

    session: AsyncSession
    actor: Actor
    case: Case
    seen: Sight

    async def invitations(self) -> list[InvitationView]:
        """All in full, or one's own in full and of the others that they take part, or one's own alone."""
        own = or_(Invitation.agency == self.actor.agency, Invitation.invited_by == self.actor.post)
        rows = await self._of(Invitation, Invitation.asked_at.desc(), true() if self.seen.shows("agencies") else own)
        views = [invitation_view(row, case=self.case) for row in rows]
        if self.seen.shows("asked.notes"):
            return views
        return [one if self._is_own(one) else without_words(one) for one in views]

    def _is_own(self, one: InvitationView) -> bool:
        return one.agency == self.actor.agency or one.invited_by == self.actor.post

    async def tasks(self) -> list[TaskView]:
        today = clock.today()
        own = or_(Task.agency == self.actor.agency, Task.post == self.actor.post)
        rows = await self._of(Task, Task.due_on, true() if self.seen.shows("tasks.all") else own)
        return [
            TaskView(
                id=row.id,
                meeting=row.meeting,
                title=row.title,
                agency=row.agency,
                post=row.post,
                due_on=row.due_on,
                state=row.state,
                late=row.state in {"open", "doing"} and row.due_on < today,
                ended_at=row.ended_at,
            )
            for row in rows
        ]

    async def meetings(self) -> list[MeetingView]:
        """All, or those one sits in. Minutes are for members; of a meeting of agencies also for those in charge."""
        called = and_(Meeting.named.is_(False), literal(self.actor.agency) == any_(Meeting.agencies))
        inside = or_(called, sits_in(self.actor))
        which = true() if self.seen.shows("meetings.all") else or_(inside, Meeting.called_by == self.actor.post)
        query = select(Meeting, inside).where(Meeting.case_id == self.case.id, which)
        rows = await self.session.execute(query.order_by(Meeting.starts_at.desc(), Meeting.id.desc()).limit(100))
        shown = []
        for row, sits in rows.all():
            called_it = self.actor.post == row.called_by
            view = MeetingView.model_validate(row).model_copy(update={"seated": row.named and (sits or called_it)})
            reads = sits or called_it or (not row.named and self.seen.shows("entries.lead"))
            shown.append(view if reads else view.model_copy(update={"minutes": ""}))
        return shown

    async def plans(self) -> list[PlanView]:
        """Goal, rows and dates; how it was decided and evaluated for who sees all of it."""
        whole = self.seen.shows("plan.all")
        if not (whole or self.seen.shows("plan.rows")):
            return []
        plans = await self._of(Plan, Plan.plan_no.desc())
        lines: dict[UUID, list[PlanLineView]] = defaultdict(list)
        query = (
            select(PlanLine)
            .where(PlanLine.plan.in_([plan.id for plan in plans]) if plans else false())
            .order_by(PlanLine.plan, PlanLine.position)
        )
        for line in await self.session.scalars(query):
            lines[line.plan].append(PlanLineView.model_validate(line))
        fields = PlanView.model_fields.keys() - {"lines"}
        views = [
            PlanView.model_validate({name: getattr(plan, name) for name in fields} | {"lines": lines[plan.id]})
            for plan in plans
        ]
        return views if whole else [view.model_copy(update=_OF_THE_PLAN) for view in views]

    async def entries(self) -> list[EntryView]:
        """Drafts are seen by their writer; earlier versions stand below the one that corrects them."""
        scopes = sorted({part.removeprefix("entries.") for part in self.seen.parts if part.startswith("entries.")})
        own = Entry.author == self.actor.post
        kept = and_(Entry.state != "draft", Entry.scope.in_([scope for scope in scopes if scope != "own"]))
        rows = await self._of(Entry, Entry.occurred_at.desc(), or_(own, kept), limit=ENTRIES_SHOWN)
        views = {
            row.id: EntryView.model_validate(
                {name: getattr(row, name) for name in EntryView.model_fields if name != "earlier"}
            )
            for row in rows
            if reads(self.seen, row.scope, own=row.author == self.actor.post)
        }
        shown = []
        for view in views.values():
            if view.state == "corrected":
                continue
            earlier, before = [], view.corrects
            while before is not None and before in views:
                earlier.append(views[before])
                before = views[before].corrects
            shown.append(view.model_copy(update={"earlier": earlier}))
        return shown

    async def visit_requests(self) -> list[VisitRequestView]:
        if not self.seen.shows("visits"):
            return []
        rows = await self._of(VisitRequest, VisitRequest.requested_at.desc())
        return [VisitRequestView.model_validate(row) for row in rows]

    async def visits_made(self) -> list[VisitView]:
        if not self.seen.shows("visits"):
            return []
        rows = await self._of(Visit, func.coalesce(Visit.occurred_at, Visit.starts_at).desc())
        return [VisitView.model_validate(row) for row in rows]

    async def timeline(self) -> list[HappeningView]:
        if not self.seen.shows("timeline.all", "timeline.own"):
            return []
        own = or_(Happening.agency == self.actor.agency, Happening.post == self.actor.post)
        which = true() if self.seen.shows("timeline.all") else own
        rows = await self._of(Happening, Happening.at.desc(), which, limit=TIMELINE_SHOWN)
        return [HappeningView.model_validate(row) for row in rows]

    async def consents(self) -> list[ConsentView]:
        if not self.seen.shows("consents"):
            return []
        of_it = select(Consent).where(Consent.household == self.case.household).order_by(Consent.member, Consent.id)
        rows = (await self.session.scalars(of_it)).all()
        newest = {row.member: row.id for row in rows}
        return [
            ConsentView.model_validate(row)
            for row in rows
            if row.state not in sharing.UNDECIDED or row.id == newest[row.member]
        ]

    async def linked(self) -> list[LinkedCase]:
        """Cases of linked households, as far as this reader sees them; nothing while either side is protected."""
        if not self.seen.shows("linked"):
            return []
        household = self.case.household
        pair = or_(
            and_(HouseholdLink.one == household, HouseholdLink.other == Case.household),
            and_(HouseholdLink.other == household, HouseholdLink.one == Case.household),
        )
        guarded = select(Household.id).where(Household.protected)
        visible = showing(await viewer_of(self.session, self.actor), "file")
        rows = await self.session.execute(
            select(Case, HouseholdLink.kind)
            .join(HouseholdLink, pair)
            .where(visible, Case.household.not_in(guarded), literal(household).not_in(guarded))
            .order_by(Case.number)
        )
        return [
            LinkedCase(id=case.id, number=case.number, household=case.household, kind=kind, state=case.state)
            for case, kind in rows.all()
        ]

    async def _of(
        self, table: Any, order: Any, which: ColumnElement[bool] | None = None, limit: int = 100
    ) -> Sequence[Any]:
        query = select(table).where(table.case_id == self.case.id, *([which] if which is not None else []))
        return (await self.session.scalars(query.order_by(order, table.id.desc()).limit(limit))).all()


async def running_clocks(session: AsyncSession, actor: Actor, case_id: UUID, seen: Sight) -> list[ClockView]:
    """The deadlines of a case that have not been met, all or the reader's own, the first one first."""
    now = clock.now()
    own = or_(Clock.agency == actor.agency, Clock.owner == actor.post)
    which = true() if seen.shows("clocks.all") else own
    rows = await session.scalars(
        select(Clock)
        .where(Clock.case_id == case_id, Clock.stopped_at.is_(None), which)
        .order_by(Clock.due_at, Clock.id)
    )
    return [
        ClockView(
            id=row.id,
            kind=row.kind,
            due_at=row.due_at,
            started_at=row.started_at,
            agency=row.agency,
            owner=row.owner,
            about=row.about,
            left=clocks.left_share(clocks.ClockFacts(row.kind, row.started_at, row.due_at), now),
            tone=clocks.tone(row.due_at, now),
        )
        for row in rows
    ]
