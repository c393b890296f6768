"""Who can do what, how much, and when they are away: kept by the lead of the team, leave also by the worker."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.outreach.queries.access import FIELD, demand_planner
from services.outreach.tables import Leave, WorkerProfile
from shared import clock
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.identity import Actor

MOST_MINUTES = 40 * 60
LONGEST_LEAVE = timedelta(days=366)


async def describe_worker(
    session: AsyncSession, actor: Actor, codes: Codes, post: UUID, *, skills: Sequence[str], weekly_minutes: int
) -> None:
    """Set what a worker of the lead's team can do, and how many minutes of visits a week."""
    demand_planner(actor)
    await _demand_member(session, actor, post)
    if not all(codes.is_choice("SKILL", skill) for skill in skills):
        raise Refused(N_("選べない力があります。"), field="skills")
    if not 0 <= weekly_minutes <= MOST_MINUTES:
        raise Refused(N_("1週間の時間は 0分から 2400分までです。"), field="weekly_minutes")
    row = {"skills": list(dict.fromkeys(skills)), "weekly_minutes": weekly_minutes}
    await session.execute(
        insert(WorkerProfile)
        .values(post=post, **row)
        .on_conflict_do_update(index_elements=[WorkerProfile.post], set_=row)
    )


async def add_leave(session: AsyncSession, actor: Actor, post: UUID, since: date, until: date) -> Leave:
    """A worker is away on these days; visits already published stay, and the lead sees them clash."""
    if post != actor.post:
        demand_planner(actor)
    await _demand_member(session, actor, post)
    if until < since:
        raise Refused(N_("終わりの日が、始まりの日より前です。"), field="until")
    if until - since > LONGEST_LEAVE:
        raise Refused(N_("休みは 1年以内で入れてください。"), field="until")
    leave = Leave(id=clock.new_id(), post=post, since=since, until=until)
    session.add(leave)
    await session.flush()
    return leave


async def end_leave(session: AsyncSession, actor: Actor, leave_id: UUID) -> None:
    """Take a leave back."""
    leave = await session.get(Leave, leave_id)
    if leave is None:
        raise Missing(N_("その休みはありません。"))
    if leave.post != actor.post:
        demand_planner(actor)
    await _demand_member(session, actor, leave.post)
    await session.execute(delete(Leave).where(Leave.id == leave_id))


async def _demand_member(session: AsyncSession, actor: Actor, post: UUID) -> None:
    statement = select(KnownPost).where(KnownPost.post == post, KnownPost.role.in_(sorted(FIELD)))
    known = await session.scalar(statement)
    if known is None or known.ended:
        raise Missing(N_("その人は、訪問のチームにいません。"))
    if actor.role != "manager" and known.agency != actor.agency:
        raise Forbidden(N_("ほかのチームの人は変えられません。"))
