"""Plays the made-up ward into the four services by their own actions, with the clock moved to each deed.

Rounds: in each, what was called in is registered by intake, carried to the others, then casework, outreach and again
casework do what the courses say, then the services look for what was missed. The year is played in rounds of some
weeks, ``--days`` in rounds of a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.actions.entries import write_entry
from services.casework.actions.invitations import answer_invitation, invite_agency
from services.casework.actions.keeping import take_cases
from services.casework.actions.opening import change_lead, close_case
from services.casework.actions.posts import install_ward
from services.casework.actions.sweeping import sweep_clocks
from services.casework.actions.visits import request_visit
from services.casework.requests import AnswerInvitation, InviteAgency, RequestVisit, WriteEntry
from services.casework.tables import Case
from services.intake.actions.registration import NewHousehold, register_many
from services.intake.requests import ConsultationIn
from services.outreach.actions.planning import assign_visit
from services.outreach.actions.reporting import VisitReport, report_visit
from services.outreach.actions.staffing import describe_worker
from services.outreach.actions.visiting import answer_assignment, check_in
from services.outreach.actions.watching import look_for_silence
from services.outreach.tables import VisitRequest
from services.ward import history, staff
from services.ward.courier import Courier, courier
from services.ward.family import Household
from services.ward.households import IN_CARE, SEED, ward_in_care
from services.ward.staff import AGENCIES, POST_BY_CODE, TEAMS, Post, head_of
from shared import clock
from shared.clock import TOKYO
from shared.errors import Refused
from shared.identity import Actor
from shared.settings import Settings
from shared.spine import gathering
from shared.spine.heartbeat import send_probe

_ROUND_DAYS = 61
_LISTENERS = frozenset({"notify"})
"""Who hears the whole year at its end: nothing else depends on it, and it tells nobody of what is a month old."""
_AT_ONCE = 100
"""Households whose deeds of a round share a transaction, so that code lists are read once for them."""
_KINDS = {agency.code: agency.kind for agency in AGENCIES}
_PRIVATE = frozenset({"shakyo"})
_WEEKLY_MINUTES = 900


def actor_of(post: Post) -> Actor:
    """The actor that somebody in ``post`` is; made-up deeds have no session, so the post's id stands for it."""
    return Actor(
        post=post.id,
        person=post.person,
        session=post.id,
        agency=post.agency,
        agency_kind=_KINDS[post.agency],
        role=post.role,
        areas=frozenset(post.areas),
        name=post.name,
    )


async def seed(settings: Mapping[str, Settings], *, days: int = 0, number: int = SEED, count: int = IN_CARE) -> None:
    """Fill four empty databases: the ward's staff, ``count`` households in care, and a year of work until now.

    The last ``days`` days are played one by one.
    """
    now = clock.now()
    async with courier(settings) as way:
        play = Play(way, number, now, ward_in_care(number, now.astimezone(TOKYO).date(), count))
        await play.install()
        for end in _rounds(now, days):
            await play.until(end)
        await way.carry()


def _rounds(now: datetime, days: int) -> Iterator[datetime]:
    """When each round ends: every two months of the year, then every day, then now."""
    moment = now - timedelta(days=366)
    while moment < now - timedelta(days=max(days, 1)):
        yield moment
        moment += timedelta(days=_ROUND_DAYS)
    for day in range(days, 0, -1):
        yield now - timedelta(days=day)
    yield now


