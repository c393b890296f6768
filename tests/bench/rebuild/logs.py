"""Four logs of made-up households, as the services would have stated them: what a rebuild is measured with.

Only the logs are written, through ``record_many``; there is nobody behind the ids. A household has the facts that one
in care has on the average of the made-up ward: about nine, a fifth of them visits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from shared.db import Database
from shared.events import Event, casework, intake, notify, outreach
from shared.spine import Fact, erase, hold, record_many
from shared.spine.positions import PLACE

_NAMES = UUID("d0b1f0a2-0000-4000-8000-00000000e001")
_POSTS = 60
_PORTION = 250
"""Households in one transaction of each log."""
_FIRST = datetime(2026, 4, 1, tzinfo=UTC)
_AREAS = ("n", "c", "e", "s")
_WORRIES = ("money", "care", "withdrawal", "housing", "debt", "school")


def _id(*names: object) -> UUID:
    return uuid5(_NAMES, "/".join(map(str, names)))


class Household:
    """One household's facts, the same at each run."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.id, self.member, self.case = (_id(kind, number) for kind in ("household", "member", "case"))
        self._chance = random.Random(number)  # noqa: S311 - made-up facts, the same at each run
        self.erased = number % 500 == 0
        self.protected = number % 50 == 1
        self.visited = number % 5 == 2
        self.area = None if self.protected else self._chance.choice(_AREAS)
        self.post = _id("post", number % _POSTS)

    def intake(self) -> Iterator[Event]:
        """What intake states."""
        place: dict[str, Any] = {
            "household": self.id,
            "number": f"H-{self.number}",
            "area": self.area,
            "district": self.area,
        }
        consultation = _id("consultation", self.number)
        worries = tuple(self._chance.sample(_WORRIES, 2))
        yield intake.HouseholdRegistered(**place)
        if self.protected:
            protection = _id("protection", self.number)
            yield intake.ProtectionSet(household=self.id, protection=protection, member=self.member, kind="dv")
        yield intake.ConsultationReceived(
            household=self.id, consultation=consultation, channel="phone", worries=worries, main_worry=worries[0],
            safety_flags=("dog",) if self.number % 20 == 0 else (), received_by=self.post, agency="sukoyaka-n",
        )  # fmt: skip
        yield intake.ConsultationScreened(
            household=self.id, consultation=consultation, urgency=self._chance.choice(("A", "B", "C", "D")),
            result="open", screened_by=self.post,
        )  # fmt: skip
        yield intake.TypeMatched(household=self.id, code="T8050", verdict="match", rule_version="1", tags=("age",))
        if self.number % 4 == 0:
            yield intake.ConsentRecorded(
                household=self.id, consent=_id("consent", self.number), member=self.member, state="written"
            )
        if self.number % 10 == 0:
            yield intake.HouseholdChanged(**{**place, "district": "other"})

    def casework(self) -> Iterator[Event]:
        """What casework states."""
        about: dict[str, Any] = {"household": self.id, "case": self.case}
        yield casework.CaseOpened(
            **about, number=f"K26-{self.number}", owner=self.post, agency="sukoyaka-n", urgency="B", area=self.area
        )
        if self.number % 2 == 0:
            invitation = _id("invitation", self.number)
            yield casework.AgencyInvited(
                **about, invitation=invitation, agency="shakyo", basis="consent_69_2_1", answer_due=_FIRST.date(),
                invited_by=self.post, urgency="B",
            )  # fmt: skip
            yield casework.AgencyAnswered(
                **about,
                invitation=invitation,
                agency="shakyo",
                answer="accepted",
                answered_by=_id("post", 1),
                invited_by=self.post,
            )
        if self.visited:
            yield casework.VisitRequested(
                **about, request=_id("request", self.number), number=f"K26-{self.number}", purpose="see",
                due_on=_FIRST.date(), persons=2, area=self.area, urgency="B", requested_by=self.post,
            )  # fmt: skip

    def outreach(self) -> Iterator[Event]:
        """What outreach states."""
        if not self.visited:
            return
        about: dict[str, Any] = {
            "household": self.id, "case": self.case, "request": _id("request", self.number),
            "visit": _id("visit", self.number),
        }  # fmt: skip
        worker, start = _id("post", self.number % 7), _FIRST + timedelta(days=3)
        yield outreach.VisitAssigned(
            **about, team="outreach-n", workers=(worker,), starts_at=start, ends_at=start + timedelta(hours=1),
            assigned_by=self.post,
        )  # fmt: skip
        yield outreach.VisitReported(
            **about, result="met", contact="met", absences=0, trust_stage=2, workers=(worker,), reported_by=worker
        )
        yield outreach.MemberMet(**about, member=self.member)

    def notify(self) -> Iterator[Event]:
        """What notify states."""
        told: dict[str, Any] = {
            "notification": _id("notification", self.number), "post": self.post, "household": self.id,
            "because": _id("cause", self.number),
        }  # fmt: skip
        yield notify.NotificationSent(**told, kind="case_opened")
        if self.number % 2 == 0:
            yield notify.NotificationRead(**told)


async def write_logs(databases: Mapping[str, Database], households: int) -> dict[str, int]:
    """Write the four logs, in portions side by side, and erase a few households; how many events each has."""
    await _write(databases["casework"], list(_posts()))
    for first in range(0, households, _PORTION):
        portion = [Household(number) for number in range(first, min(first + _PORTION, households))]
        for service, db in databases.items():
            await _write(db, [event for one in portion for event in getattr(one, service)()])
    for number in range(0, households, 500):
        gone = Household(number)
        for service, db in databases.items():
            async with db.transaction() as session:
                await hold(session, gone.id)
                await erase(session, gone.id)
                if service == "intake":
                    await record_many(session, [Fact(intake.HouseholdErased(household=gone.id))])
    return {service: await _place(db) for service, db in databases.items()}


def _posts() -> Iterator[Event]:
    for number in range(_POSTS):
        yield casework.PostStarted(
            post=_id("post", number), person=_id("person", number), agency="sukoyaka-n", agency_kind="sukoyaka",
            role="caseworker", areas=("n",), starts_on=_FIRST.date(),
        )  # fmt: skip


async def _write(db: Database, events: Sequence[Event]) -> None:
    async with db.transaction() as session:
        await hold(session, *{subject for event in events for subject in event.subjects})
        await record_many(session, [Fact(event, occurred_at=_FIRST) for event in events])


async def _place(db: Database) -> int:
    """Give all positions, as the relay does."""
    position, placed = 0, 1
    while placed:
        async with db.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ")
            row = (await connection.exec_driver_sql(PLACE)).one()
            await connection.commit()
        position, placed = int(row.position), int(row.n)
    return position
