"""Posts end, cases are opened, handed over, closed and reopened, agencies leave, days pass, in any order.

After every step: no open case is without an owner post that runs; what could not be handed on keeps its post from
ending; each change of owner is written down and waits for the new owner's word.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import or_, select, update

from services.casework.actions import handing, opening, people
from services.casework.actions.reasons import give_reason
from services.casework.requests import LimitPost, RegisterPerson, StartPost
from services.casework.tables import Case, Handover, Post
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.errors import Conflict, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

MANAGER, OPERATOR = actor_of("manager"), actor_of("operator")
AGENCIES = ("sukoyaka-n", "sukoyaka-c", "hokatsu-n", "coordination")
NUMBER = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(["caseworker-n", "caseworker-c", "coordinator", "hokatsu"])),
    st.tuples(st.just("call_again"), NUMBER),
    st.tuples(st.just("start"), st.sampled_from(AGENCIES)),
    *(st.tuples(st.just(name), NUMBER) for name in ("limit", "succeed", "end", "hand", "take", "close", "reopen")),
    st.tuples(st.just("days"), st.integers(1, 9)),
)


async def without_owner(session: AsyncSession) -> list[UUID]:
    """Open cases whose owner post has ended, or whose last day has passed though somebody could take them."""
    gone = or_(Post.ended_at.is_not(None), Post.ends_on < clock.today())
    found = await session.scalars(
        select(Case.id).join(Post, Post.id == Case.owner).where(Case.state == "open", gone).order_by(Case.id)
    )
    return list(found)


class Play:
    """A ward in which people come and go; the coordinator on duty stays, so that there is always somebody."""

    def __init__(self, ward: Ward) -> None:
        self.ward, self.now = ward, NOW
        self.posts = [JOBS["caseworker-n"].id, JOBS["caseworker-c"].id, JOBS["hokatsu"].id]
        self.owners: dict[UUID, UUID] = {}

    async def run(self, steps: list[tuple[str, str | int]]) -> None:
        for name, what in steps:
            with clock.at(self.now):
                await self.do(name, what)
            with clock.at(self.now):
                await handing.sweep_posts(self.ward.db)  # as the clock does every minute
                await self.look(name)

    async def look(self, name: str) -> None:
        async with self.ward.db.read() as session:
            assert not await without_owner(session), name
            now = {case.id: case.owner for case in await session.scalars(select(Case).where(Case.state == "open"))}
            for case, owner in now.items():
                before = self.owners.get(case)
                if before is not None and before != owner:
                    last = await session.scalar(
                        select(Handover)
                        .where(Handover.case_id == case)
                        .order_by(Handover.at.desc(), Handover.id.desc())
                    )
                    assert last is not None, name
                    assert last.after == owner, name
                    assert (last.acknowledged_at is None) == (name != "take"), name
        self.owners |= now

    async def do(self, name: str, what: str | int) -> None:
        if isinstance(what, str):
            await (self.ward.take_call(by=what, types={}) if name == "call" else self.start(what))
        elif name == "days":
            self.now += timedelta(days=what)
        else:
            post = self.posts[what % len(self.posts)]
            try:
                await self.deed(name, post, await self.chosen(what))
            except (Refused, Conflict):
                return  # it has ended, is closed already, or is theirs already

    async def deed(self, name: str, post: UUID, case: Case | None) -> None:
        if name == "end":
            await handing.end_post(self.ward.db, OPERATOR, post)
        elif name == "limit":
            body = LimitPost(ends_on=clock.today() + timedelta(days=3))
            await self.ward.do(lambda s: people.limit_post(s, OPERATOR, post, body))
        elif name == "succeed":
            await self.ward.do(lambda s: handing.name_successor(s, MANAGER, post, self.posts[-1]))
        elif case is not None:
            await self.of_case(name, post, case)

    async def of_case(self, name: str, post: UUID, case: Case) -> None:
        deeds: dict[str, tuple[Actor, Callable[[AsyncSession, Actor], Awaitable[object]]]] = {
            "hand": (MANAGER, lambda s, by: opening.change_owner(s, by, case.id, post)),
            "take": (actor_of("coordinator"), lambda s, by: opening.change_owner(s, by, case.id, by.post)),
            "close": (MANAGER, lambda s, by: opening.close_case(s, by, case.id, "mistaken", "")),
            "reopen": (MANAGER, lambda s, by: opening.reopen_case(s, by, case.id)),
        }
        if name == "call_again":
            await self.ward.take_call(household=case.household, types={})
            return
        by, deed = deeds[name]
        if by is MANAGER:
            await self.ward.do(lambda s: give_reason(s, MANAGER, case.id, "人の異動"))
        await self.ward.do(lambda s: deed(s, by))

    async def chosen(self, what: int) -> Case | None:
        async with self.ward.db.read() as session:
            found = list(await session.scalars(select(Case).order_by(Case.number)))
        return found[what % len(found)] if found else None

    async def start(self, agency: str) -> None:
        async def work(session: AsyncSession) -> UUID:
            person = await people.register_person(session, None, RegisterPerson(name="後任 太郎"))
            head, today = len(self.posts) % 2 == 0, clock.today()
            body = StartPost(agency=agency, role="caseworker", starts_on=today, ends_on=None, head=head)
            return (await people.start_post(session, None, person.id, body)).id

        self.posts.append(await self.ward.do(work))


async def test_no_open_case_is_without_an_owner_post_in_any_order(ward: Ward) -> None:
    play = Play(ward)
    loop = asyncio.get_running_loop()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=4, max_size=12))
    def plays(steps: list[tuple[str, str | int]]) -> None:
        asyncio.run_coroutine_threadsafe(play.run(steps), loop).result(300)

    await asyncio.to_thread(plays)


async def test_a_case_that_goes_on_after_its_owner_left_goes_to_the_successor_who_says_so(ward: Ward) -> None:
    case = await ward.open_case()
    heir = JOBS["caseworker-c"].id
    await ward.do(lambda s: give_reason(s, MANAGER, case.id, "終結の手続"))
    await ward.do(lambda s: opening.close_case(s, MANAGER, case.id, "mistaken", ""))
    await ward.do(lambda s: handing.name_successor(s, MANAGER, case.owner, heir))
    assert await handing.end_post(ward.db, OPERATOR, case.owner) == 0, "it owned nothing that was open"
    await ward.do(lambda s: opening.reopen_case(s, MANAGER, case.id))
    assert (await ward.case_of(case.household)).owner == heir
    async with ward.db.read() as session:
        (handover,) = await session.scalars(select(Handover).where(Handover.case_id == case.id))
    assert (handover.before, handover.after, handover.acknowledged_at) == (case.owner, heir, None)


async def test_a_case_that_nobody_could_own_does_not_go_on(ward: Ward) -> None:
    case = await ward.open_case()
    await ward.do(lambda s: give_reason(s, MANAGER, case.id, "終結の手続"))
    await ward.do(lambda s: opening.close_case(s, MANAGER, case.id, "mistaken", ""))
    await ward.do(lambda s: s.execute(update(Post).values(ended_at=NOW)))
    with pytest.raises(Conflict, match="引き継げる職"):
        await ward.do(lambda s: opening.reopen_case(s, MANAGER, case.id))
    assert (await ward.case_of(case.household)).state == "closed"