class Play:
    """The state of a playing: who is registered, which request is whose."""

    def __init__(self, way: Courier, seed: int, now: datetime, households: Sequence[Household]) -> None:
        self._way = way
        self._intake, self._casework = way.rooms["intake"], way.rooms["casework"]
        self._outreach = way.rooms["outreach"]
        self._waiting = [(_heard_at(household, now), household) for household in households]
        self._steps: list[tuple[history.Step, Household]] = sorted(
            ((step, household) for household in households for step in history.course_of(seed, household, now)),
            key=lambda pair: pair[0].at,
        )
        self._cases: dict[UUID, UUID] = {}
        self._invitations: dict[tuple[UUID, str], UUID] = {}
        self._requests: dict[UUID, UUID] = {}
        self._turn: dict[str, int] = defaultdict(int)

    async def install(self) -> None:
        """Agencies, people, posts; then what outreach knows of its workers."""
        async with self._casework.db.transaction() as session:
            await install_ward(session, staff)
        await self._way.carry()
        async with self._outreach.db.transaction() as session:
            for team in TEAMS:
                lead = actor_of(POST_BY_CODE[team.posts[0]])
                for code in team.posts:
                    post = POST_BY_CODE[code]
                    await describe_worker(
                        session, lead, self._outreach.codes, post.id,
                        skills=post.skills, weekly_minutes=_WEEKLY_MINUTES,
                    )  # fmt: skip

    async def until(self, end: datetime) -> None:
        """Play everything that happened up to ``end``."""
        steps = []
        while self._steps and self._steps[0][0].at <= end:
            steps.append(self._steps.pop(0))
        await self._register([pair for pair in self._waiting if pair[0] <= end], end)
        self._waiting = [pair for pair in self._waiting if pair[0] > end]
        await self._way.carry(later=_LISTENERS)
        await self._learn_cases()
        await self._casework_does([pair for pair in steps if not isinstance(pair[0], history.Visited | history.Closed)])
        await self._way.carry(later=_LISTENERS)
        await self._outreach_goes([(s, h) for s, h in steps if isinstance(s, history.Visited)])
        await self._way.carry(later=_LISTENERS)
        await self._casework_does([pair for pair in steps if isinstance(pair[0], history.Closed)])
        await self._look_back(end)
        await self._way.carry(later=_LISTENERS)

    async def _look_back(self, end: datetime) -> None:
        """What the services look for by themselves: missed deadlines, doors that stay shut."""
        with clock.at(end):
            while await sweep_clocks(self._casework.db):
                pass
            await look_for_silence(self._outreach.db, self._outreach.codes)

    async def _register(self, calls: Sequence[tuple[datetime, Household]], end: datetime) -> None:
        """What the caseworkers of each area took in; then a probe, so that everybody has heard of intake."""
        by_area: dict[str, list[tuple[datetime, Household]]] = defaultdict(list)
        for call in calls:
            by_area[call[1].home.area].append(call)
        with clock.at(end):
            for area, theirs in by_area.items():
                receiver = actor_of(POST_BY_CODE[f"caseworker-{area}{1 + self._next(area) % 2}"])
                async with self._intake.db.transaction() as session:
                    await register_many(session, receiver, [_as_new(household, at) for at, household in theirs])
            async with self._intake.db.transaction() as session:
                await send_probe(session)

    async def _learn_cases(self) -> None:
        async with self._casework.db.read() as session:
            rows = await session.execute(select(Case.household, Case.id))
            self._cases = {row.household: row.id for row in rows}

    async def _casework_does(self, steps: Iterable[tuple[history.Step, Household]]) -> None:
        """Household after household, each deed at its own time."""
        by_household: dict[UUID, list[tuple[history.Step, Household]]] = defaultdict(list)
        for step, household in steps:
            by_household[household.id].append((step, household))
        known = [(case, theirs) for one, theirs in by_household.items() if (case := self._cases.get(one)) is not None]
        for first in range(0, len(known), _AT_ONCE):
            portion = known[first : first + _AT_ONCE]
            async with self._casework.db.transaction() as session, gathering(session):
                for coordinator, cases in _by_coordinator(portion).items():
                    await take_cases(session, actor_of(POST_BY_CODE[coordinator]), cases)
                for case, theirs in portion:
                    for step, household in theirs:
                        with clock.at(step.at):
                            await self._deed(session, case, step, household)

    async def _deed(self, session: AsyncSession, case: UUID, step: history.Step, household: Household) -> None:
        coordinator = actor_of(POST_BY_CODE[_coordinator_of(household)])
        match step:
            case history.Invited():
                invitation = await invite_agency(session, coordinator, case, _invitation_of(step))
                self._invitations[household.id, step.agency] = invitation.id
            case history.Answered():
                answer = AnswerInvitation(
                    answer=step.answer,
                    reason="needs_consent" if step.answer == "returned" else None,
                    text=step.words,
                )
                asked = self._invitations[household.id, step.agency]
                await answer_invitation(session, actor_of(head_of(step.agency)), asked, answer)
            case history.VisitAsked():
                wanted = RequestVisit(aim=step.aim, purpose="contact", due_on=step.due_on, slots=["afternoon"])
                self._requests[household.id] = (await request_visit(session, coordinator, case, wanted)).id
            case history.Noted():
                entry = WriteEntry(
                    occurred_at=step.at, kind=step.kind, channel="phone" if step.kind == "phone" else None,
                    with_whom=[step.with_whom], minutes=20, facts=step.fact, words=step.words,
                    judgement=step.judgement, fix=True,
                )  # fmt: skip
                writer = coordinator if step.by is None else actor_of(head_of(step.by))
                await write_entry(session, writer, case, entry)
            case history.Led():
                await change_lead(session, coordinator, case, step.agency)
            case history.Closed():
                await close_case(session, coordinator, case, step.reason, "")

    async def _outreach_goes(self, visits: Iterable[tuple[history.Visited, Household]]) -> None:
        for visit, household in visits:
            request = self._requests.get(household.id)
            if request is not None:
                async with self._outreach.db.transaction() as session:
                    await self._visit(session, request, visit, household.home.area)

    async def _visit(self, session: AsyncSession, request_id: UUID, step: history.Visited, area: str) -> None:
        """Planned by the lead, accepted by both some hours later, done and reported."""
        request = await session.get(VisitRequest, request_id)
        if request is None or request.state != "open":
            return
        lead, codes = actor_of(POST_BY_CODE[f"lead-{area}"]), self._outreach.codes
        turn = self._next(f"team-{area}")
        pair = [POST_BY_CODE[f"worker-{area}{1 + (turn + place) % 4}"] for place in range(2)]
        with clock.at(step.planned_at):
            try:
                async with session.begin_nested():
                    visit = await assign_visit(
                        session, lead, codes, request_id, team=f"outreach-{area}",
                        workers=[post.id for post in pair], starts_at=step.at, ends_at=step.at + timedelta(minutes=60),
                    )  # fmt: skip
            except Refused:
                return  # both are at another door at that hour
        with clock.at(step.planned_at + timedelta(hours=2)):
            for post in pair:
                await answer_assignment(session, actor_of(post), codes, visit.id, given="accepted", reason=None)
        with clock.at(step.at):
            await check_in(session, actor_of(pair[0]), visit.id)
        told = VisitReport(
            result=step.result, card_left=step.card_left, words=step.note, next_on=step.next_on,
            end_reason=None if step.next_on else "achieved",
        )  # fmt: skip
        with clock.at(step.at + timedelta(minutes=35)):
            await report_visit(session, actor_of(pair[0]), codes, visit.id, told)

    def _next(self, what: str) -> int:
        self._turn[what] += 1
        return self._turn[what]


