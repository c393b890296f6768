"""Plays the made-up ward into the four services by their own actions, with the clock moved to each deed.

Rounds: in each, what was called in is registered by intake, carried to the others, then casework, outreach and again
casework do what the courses say, then the services look for what was missed. The year is played in two rounds, for
nothing of the first is told to anybody any more; ``--days`` in rounds of a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select

from services.casework.actions.posts import install_ward
from services.casework.actions.sweeping import sweep_clocks
from services.casework.tables import Case
from services.intake.actions.registration import NewHousehold, register_many
from services.intake.requests import ConsultationIn
from services.outreach.actions.staffing import describe_worker
from services.outreach.actions.watching import look_for_silence
from services.ward import staff, steps
from services.ward.courier import Courier, courier
from services.ward.deeds import Deed, Office, actor_of
from services.ward.family import Household
from services.ward.history import course_of
from services.ward.households import IN_CARE, SEED, ward_in_care
from services.ward.inboxes import read_inboxes
from services.ward.rounds import Rounds
from services.ward.signing import Signing, receiver_of
from services.ward.staff import POST_BY_CODE, TEAMS
from services.ward.visiting import visits_now
from shared import clock
from shared.clock import TOKYO
from shared.settings import Settings
from shared.spine.heartbeat import send_probe

_RECENT_DAYS = 31
"""Since then everything is played at its very hour: people were told of it."""
_LISTENERS = frozenset({"notify"})
"""Who hears the whole year at its end: nothing else depends on it."""
_WEEKLY_MINUTES = 900
_VISITS = steps.Visited | steps.Planned
_CONSENTS = steps.Agreed | steps.TookBack


async def seed(settings: Mapping[str, Settings], *, days: int = 0, number: int = SEED, count: int = IN_CARE) -> None:
    """Fill four empty databases: the ward's staff, ``count`` households in care, and a year of work until now.

    The last ``days`` days are played one by one.
    """
    now = clock.now()
    async with courier(settings, now) as way:
        play = Play(way, number, now, ward_in_care(number, now.astimezone(TOKYO).date(), count))
        await play.install()
        for end in _rounds(now, days):
            await play.until(end)
        await way.carry()
        await read_inboxes(way.rooms["notify"], number, now)
        await way.carry()


def _rounds(now: datetime, days: int) -> Iterator[datetime]:
    """When each round ends: a month ago, then every day of ``days``, then now."""
    yield now - timedelta(days=max(days, _RECENT_DAYS))
    for day in range(days, 0, -1):
        yield now - timedelta(days=day)
    yield now


class Play:
    """The state of a playing: who is registered, what is still to happen."""

    def __init__(self, way: Courier, seed: int, now: datetime, households: Sequence[Household]) -> None:
        self._way = way
        self._now = now
        self._intake, self._casework = way.rooms["intake"], way.rooms["casework"]
        self._outreach, self._signing = way.rooms["outreach"], Signing(way.rooms["intake"])
        self._office, self._visiting = Office(self._casework), Rounds(self._outreach)
        self._waiting = [(_heard_at(household, now), household) for household in households]
        going = visits_now(seed, households, now)
        self._steps: list[Deed] = sorted(
            (
                (step, household)
                for household in households
                for step in (*course_of(seed, household, now), *going.get(household.number, ()))
            ),
            key=lambda pair: pair[0].at,
        )
        self._cases: dict[UUID, UUID] = {}

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
        happened = [pair for pair in self._steps if pair[0].at <= end]
        self._steps = self._steps[len(happened) :]
        await self._register([pair for pair in self._waiting if pair[0] <= end], end)
        self._waiting = [pair for pair in self._waiting if pair[0] > end]
        await self._signing.write_down((step, home) for step, home in happened if isinstance(step, _CONSENTS))
        await self._probe(end)
        await self._way.carry(later=_LISTENERS)
        await self._learn_cases()
        last = [pair for pair in happened if isinstance(pair[0], steps.Closed)]
        visits = [(step, household) for step, household in happened if isinstance(step, _VISITS)]
        await self._office.work(
            (pair for pair in happened if not isinstance(pair[0], _VISITS | _CONSENTS | steps.Closed)), self._cases
        )
        await self._way.carry(later=_LISTENERS)
        await self._visiting.go(visits, self._office.requests)
        await self._way.carry(later=_LISTENERS)
        await self._office.work(last, self._cases)
        await self._look_back(end)
        await self._way.carry(later=_LISTENERS)

    async def _look_back(self, end: datetime) -> None:
        """What the services look for by themselves, morning after morning: missed deadlines, doors that stay shut."""
        recent = self._now - timedelta(days=_RECENT_DAYS)
        mornings = [end - timedelta(days=day) for day in range(_RECENT_DAYS, 0, -1)]
        for moment in [*(one for one in mornings if one > recent and end == self._now), end]:
            with clock.at(moment):
                while await sweep_clocks(self._casework.db):
                    pass
        with clock.at(end - timedelta(hours=20)):
            await look_for_silence(self._outreach.db, self._outreach.codes)

    async def _register(self, calls: Sequence[tuple[datetime, Household]], end: datetime) -> None:
        """What the caseworkers of each area took in.

        Calls of the last month are written down as they come, older ones together at the end of the round.
        """
        recent = self._now - timedelta(days=_RECENT_DAYS)
        portions: dict[tuple[datetime, str], list[tuple[datetime, Household]]] = defaultdict(list)
        for at, household in calls:
            portions[at if at > recent else end, receiver_of(household).code].append((at, household))
        for (moment, code), theirs in sorted(portions.items(), key=lambda portion: portion[0]):
            receiving = actor_of(POST_BY_CODE[code])
            with clock.at(moment):
                async with self._intake.db.transaction() as session:
                    await register_many(session, receiving, [_as_new(household, at) for at, household in theirs])

    async def _probe(self, end: datetime) -> None:
        """The last that intake says in a round, so that everybody has just heard of it."""
        with clock.at(end):
            async with self._intake.db.transaction() as session:
                await send_probe(session)

    async def _learn_cases(self) -> None:
        async with self._casework.db.read() as session:
            rows = await session.execute(select(Case.household, Case.id))
            self._cases = {row.household: row.id for row in rows}


def _heard_at(household: Household, now: datetime) -> datetime:
    """When somebody called: some time of that day's office hours, never later than now."""
    day = now.astimezone(TOKYO).date() - timedelta(days=household.heard_days_ago)
    return min(datetime.combine(day, time(9 + household.number % 8, household.number * 7 % 60), TOKYO), now)


def _as_new(household: Household, heard_at: datetime) -> NewHousehold:
    return NewHousehold(ConsultationIn(**household.as_request(), occurred_at=heard_at), id=household.id)
