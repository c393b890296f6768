"""Planning: keep the planner's proposals, publish them, change them, call them off."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select, update

from services.outreach.actions.staging import again, begin_visit, facts_of, take_visit, write_back
from services.outreach.queries.access import demand_planner, load_request, viewer_of, visible_requests, visible_visits
from services.outreach.queries.planning import persons_for
from services.outreach.queries.staff import clashes, team_of
from services.outreach.rules import visits as rules
from services.outreach.rules.plans import Plan, Proposal
from services.outreach.tables import Visit, VisitRequest, VisitWorker
from shared import clock
from shared.clock import TOKYO
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.events.outreach import VisitAssigned
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor

_NOT_OPEN = N_("この依頼には、もう訪問が組まれています。")
_CLASH = N_("同じ時間に、ほかの訪問へ行く人がいます。時間か人を変えてください。")
_NOT_OURS = N_("このチームの人ではありません。")
_OTHER_TEAM = N_("ほかのチームの訪問は決められません。")


async def keep_proposals(session: AsyncSession, actor: Actor, codes: Codes, team: str, plan: Plan) -> list[UUID]:
    """Keep a plan as visits in state ``proposed``, in place of earlier proposals for the same requests.

    Requests that were planned or cancelled meanwhile are passed over. Nothing is told to anybody yet.
    """
    demand_team(actor, team)
    found = {p.request: p for p in plan.proposals} | {u.request: None for u in plan.unplaced}
    subjects = await session.scalars(select(VisitRequest.household).where(VisitRequest.id.in_(found)))
    await hold(session, *set(subjects))
    visible = visible_requests(await viewer_of(session, actor))
    requests = await session.scalars(
        select(VisitRequest).where(VisitRequest.id.in_(found), VisitRequest.state == "open", visible)
    )
    obstacles = {u.request: u for u in plan.unplaced}
    now = clock.now()
    made: list[UUID] = []
    for request in requests:
        await session.execute(delete(Visit).where(Visit.request == request.id, Visit.state == "proposed"))
        obstacle = obstacles.get(request.id)
        request.obstacle = obstacle.code if obstacle else None
        request.obstacle_params = dict(obstacle.params) if obstacle else {}
        proposal = found[request.id]
        if proposal is not None:
            visit = _proposed(request, proposal, actor, team=team, now=now, persons=persons_for(request, codes))
            session.add(visit)
            await session.flush()
            session.add_all(
                VisitWorker(visit=visit.id, post=post, position=n) for n, post in enumerate(proposal.workers)
            )
            made.append(visit.id)
    await session.flush()
    return made


def _proposed(
    request: VisitRequest, proposal: Proposal, actor: Actor, *, team: str, now: datetime, persons: int
) -> Visit:
    return Visit(
        id=clock.new_id(),
        request=request.id,
        case=request.case,
        household=request.household,
        team=team,
        state=rules.VisitState.PROPOSED,
        persons=persons,
        starts_at=proposal.slot.starts_at,
        ends_at=proposal.slot.ends_at,
        slot=proposal.slot.code,
        score=proposal.score,
        reasons=[asdict(reason) for reason in proposal.reasons],
        proposed_by=actor.post,
        proposed_at=now,
    )


async def assign_visit(
    session: AsyncSession,
    actor: Actor,
    codes: Codes,
    request_id: UUID,
    *,
    team: str,
    workers: Sequence[UUID],
    starts_at: datetime,
    ends_at: datetime,
) -> Visit:
    """Plan by hand and publish at once: the lead knows something that the planner does not."""
    demand_team(actor, team)
    request = await load_request(session, actor, request_id)
    await hold(session, request.household, *workers)
    await session.refresh(request)
    if request.state != "open":
        raise Conflict(_NOT_OPEN)
    await session.execute(delete(Visit).where(Visit.request == request.id, Visit.state == "proposed"))
    now = clock.now()
    visit = Visit(
        id=clock.new_id(),
        request=request.id,
        case=request.case,
        household=request.household,
        team=team,
        state=rules.VisitState.PROPOSED,
        persons=persons_for(request, codes),
        starts_at=starts_at,
        ends_at=ends_at,
        proposed_by=actor.post,
        proposed_at=now,
    )
    session.add(visit)
    await session.flush()
    begin_visit(session, visit, actor)
    facts = replace(facts_of(visit, []), workers=rules.choose_workers(workers, visit.persons))
    await _demand_staff(session, team, facts, beside=visit.id, now=now)
    await _publish(session, actor, visit, facts, now)
    return visit


async def publish_visits(session: AsyncSession, actor: Actor, visit_ids: Sequence[UUID]) -> list[UUID]:
    """Publish proposals: all of them or, when one is refused, none."""
    demand_planner(actor)
    visible = visible_visits(await viewer_of(session, actor))
    statement = select(Visit).where(Visit.id.in_(visit_ids), visible).order_by(Visit.starts_at, Visit.id)
    found = (await session.scalars(statement)).all()
    if len(found) != len(set(visit_ids)):
        raise Missing(N_("案のいくつかが、もうありません。もう一度、案を作ってください。"))
    posts = await session.scalars(select(VisitWorker.post).where(VisitWorker.visit.in_(visit_ids)))
    await hold(session, *{visit.household for visit in found}, *set(posts))
    now = clock.now()
    for row in found:
        visit, facts = await again(session, row)
        demand_team(actor, visit.team)
        await _demand_open(session, visit)
        await _demand_staff(session, visit.team, facts, beside=visit.id, now=now)
        await _publish(session, actor, visit, facts, now)
    return [visit.id for visit in found]


async def change_visit(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    *,
    workers: Sequence[UUID],
    starts_at: datetime,
    ends_at: datetime,
    version: int | None = None,
) -> Visit:
    """Give a visit other workers or another time; one that is published is told to the workers again.

    ``version``: what the lead was looking at; a Conflict when somebody changed it meanwhile.
    """
    demand_planner(actor)
    visit, facts = await take_visit(session, actor, visit_id, *workers)
    demand_team(actor, visit.team)
    if version is not None and version != visit.version:
        raise Conflict(N_("ほかの人がこの訪問を変えました。いまの内容を見てから、もう一度えらんでください。"))
    now = clock.now()
    changed = rules.change(facts, workers, starts_at, ends_at, now)
    await _demand_staff(session, visit.team, changed, beside=visit.id, now=now)
    visit.slot = None if (starts_at, ends_at) != (visit.starts_at, visit.ends_at) else visit.slot
    visit.missed_at = None
    await write_back(session, visit, changed, now)
    if changed.state is not rules.VisitState.PROPOSED:
        visit.published_by = actor.post
        await _tell(session, actor, visit, changed)
    return visit


async def drop_proposal(session: AsyncSession, actor: Actor, visit_id: UUID) -> None:
    """Throw a proposal away; the request waits for another."""
    demand_planner(actor)
    visit, _ = await take_visit(session, actor, visit_id)
    demand_team(actor, visit.team)
    if visit.state != rules.VisitState.PROPOSED:
        raise Conflict(N_("公開した訪問は、案としては消せません。人か時間を変えてください。"))
    await session.delete(visit)


def demand_team(actor: Actor, team: str) -> None:
    """A lead plans for their own team; a manager for any."""
    demand_planner(actor)
    if actor.role == "outreach_lead" and actor.agency != team:
        raise Forbidden(_OTHER_TEAM)


async def _demand_open(session: AsyncSession, visit: Visit) -> None:
    state = await session.scalar(select(VisitRequest.state).where(VisitRequest.id == visit.request))
    if state != "open":
        raise Conflict(_NOT_OPEN)


async def _demand_staff(session: AsyncSession, team: str, facts: rules.Visit, *, beside: UUID, now: datetime) -> None:
    """Everybody belongs to the team, is not on leave and not at another door (their locks are held)."""
    members = {m.post: m for m in await team_of(session, team, now.astimezone(TOKYO).date())}
    if any(post not in members for post in facts.workers):
        raise Refused(_NOT_OURS, field="workers")
    day = facts.starts_at.astimezone(TOKYO).date()
    away = [p for p in facts.workers if any(since <= day <= until for _, since, until in members[p].leaves)]
    if away:
        raise Refused(N_("その日に休む人がいます。"), field="workers")
    if await clashes(session, facts.workers, facts.starts_at, facts.ends_at, beside=beside):
        raise Conflict(_CLASH, field="workers")


async def _publish(session: AsyncSession, actor: Actor, visit: Visit, facts: rules.Visit, now: datetime) -> None:
    published = rules.publish(facts, now)
    visit.published_by, visit.published_at = actor.post, now
    await write_back(session, visit, published, now)
    await session.execute(
        update(VisitRequest)
        .where(VisitRequest.id == visit.request)
        .values(state="planned", obstacle=None, obstacle_params={})
    )
    await _tell(session, actor, visit, published)


async def _tell(session: AsyncSession, actor: Actor, visit: Visit, facts: rules.Visit) -> None:
    event: dict[str, Any] = {
        "household": visit.household,
        "case": visit.case,
        "request": visit.request,
        "visit": visit.id,
    }
    await record(
        session,
        VisitAssigned(
            **event,
            team=visit.team,
            workers=facts.workers,
            starts_at=facts.starts_at,
            ends_at=facts.ends_at,
            assigned_by=actor.post,
        ),
        actor=actor,
    )