def _coordinator_of(household: Household) -> str:
    return f"coordinator-{1 + household.number % 2}"


def _by_coordinator(portion: Sequence[tuple[UUID, list[tuple[history.Step, Household]]]]) -> dict[str, list[UUID]]:
    cases: dict[str, list[UUID]] = defaultdict(list)
    for case, theirs in portion:
        cases[_coordinator_of(theirs[0][1])].append(case)
    return cases


def _heard_at(household: Household, now: datetime) -> datetime:
    """When somebody called: some time of that day's office hours, never later than now."""
    day = now.astimezone(TOKYO).date() - timedelta(days=household.heard_days_ago)
    return min(datetime.combine(day, time(9 + household.number % 8, household.number * 7 % 60), TOKYO), now)


def _as_new(household: Household, heard_at: datetime) -> NewHousehold:
    return NewHousehold(ConsultationIn(**household.as_request(), occurred_at=heard_at), id=household.id)


def _invitation_of(step: history.Invited) -> InviteAgency:
    """The ward's own offices and contractors by 69-2-2, private bodies in the support council (106-6)."""
    if step.agency in _PRIVATE:
        return InviteAgency(
            agency=step.agency, question=step.question, basis="support_council_106_6", reason="not_contacted"
        )
    return InviteAgency(agency=step.agency, question=step.question, basis="internal_69_2_2")
