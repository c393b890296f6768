"""A household split for view: who is kept apart from the others, where they are, whose side a contact belongs to.

A parent who flees the child they live with stays in the record of the household, so that one family is not two cases
of nobody; but no page, paper or name that is made for the child's side shows that the other side has a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from services.intake.actions.allowances import ONLY_THE_LISTED
from services.intake.queries.access import NOT_HERE, find_household, is_allowed
from services.intake.tables import Apart, Consultation, Household, Member
from shared import clock
from shared.audit import note
from shared.errors import Forbidden, Missing, Refused
from shared.i18n import N_
from shared.spine import hold

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import ApartIn, EndIn, SideIn
    from shared.identity import Actor


async def keep_apart(session: AsyncSession, actor: Actor, household: UUID, request: ApartIn) -> Apart:
    """Split a protected household for view, or correct who stands where and what is known of their place.

    Every contact there was belongs to the apart side until somebody says otherwise: it may have told of the plan.
    """
    home = await _held(session, actor, household)
    if not home.protected:
        raise Refused(N_("先に、保護(支援措置)を登録してください。"), field="away")
    everybody = list(
        await session.scalars(select(Member).where(Member.household_id == household).execution_options(
            populate_existing=True))
    )  # fmt: skip
    wanted = set(request.away)
    if not wanted or not wanted <= {one.id for one in everybody}:
        raise Refused(N_("離れて暮らす(守る)人を、この世帯からえらんでください。"), field="away")
    if all(one.id in wanted for one in everybody):
        raise Refused(N_("全員を同じ側にすると、分けたことになりません。"), field="away")
    apart = await session.get(Apart, household, populate_existing=True)
    again = apart is not None and apart.ended_at is None
    if apart is None:
        apart = Apart(household_id=household, set_by=actor.post, set_at=clock.now())
        session.add(apart)
    apart.address, apart.room = request.address, request.room
    apart.phone, apart.places = request.phone, request.places
    apart.ended_at = apart.ended_by = None
    if not again:
        apart.set_by, apart.set_at = actor.post, clock.now()
        await session.execute(update(Consultation).where(Consultation.household_id == household).values(apart=True))
    for one in everybody:
        one.apart = one.id in wanted
    home.version += 1
    await note(session, actor, "apart_set", [household])
    return apart


async def end_apart(session: AsyncSession, actor: Actor, household: UUID, request: EndIn) -> Household:
    """Everybody on one side again; the place of those who were apart is forgotten. Again changes nothing."""
    home = await _held(session, actor, household)
    if not request.reason:
        raise Refused(N_("終える理由を書いてください。"), field="reason")
    apart = await session.get(Apart, household, populate_existing=True)
    if apart is None or apart.ended_at is not None:
        return home
    apart.address = apart.room = apart.phone = apart.places = ""
    apart.ended_at, apart.ended_by = clock.now(), actor.post
    for table in (Member, Consultation):
        await session.execute(update(table).where(table.household_id == household).values(apart=False))
    home.version += 1
    await note(session, actor, "apart_ended", [household], reason=request.reason)
    return home


async def choose_side(session: AsyncSession, actor: Actor, consultation: UUID, request: SideIn) -> Consultation:
    """Say whose side a contact belongs to."""
    household = await session.scalar(select(Consultation.household_id).where(Consultation.id == consultation))
    if household is None:
        raise Missing(NOT_HERE)
    await _held(session, actor, household)
    if not await is_split(session, household):
        raise Refused(N_("この世帯は分けて見せていません。"), field="side")
    found = await session.get_one(Consultation, consultation, populate_existing=True)
    found.apart = request.side == "apart"
    await note(session, actor, "side_chosen", [household], basis=request.side)
    return found


async def is_split(session: AsyncSession, household: UUID) -> bool:
    """Whether the household is split for view: what is new then belongs to the apart side until somebody decides."""
    apart = await session.get(Apart, household)
    return apart is not None and apart.ended_at is None


async def _held(session: AsyncSession, actor: Actor, household: UUID) -> Household:
    await hold(session, household)
    home = await find_household(session, actor, household, deed="protect")
    if not await is_allowed(session, actor, household):
        raise Forbidden(ONLY_THE_LISTED)
    return home
