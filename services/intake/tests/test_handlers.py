from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.actions.consultations import receive_consultation
from services.intake.handlers import subscriptions
from services.intake.queries.access import is_allowed, visible_ids
from services.intake.queries.labels import household_names
from services.intake.requests import ConsultationIn, MemberIn
from services.intake.tables import CaseOfHousehold, Member
from services.intake.tests.conftest import post_of
from shared import clock
from shared.db import Database
from shared.events import Envelope, Event
from shared.events.casework import (
    AgencyAnswered,
    AgencyInvited,
    AgencyLeft,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    LeadChanged,
    MeetingCalled,
    OwnerChanged,
    VisitRequestCancelled,
    VisitRequested,
)
from shared.events.outreach import MemberMeetingUndone, MemberMet, VisitAssigned
from shared.events.readers import READERS
from shared.identity import Actor
from shared.spine import NotYet
from shared.spine.applying import Applier


async def hear(db: Database, event: Event, at: datetime | None = None, *, by: Actor | None = None) -> None:
    """Apply a fact as the reader would; twice, as doing it again must change nothing."""
    moment = at or clock.now()
    envelope = Envelope(
        id=uuid4(),
        type=event.type,
        source=f"/990001/{event.type.partition('.')[0]}",
        subjects=event.subjects,
        position=1,
        previous=None,
        epoch="e",
        version=event.version,
        occurred_at=moment,
        recorded_at=moment,
        data=event.model_dump(mode="json"),
        actor=str(by.post) if by else None,
    )
    for _ in range(2):
        async with db.transaction() as session:
            await Applier(subscriptions).quick(session, [envelope], set())


async def registered(db: Database) -> tuple[UUID, UUID]:
    """A household of the central area, logged by somebody else, and its member."""
    request = ConsultationIn(words="あ", area="c", members=[MemberIn(name="大槻 修", birth="56歳")])
    async with db.transaction() as session:
        made = await receive_consultation(session, post_of("caseworker", "c"), request)
    return made.household.id, made.members[0].id


async def sees(db: Database, actor: Actor, household: UUID) -> bool:
    async with db.read() as session:
        return household in await visible_ids(session, actor, [household])


def opened(household: UUID, owner: UUID, **more: Any) -> CaseOpened:
    values = {"case": uuid4(), "number": "K26-0001", "agency": "sukoyaka-n", "urgency": "B"}
    return CaseOpened.model_validate(values | more | {"household": household, "owner": owner})


async def test_the_owner_sees_until_another_owns(db: Database) -> None:
    household, _ = await registered(db)
    first, second = post_of("caseworker", "n", agency="sukoyaka-n"), post_of("caseworker", "n")
    assert not await sees(db, first, household)
    case = opened(household, first.post)
    await hear(db, case)
    assert await sees(db, first, household)
    await hear(db, OwnerChanged(household=household, case=case.case, owner=second.post, before=first.post))
    assert not await sees(db, first, household)
    assert await sees(db, second, household)


async def test_an_agency_sees_after_it_has_accepted(db: Database) -> None:
    household, _ = await registered(db)
    worker = post_of("agency_worker", agency="hokatsu-c")
    case, invitation = uuid4(), uuid4()
    invited = AgencyInvited(
        household=household,
        case=case,
        invitation=invitation,
        agency="hokatsu-c",
        basis="internal",
        invited_by=uuid4(),
        answer_due=date(2026, 7, 1),
        urgency="B",
    )
    await hear(db, invited)
    assert not await sees(db, worker, household)

    def answered(answer: str) -> AgencyAnswered:
        return AgencyAnswered.model_validate(
            {
                "household": household,
                "case": case,
                "invitation": invitation,
                "agency": "hokatsu-c",
                "answer": answer,
                "answered_by": worker.post,
                "invited_by": uuid4(),
            }
        )

    await hear(db, answered("accepted"))
    assert await sees(db, worker, household)
    assert not await sees(db, post_of("outreach_worker", agency="hokatsu-c"), household)
    await hear(db, answered("returned"))
    assert not await sees(db, worker, household)
    await hear(db, answered("accepted"))
    await hear(
        db,
        AgencyLeft(household=household, case=case, invitation=invitation, agency="hokatsu-c", reason="done"),
    )
    assert not await sees(db, worker, household)


