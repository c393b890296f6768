"""Posts that end, and whose cases are whose afterwards: never nobody's."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.actions import handing, opening, people
from services.casework.actions.reasons import give_reason
from services.casework.queries.people import ending_posts, waiting_handovers
from services.casework.requests import LimitPost, RegisterPerson, StartPost
from services.casework.rules import handing as rules
from services.casework.rules.cases import PostFacts
from services.casework.tables import Case, Clock, Handover, Post
from services.casework.tests.sample import JOBS, NOW, TODAY, Ward, actor_of
from shared import clock
from shared.errors import Conflict, Forbidden, Refused

YESTERDAY = TODAY - timedelta(days=1)


async def started(ward: Ward, agency: str, role: str, *, head: bool = False, ends_on: date | None = None) -> UUID:
    async def work(session: AsyncSession) -> UUID:
        person = await people.register_person(session, None, RegisterPerson(name="後任 太郎"))
        body = StartPost(agency=agency, role=role, starts_on=YESTERDAY, ends_on=ends_on, head=head)
        return (await people.start_post(session, None, person.id, body)).id

    return await ward.do(work)


async def named(ward: Ward, post: UUID, heir: UUID) -> None:
    await ward.do(lambda s: handing.name_successor(s, actor_of("manager"), post, heir))


async def limited(ward: Ward, code: str, ends_on: date) -> None:
    await ward.do(lambda s: people.limit_post(s, actor_of("operator"), JOBS[code].id, LimitPost(ends_on=ends_on)))


async def orphans(ward: Ward) -> int:
    async with ward.db.read() as session:
        query = select(func.count()).select_from(Case).join(Post, Post.id == Case.owner)
        found = await session.scalar(query.where(Case.state == "open", Post.ended_at.is_not(None)))
    return found or 0


async def test_on_its_last_day_a_post_ends_by_itself_and_its_cases_go_on(ward: Ward) -> None:
    case = await ward.open_case()
    leaving = JOBS["caseworker-n"].id
    assert case.owner == leaving
    await ward.do(lambda s: people.limit_post(s, actor_of("operator"), leaving, LimitPost(ends_on=TODAY)))
    assert await handing.sweep_posts(ward.db) == 0, "the last day is still held"
    with clock.at(NOW + timedelta(days=1)):
        assert await handing.sweep_posts(ward.db) == 1
        assert await handing.sweep_posts(ward.db) == 0
    (changed,) = await ward.recorded("casework.owner_changed")
    assert changed["before"] == str(leaving)
    assert changed["owner"] == str(JOBS["coordinator"].id), "the head itself has gone: who is on duty takes it"
    assert len(await ward.recorded("casework.post_ended")) == 1
    async with ward.db.read() as session:
        assert not list(await session.scalars(select(Clock).where(Clock.owner == leaving, Clock.stopped_at.is_(None))))


async def test_the_head_comes_before_who_is_on_duty_and_the_successor_before_both(ward: Ward) -> None:
    first, second = await ward.open_case(), await ward.open_case()
    head = await started(ward, "sukoyaka-n", "caseworker", head=True)
    heir = await started(ward, "shakyo", "caseworker")
    leaving = JOBS["caseworker-n"].id
    await ward.do(lambda s: s.execute(update(Case).where(Case.id == second.id).values(owner=head)))
    await ward.do(lambda s: handing.name_successor(s, actor_of("manager"), head, heir))
    assert await handing.end_post(ward.db, actor_of("operator"), leaving) == 1
    assert (await ward.case_of(first.household)).owner == head
    assert await handing.end_post(ward.db, actor_of("operator"), head) == 2
    assert {(await ward.case_of(one.household)).owner for one in (first, second)} == {heir}


async def test_a_successor_must_last_and_may_own_cases(ward: Ward) -> None:
    leaving = JOBS["caseworker-n"].id
    short = await started(ward, "sukoyaka-n", "caseworker", ends_on=TODAY + timedelta(days=3))
    body = LimitPost(ends_on=TODAY + timedelta(days=5))
    await ward.do(lambda s: people.limit_post(s, actor_of("operator"), leaving, body))
    for wrong in (short, JOBS["manager"].id, leaving):
        with pytest.raises(Refused):
            await named(ward, leaving, wrong)


async def test_a_post_whose_cases_nobody_can_take_does_not_end(ward: Ward) -> None:
    case = await ward.open_case()
    others = update(Post).where(Post.id != case.owner).values(ended_at=NOW)
    await ward.do(lambda s: s.execute(others))
    with pytest.raises(Conflict):
        await handing.end_post(ward.db, actor_of("operator"), case.owner)
    assert await orphans(ward) == 0
    assert not await ward.recorded("casework.post_ended")
    await started(ward, "coordination", "coordinator")
    with pytest.raises(Conflict):
        await handing.end_post(ward.db, actor_of("operator"), case.owner)
    fresh = await started(ward, "sukoyaka-n", "agency_worker", head=True)
    assert await handing.end_post(ward.db, actor_of("operator"), case.owner) == 1
    assert (await ward.case_of(case.household)).owner == fresh


async def test_the_new_owner_says_that_they_have_the_case(ward: Ward, client: httpx.AsyncClient) -> None:
    case = await ward.open_case()
    coordinator = JOBS["coordinator"].id
    with pytest.raises(Forbidden, match="理由"):
        await ward.do(lambda s: opening.change_owner(s, actor_of("manager"), case.id, coordinator))
    await ward.do(lambda s: give_reason(s, actor_of("manager"), case.id, "担当の長い休み"))
    await ward.do(lambda s: opening.change_owner(s, actor_of("manager"), case.id, coordinator))
    async with ward.db.read() as session:
        (waiting,) = await waiting_handovers(session, actor_of("coordinator"))
    assert (waiting.case, waiting.before, waiting.why) == (case.id, case.owner, "handed")
    headers = ward.headers("coordinator") | {"accept": "text/html"}
    assert "受け取った" in (await client.get("/casework/fragments/handing", headers=headers)).text
    with pytest.raises(Forbidden):
        await ward.do(lambda s: handing.acknowledge(s, actor_of("manager"), case.id))
    told = await client.post(f"/casework/taps/acknowledge/{case.id}", headers=headers)
    assert told.status_code == 303
    async with ward.db.read() as session:
        assert not await waiting_handovers(session, actor_of("coordinator"))
        (kept,) = await session.scalars(select(Handover))
    assert kept.acknowledged_at == NOW


async def test_who_takes_a_case_has_it(ward: Ward) -> None:
    case = await ward.open_case()
    coordinator = JOBS["coordinator"].id
    await ward.do(lambda s: opening.change_owner(s, actor_of("coordinator"), case.id, coordinator))
    async with ward.db.read() as session:
        assert not await waiting_handovers(session, actor_of("coordinator"))


async def test_what_ends_soon_is_listed_with_what_it_owns(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.open_case()
    for code, days in (("caseworker-n", 6), ("caseworker-c", 13), ("coordinator", 30), ("lead", 31)):
        await limited(ward, code, TODAY + timedelta(days=days))
    async with ward.db.read() as session:
        found = [(one.stage, one.cases) for one in await ending_posts(session)]
    assert found == [("week", 1), ("fortnight", 0), ("month", 0)]
    shown = await client.get("/casework/people/ending", headers=ward.headers("manager") | {"accept": "text/html"})
    assert "行き先が決まっていない" in shown.text
    refused = await client.get("/casework/people/ending", headers=ward.headers("worker"))
    assert refused.status_code == 403


async def test_a_case_that_opens_while_its_post_ends_has_an_owner_who_stays(ward: Ward) -> None:
    leaving = JOBS["caseworker-n"].id
    calls = [ward.take_call() for _ in range(4)]
    await asyncio.gather(handing.end_post(ward.db, actor_of("operator"), leaving), *calls)
    assert await orphans(ward) == 0


STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(["caseworker-n", "caseworker-c"])),
    st.tuples(st.just("start"), st.sampled_from(["caseworker", "coordinator"])),
    st.tuples(st.just("hand"), st.integers(0, 5)),
    st.tuples(st.just("limit"), st.integers(0, 5)),
    st.tuples(st.just("end"), st.integers(0, 5)),
    st.tuples(st.just("days"), st.integers(1, 9)),
)


async def test_no_open_case_is_ever_without_an_owner_whose_post_lasts(ward: Ward) -> None:
    play = Play(ward)
    loop = asyncio.get_running_loop()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=3, max_size=9))
    def plays(steps: list[tuple[str, object]]) -> None:
        asyncio.run_coroutine_threadsafe(play.run(steps), loop).result(120)

    await asyncio.to_thread(plays)


class Play:
    """A ward in which people come and go; after every step each open case has an owner who is there."""

    def __init__(self, ward: Ward) -> None:
        self.ward, self.now = ward, NOW
        self.posts = [JOBS["caseworker-n"].id, JOBS["caseworker-c"].id]

    async def run(self, steps: list[tuple[str, object]]) -> None:
        for name, what in steps:
            with clock.at(self.now):
                await self.step(name, what)
                assert await orphans(self.ward) == 0, (name, what)

    async def step(self, name: str, what: object) -> None:
        chosen = self.posts[what % len(self.posts)] if isinstance(what, int) else self.posts[0]
        if name == "open":
            await self.ward.take_call(by=str(what), types={})
        elif name == "start":
            self.posts.append(await started(self.ward, "sukoyaka-n", str(what), head=len(self.posts) % 2 == 0))
        elif name == "end":
            await handing.end_post(self.ward.db, actor_of("operator"), chosen)
        elif name == "days" and isinstance(what, int):
            self.now += timedelta(days=what)
            with clock.at(self.now):
                await handing.sweep_posts(self.ward.db)
        else:
            try:
                await (self.limit(chosen) if name == "limit" else self.hand(chosen))
            except Refused:
                return  # it has ended, or owns the case already

    async def limit(self, post: UUID) -> None:
        body = LimitPost(ends_on=clock.today() + timedelta(days=2))
        await self.ward.do(lambda s: people.limit_post(s, actor_of("operator"), post, body))

    async def hand(self, post: UUID) -> None:
        async with self.ward.db.read() as session:
            case = await session.scalar(select(Case.id).where(Case.state == "open").limit(1))
        if case is not None:
            await self.ward.do(lambda s: give_reason(s, actor_of("manager"), case, "担当の長い休み"))
            await self.ward.do(lambda s: opening.change_owner(s, actor_of("manager"), case, post))


FACTS = st.builds(
    PostFacts,
    id=st.uuids(),
    role=st.just("caseworker"),
    agency=st.just("a"),
    owns=st.booleans(),
    ended=st.booleans(),
)


@given(st.none() | FACTS, st.lists(FACTS, max_size=3), st.lists(FACTS, max_size=3))
def test_the_next_owner_is_there_and_owns_where_anybody_does(
    successor: PostFacts | None, heads: list[PostFacts], duty: list[PostFacts]
) -> None:
    there = [post for post in (successor, *heads, *duty) if post is not None and not post.ended]
    if not there:
        with pytest.raises(LookupError):
            rules.next_owner(successor, heads, duty)
        return
    chosen = rules.next_owner(successor, heads, duty)
    (facts, *_) = [post for post in there if post.id == chosen]
    assert facts.owns or not any(post.owns for post in there)
    if successor is not None and successor.owns and not successor.ended:
        assert chosen == successor.id
