"""What outreach hears: each fact twice, in any order that the protocol allows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from services.outreach.actions.planning import assign_visit
from services.outreach.actions.reporting import VisitReport, report_visit
from services.outreach.actions.visiting import check_in
from services.outreach.actions.watching import look_for_missing_workers, look_for_silence
from services.outreach.queries.requests import count_requests, list_requests
from services.outreach.queries.visits import list_visits, read_visit
from services.outreach.tables import Case, ContactRecord, Household, Note, Observation, Visit, VisitRequest, VisitWorker
from shared import clock
from shared.drafts import Draft
from shared.errors import Missing
from shared.events.casework import CaseClosed, PostEnded, VisitRequestCancelled, VisitRequested
from shared.events.intake import (
    ConsentRecorded,
    ConsentWithdrawn,
    ConsultationReceived,
    ConsultationScreened,
    HouseholdChanged,
    HouseholdErased,
    ProtectionEnded,
    ProtectionSet,
)
from shared.identity import Actor

from .conftest import Ward

pytestmark = pytest.mark.integration


async def published(ward: Ward, wanted: VisitRequested, *, days: int = 1, hour: int = 1) -> Visit:
    start = datetime.combine(clock.today() + timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=hour)
    async with ward.db.transaction() as session:
        return await assign_visit(
            session,
            ward.lead,
            ward.codes,
            wanted.request,
            team="outreach-n",
            workers=[worker.post for worker in ward.workers[:2]],
            starts_at=start,
            ends_at=start + timedelta(hours=1),
        )


async def state_of(ward: Ward, visit: Visit) -> Visit:
    async with ward.db.read() as session:
        return await session.get_one(Visit, visit.id)


async def protect(ward: Ward, household: Any) -> ProtectionSet:
    event = ProtectionSet(household=household, protection=uuid4(), member=uuid4(), kind="dv")
    await ward.hear(event)
    return event


async def test_protection_forgets_where_they_are_and_hides_them(ward: Ward) -> None:
    wanted, other = await ward.request(), await ward.request()
    visit = await published(ward, wanted)
    event = await protect(ward, wanted.household)
    await protect(ward, other.household)
    async with ward.db.read() as session:
        request = await session.get_one(VisitRequest, wanted.request)
        household = await session.get_one(Household, wanted.household)
        case = await session.get_one(Case, wanted.case)
        assert (request.area, request.district, household.area, household.district, case.area) == (None,) * 5
        outsider = ward.workers[2]
        assert [row.request.id for row in await list_requests(session, ward.lead)] == [wanted.request]
        assert (await count_requests(session, ward.lead, clock.today())).hidden == 1
        assert await list_visits(session, outsider) == []
        assert (await read_visit(session, ward.workers[0], visit.id)).protected
        with pytest.raises(Missing):
            await read_visit(session, ward.manager, visit.id)
        assert {row.request.id for row in await list_requests(session, ward.coordinator)} == {
            wanted.request,
            other.request,
        }
    await ward.hear(HouseholdChanged(household=wanted.household, number="H-1", area="n", district="nitta"))
    async with ward.db.read() as session:
        assert (await session.get_one(Household, wanted.household)).area is None, "an older word brings no area back"
    await ward.hear(ProtectionEnded(household=wanted.household, protection=event.protection, member=event.member))
    await ward.hear(HouseholdChanged(household=wanted.household, number="H-1", area="n", district="nitta"))
    async with ward.db.read() as session:
        household = await session.get_one(Household, wanted.household)
        assert (household.protected, household.area) == (False, "n")


async def test_an_ended_protection_that_comes_first_stays_ended(ward: Ward) -> None:
    wanted = await ward.request()
    protection, member = uuid4(), uuid4()
    await ward.hear(ProtectionEnded(household=wanted.household, protection=protection, member=member))
    await ward.hear(ProtectionSet(household=wanted.household, protection=protection, member=member, kind="dv"))
    async with ward.db.read() as session:
        assert not (await session.get_one(Household, wanted.household)).protected


async def test_erasing_leaves_nothing_and_nothing_comes_back(ward: Ward) -> None:
    wanted = await ward.request()
    visit = await published(ward, wanted)
    async with ward.db.transaction() as session:
        told = VisitReport(
            "absent", next_on=clock.today() + timedelta(days=7), words="声がした。", observations=("mail",)
        )
        await report_visit(session, ward.workers[0], ward.codes, visit.id, told)
    async with ward.db.transaction() as session:
        now = clock.now()
        for about, household in ((visit.id, None), (None, wanted.household)):
            session.add(
                Draft(
                    id=uuid4(),
                    person=ward.workers[1].person,
                    form="visit-note",
                    about=about,
                    household=household,
                    body={"words": "犬"},
                    saved_at=now,
                    expires_at=now,
                )
            )
    await ward.hear(HouseholdErased(household=wanted.household))
    await ward.hear(wanted)
    await ward.hear(HouseholdChanged(household=wanted.household, number="H-1", area="n"))
    async with ward.db.read() as session:
        for table in (Visit, VisitWorker, VisitRequest, Note, Observation, Case, ContactRecord, Household, Draft):
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table


async def test_a_cancelled_request_takes_its_visits_with_it(ward: Ward) -> None:
    wanted = await ward.request()
    visit = await published(ward, wanted)
    about = {"household": wanted.household, "case": wanted.case}
    await ward.hear(VisitRequestCancelled(**about, request=wanted.request, reason="met"))
    assert (await state_of(ward, visit)).state == "cancelled"
    async with ward.db.read() as session:
        assert await list_requests(session, ward.lead) == []
    await ward.hear(CaseClosed(**about, reason="achieved", closed_by=ward.coordinator.post))


async def test_workers_at_the_door_finish_though_the_case_is_closed(ward: Ward) -> None:
    wanted = await ward.request()
    visit = await published(ward, wanted)
    async with ward.db.transaction() as session:
        await check_in(session, ward.workers[0], visit.id)
    about = {"household": wanted.household, "case": wanted.case}
    await ward.hear(CaseClosed(**about, reason="achieved", closed_by=ward.coordinator.post))
    assert (await state_of(ward, visit)).state == "started"


async def test_a_post_that_ends_leaves_its_visits_to_be_staffed_again(ward: Ward) -> None:
    visit = await published(ward, await ward.request())
    await ward.hear(PostEnded(post=ward.workers[0].post))
    assert (await state_of(ward, visit)).state == "declined"
    async with ward.db.read() as session:
        workers = await session.scalars(select(VisitWorker.post).where(VisitWorker.visit == visit.id))
        assert workers.all() == [ward.workers[1].post]


async def test_flags_add_up_and_consent_is_minded(ward: Ward) -> None:
    wanted = await ward.request()
    about: dict[str, Any] = {"household": wanted.household}
    for flags in (("animals",), (), ("violence",)):
        await ward.hear(
            ConsultationReceived(
                **about,
                consultation=uuid4(),
                channel="phone",
                safety_flags=flags,
                received_by=ward.coordinator.post,
                agency="coordination",
            )
        )
    await ward.hear(
        ConsultationScreened(
            **about, consultation=uuid4(), urgency="A", result="continue", screened_by=ward.coordinator.post
        )
    )
    consent, member = uuid4(), uuid4()
    await ward.hear(ConsentWithdrawn(**about, consent=consent, member=member))
    async with ward.db.read() as session:
        household = await session.get_one(Household, wanted.household)
        assert household.safety_flags == ["animals", "violence"]
        assert household.urgency == "A"
        assert household.consent_withdrawn_at is not None
    await ward.hear(ConsentRecorded(**about, consent=uuid4(), member=member, state="signed"))
    async with ward.db.read() as session:
        assert (await session.get_one(Household, wanted.household)).consent_withdrawn_at is None


async def test_missing_workers_are_told_of_once(ward: Ward) -> None:
    visit = await published(ward, await ward.request(), days=0, hour=15)
    async with ward.db.transaction() as session:
        await check_in(session, ward.workers[0], visit.id)
    assert await look_for_missing_workers(ward.db) == 0
    with clock.shifted(timedelta(minutes=46)):
        assert await look_for_missing_workers(ward.db) == 1
        assert await look_for_missing_workers(ward.db) == 0
    (missed,) = await ward.recorded("outreach.checkin_missed")
    assert missed["workers"] == [str(worker.post) for worker in ward.workers[:2]]


async def test_silence_climbs_the_ladder_by_itself(ward: Ward) -> None:
    visit = await published(ward, await ward.request())
    async with ward.db.transaction() as session:
        told = VisitReport("absent", next_on=clock.today() + timedelta(days=7))
        await report_visit(session, ward.workers[0], ward.codes, visit.id, told)
    assert await look_for_silence(ward.db, ward.codes) == 0
    with clock.shifted(timedelta(days=15)):
        assert await look_for_silence(ward.db, ward.codes) == 1
        assert await look_for_silence(ward.db, ward.codes) == 0
    (repeated,) = await ward.recorded("outreach.absence_repeated")
    assert (repeated["step"], repeated["absences"]) == ("review", 1)


async def test_two_leads_at_once_send_nobody_to_two_doors(ward: Ward) -> None:
    first, second = await ward.request(), await ward.request()
    done = await asyncio.gather(published(ward, first), published(ward, second), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Visit"]
    assert len(await ward.recorded("outreach.visit_assigned")) == 1


async def test_the_same_result_twice_at_once_counts_once(ward: Ward) -> None:
    visit = await published(ward, await ward.request())

    async def tell(worker: Actor) -> None:
        async with ward.db.transaction() as session:
            told = VisitReport("absent", next_on=clock.today() + timedelta(days=7))
            await report_visit(session, worker, ward.codes, visit.id, told)

    done = await asyncio.gather(*(tell(worker) for worker in ward.workers[:2]), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    async with ward.db.read() as session:
        record = await session.get_one(ContactRecord, visit.household)
        assert (record.visits, record.absences) == (1, 1)