async def test_the_leading_agency_sees_and_those_called_to_a_meeting_know_the_name(db: Database) -> None:
    household, _ = await registered(db)
    case = uuid4()
    await hear(db, opened(household, uuid4(), case=case))
    worker = post_of("agency_worker", agency="hokatsu-c")
    await hear(db, LeadChanged(household=household, case=case, agency="hokatsu-c"))
    assert await sees(db, worker, household)
    await hear(db, LeadChanged(household=household, case=case, agency=None))
    assert not await sees(db, worker, household)
    meeting = MeetingCalled(
        household=household,
        case=case,
        meeting=uuid4(),
        kind="support_council",
        basis="law_106_6",
        starts_at=datetime(2026, 7, 1, tzinfo=UTC),
        agencies=("hokatsu-c",),
        called_by=uuid4(),
    )
    await hear(db, meeting)
    assert not await sees(db, worker, household)
    async with db.read() as session:
        assert list(await household_names(session, worker, [household])) == [household], "its name, and no more"


async def test_those_who_plan_and_go_see(db: Database) -> None:
    household, member = await registered(db)
    lead = post_of("outreach_lead", "c", agency="outreach-c")
    elsewhere = post_of("outreach_lead", "n", agency="outreach-n")
    worker = post_of("outreach_worker", "c", agency="outreach-c")
    case, request, visit = uuid4(), uuid4(), uuid4()
    await hear(db, opened(household, uuid4(), case=case))
    asked = VisitRequested(
        household=household,
        case=case,
        request=request,
        number="K26-0001",
        purpose="contact",
        due_on=date(2026, 7, 1),
        area="c",
        urgency="B",
        requested_by=uuid4(),
    )
    await hear(db, asked)
    assert [await sees(db, one, household) for one in (lead, elsewhere, worker)] == [True, False, False]
    at = datetime(2026, 7, 1, 1, tzinfo=UTC)
    assigned = VisitAssigned(
        household=household,
        case=case,
        request=request,
        visit=visit,
        team="outreach-c",
        workers=(worker.post,),
        starts_at=at,
        ends_at=at + timedelta(hours=1),
        assigned_by=lead.post,
    )
    await hear(db, assigned)
    assert await sees(db, worker, household)
    met = MemberMet(household=household, case=case, request=request, visit=visit, member=member)
    await hear(db, met, at)
    await hear(db, met, at - timedelta(days=3))
    async with db.read() as session:
        assert (await session.get_one(Member, member)).met_on == date(2026, 7, 1)
    about: dict[str, Any] = {"household": household, "case": case, "request": request, "visit": visit, "member": member}
    before = at - timedelta(days=3)
    for undone, stands in ((before, date(2026, 7, 1)), (at, date(2026, 6, 28))):
        await hear(db, MemberMeetingUndone(**about, met_at=undone, last_met_at=before))
        async with db.read() as session:
            assert (await session.get_one(Member, member)).met_on == stands, "a later meeting stays"
    await hear(db, VisitRequestCancelled(household=household, case=case, request=request, reason="moved"))
    assert [await sees(db, one, household) for one in (lead, worker)] == [False, False]


async def test_a_closed_case_opens_nothing_but_to_its_owner(db: Database) -> None:
    household, _ = await registered(db)
    owner, worker = post_of("caseworker", "n"), post_of("agency_worker", agency="shakyo")
    case = opened(household, owner.post)
    await hear(db, case)
    await hear(db, LeadChanged(household=household, case=case.case, agency="shakyo"))
    await hear(db, CaseClosed(household=household, case=case.case, reason="goal", closed_by=owner.post))
    assert [await sees(db, one, household) for one in (owner, worker)] == [True, False]
    await hear(db, CaseReopened(household=household, case=case.case, owner=owner.post, urgency="A"))
    async with db.read() as session:
        kept = await session.get_one(CaseOfHousehold, case.case)
        assert (kept.closed, kept.urgency) == (False, "A")
        assert await is_allowed(session, owner, household)


async def test_a_case_of_an_unknown_household_waits(db: Database) -> None:
    with pytest.raises(NotYet):
        await hear(db, opened(uuid4(), uuid4()))


def test_intake_hears_no_more_than_its_credentials_open() -> None:
    for source in subscriptions.sources:
        assert subscriptions.types_of(source) <= READERS[source]["intake"]
