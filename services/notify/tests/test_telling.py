"""Each step of the story puts a notification into the inbox of whoever must act, and takes back what is answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from services.notify.actions.passing_up import pass_up_unread
from services.notify.actions.reading import acknowledge
from services.notify.tables import Case, Household, Notification
from shared import clock
from shared.events import casework, intake, outreach
from shared.spine import NotYet

from .conftest import Ward

pytestmark = pytest.mark.integration


def screened(ward: Ward, urgency: str = "B") -> intake.ConsultationScreened:
    return intake.ConsultationScreened(
        household=ward.household,
        consultation=uuid4(),
        urgency=urgency,  # type: ignore[arg-type]
        result="continue",
        screened_by=ward["caseworker"],
    )


def invited(ward: Ward, agency: str = "shakyo") -> casework.AgencyInvited:
    return casework.AgencyInvited(
        **ward.about,
        invitation=uuid4(),
        agency=agency,
        basis="internal",
        invited_by=ward["coordinator"],
        answer_due=date(2026, 7, 1),
        urgency="B",
    )


def answered(ward: Ward, invitation: casework.AgencyInvited, answer: str) -> casework.AgencyAnswered:
    return casework.AgencyAnswered(
        **ward.about,
        invitation=invitation.invitation,
        agency=invitation.agency,
        answer=answer,  # type: ignore[arg-type]
        answered_by=ward["shakyo"],
        invited_by=ward["coordinator"],
    )


def requested(ward: Ward) -> casework.VisitRequested:
    return casework.VisitRequested(
        **ward.about,
        request=uuid4(),
        number="K26-0391",
        purpose="contact",
        due_on=date(2026, 7, 1),
        area="n",
        urgency="B",
        requested_by=ward["coordinator"],
    )


def assigned(ward: Ward, request: casework.VisitRequested, visit: Any = None) -> outreach.VisitAssigned:
    start = clock.now() + timedelta(days=1)
    return outreach.VisitAssigned(
        **ward.about,
        request=request.request,
        visit=visit or uuid4(),
        team="outreach-n",
        workers=(ward["worker"], ward["worker2"]),
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        assigned_by=ward["lead"],
    )


def reported(ward: Ward, visit: outreach.VisitAssigned, result: str = "family") -> outreach.VisitReported:
    return outreach.VisitReported(
        **ward.about,
        request=visit.request,
        visit=visit.visit,
        result=result,
        contact="family",
        workers=visit.workers,
        reported_by=ward["worker"],
    )


async def test_the_story_tells_whoever_must_act(ward: Ward) -> None:
    heard = await ward.hear(screened(ward), by=ward["caseworker"])
    assert await ward.told(heard) == {"coordinator": "consultation_screened", "duty_w": "consultation_screened"}
    heard = await ward.open_case()
    assert await ward.told(heard) == {"coordinator": "case_opened"}

    invitation = invited(ward)
    heard = await ward.hear(invitation, by=ward["coordinator"])
    assert await ward.told(heard) == {"shakyo": "agency_invited", "shakyo2": "agency_invited"}
    heard = await ward.hear(answered(ward, invitation, "returned"), by=ward["shakyo"])
    assert await ward.told(heard) == {"coordinator": "agency_returned"}
    assert "agency_invited" not in (await ward.told()).values(), "an answer settles the question"

    request = requested(ward)
    heard = await ward.hear(request, by=ward["coordinator"])
    assert await ward.told(heard) == {"lead": "visit_requested"}
    visit = assigned(ward, request)
    heard = await ward.hear(visit, by=ward["lead"])
    assert await ward.told(heard) == {"worker": "visit_assigned", "worker2": "visit_assigned"}
    assert "visit_requested" not in (await ward.told()).values()
    about = {**ward.about, "request": request.request, "visit": visit.visit}
    yes = outreach.AssignmentAnswered(**about, worker=ward["worker"], answer="accepted")
    assert await ward.told(await ward.hear(yes, by=ward["worker"])) == {"lead": "assignment_accepted"}
    waiting = await ward.told()
    assert "worker" not in waiting
    assert waiting["worker2"] == "visit_assigned", "who has not answered still has to"
    no = outreach.AssignmentAnswered(**about, worker=ward["worker2"], answer="declined", reason="health")
    assert await ward.told(await ward.hear(no, by=ward["worker2"])) == {"lead": "assignment_declined"}

    heard = await ward.hear(reported(ward, visit), by=ward["worker"])
    assert await ward.told(heard) == {"coordinator": "visit_reported", "lead": "visit_reported"}
    undone = outreach.VisitReportUndone(**about, started=False, absences=0, trust_stage=0, undone_by=ward["worker"])
    heard = await ward.hear(undone, by=ward["worker"])
    assert await ward.told(heard) == {"coordinator": "visit_report_undone", "lead": "visit_report_undone"}
    assert "visit_reported" not in (await ward.told()).values(), "what was taken back asks nobody any more"
    heard = await ward.hear(reported(ward, visit), by=ward["worker"])
    assert await ward.told(heard) == {"coordinator": "visit_reported", "lead": "visit_reported"}
    assert "visit_report_undone" not in (await ward.told()).values()
    absent = outreach.AbsenceRepeated(**about, absences=2, step="other_time")
    assert await ward.told(await ward.hear(absent)) == {"coordinator": "absence_repeated", "lead": "absence_repeated"}
    missed = casework.DeadlineMissed(
        **ward.about, clock=uuid4(), kind="answer", due_at=clock.now(), owner=ward["coordinator"]
    )
    assert await ward.told(await ward.hear(missed)) == {"coordinator": "deadline_missed", "manager": "deadline_missed"}


async def test_what_takes_a_right_away_reaches_all_with_a_part(ward: Ward) -> None:
    await ward.open_case()
    invitation = invited(ward)
    await ward.hear(invitation)
    await ward.hear(answered(ward, invitation, "accepted"))
    request = requested(ward)
    await ward.hear(request)
    visit = assigned(ward, request)
    await ward.hear(visit, by=ward["lead"])
    parties = {"coordinator", "shakyo", "shakyo2", "worker", "worker2", "lead"}
    heard = await ward.hear(intake.ConsentWithdrawn(household=ward.household, consent=uuid4(), member=uuid4()))
    assert await ward.told(heard) == dict.fromkeys(parties, "consent_withdrawn")
    heard = await ward.hear(
        intake.ProtectionSet(household=ward.household, protection=uuid4(), member=uuid4(), kind="dv")
    )
    assert await ward.told(heard) == dict.fromkeys(parties, "protection_set")
    async with ward.db.read() as session:
        assert (await session.get_one(Household, ward.household)).area is None
        assert (await session.get_one(Case, ward.case)).area is None


async def test_a_consent_that_nobody_signs_is_told_to_who_must_act(ward: Ward) -> None:
    await ward.open_case()
    about: dict[str, Any] = {"household": ward.household, "consent": uuid4(), "member": uuid4()}
    reminded = intake.ConsentReminded(
        **about, reminder="oral_7", post=ward["caseworker"], due_on=clock.today() + timedelta(days=7)
    )
    heard = await ward.hear(reminded)
    assert await ward.told(heard) == dict.fromkeys(("coordinator", "caseworker"), "consent_reminded")
    await ward.hear(intake.ConsentRecorded(**about, state="signed"))
    assert "consent_reminded" not in (await ward.told()).values(), "signed since: nobody has to act any more"
    lapsed = await ward.hear(intake.ConsentWithdrawn(**about, reason="not_confirmed"))
    assert await ward.told(lapsed) == {"coordinator": "consent_lapsed"}
    over = await ward.hear(intake.ConsentWithdrawn(**about, reason="period_over"))
    assert await ward.told(over) == {"coordinator": "consent_over"}
    assert await ward.told(await ward.hear(intake.ConsentWithdrawn(**about, reason="replaced"))) == {}


async def test_an_alarm_and_a_missing_worker_go_to_the_manager_at_once(ward: Ward) -> None:
    await ward.open_case()
    request = requested(ward)
    await ward.hear(request)
    visit = assigned(ward, request)
    await ward.hear(visit, by=ward["lead"])
    about = {**ward.about, "request": visit.request, "visit": visit.visit}
    missed = outreach.CheckinMissed(**about, workers=visit.workers, due_at=clock.now())
    assert await ward.told(await ward.hear(missed)) == {"lead": "checkin_missed", "manager": "checkin_missed"}
    heard = await ward.hear(reported(ward, visit, "alarm"), by=ward["worker"])
    assert await ward.told(heard) == dict.fromkeys(("coordinator", "lead", "manager"), "visit_alarm")


async def test_a_visit_waits_for_its_case_and_its_request(ward: Ward) -> None:
    """Each source is read at its own pace; whoever asked for the visit is told of it all the same."""
    request = requested(ward)
    visit = assigned(ward, request)
    for missing in ("case", "request"):
        with pytest.raises(NotYet):
            await ward.hear(reported(ward, visit), by=ward["worker"])
        await (ward.open_case() if missing == "case" else ward.hear(request))
    heard = await ward.hear(reported(ward, visit), by=ward["worker"])
    assert "coordinator" in await ward.told(heard)


async def test_posts_that_have_ended_are_told_nothing(ward: Ward) -> None:
    await ward.hear(casework.PostEnded(post=ward["shakyo2"]))
    heard = await ward.hear(invited(ward))
    assert await ward.told(heard) == {"shakyo": "agency_invited"}


async def test_erasing_forgets_the_notifications_too(ward: Ward) -> None:
    await ward.open_case()
    await ward.hear(intake.HouseholdErased(household=ward.household))
    late = await ward.hear(screened(ward))
    assert await ward.told(late) == {}
    async with ward.db.read() as session:
        for table in (Notification, Case, Household):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_history_is_read_in_without_a_flood(ward: Ward) -> None:
    past = clock.now() - timedelta(days=200)
    heard = await ward.hear(screened(ward), at=past)
    assert await ward.told(heard) == {}
    assert not await ward.recorded("notify.notification_sent")


async def pass_deadlines(ward: Ward) -> None:
    async with ward.db.transaction() as session:
        await session.execute(update(Notification).values(read_by=clock.now() - timedelta(minutes=1)))


async def test_what_nobody_reads_goes_up_once(ward: Ward) -> None:
    await ward.open_case()
    heard = await ward.hear(requested(ward), by=ward["coordinator"])
    assert await pass_up_unread(ward.db) == 0
    await pass_deadlines(ward)
    assert await pass_up_unread(ward.db) == 2
    assert await pass_up_unread(ward.db) == 0
    unanswered = await ward.recorded("notify.notification_unanswered")
    assert {row["post"] for row in unanswered} == {str(ward["lead"]), str(ward["coordinator"])}
    assert all(row["escalated_to"] == [str(ward["manager"])] for row in unanswered)
    async with ward.db.read() as session:
        up = (await session.scalars(select(Notification).where(Notification.post == ward["manager"]))).all()
        origin = await session.scalar(select(Notification).where(Notification.because == heard.id))
    assert {row.kind for row in up} == {"unanswered"}
    assert origin is not None
    assert origin.path in {row.path for row in up}


async def test_one_of_an_agency_is_enough_but_each_worker_must_know(ward: Ward) -> None:
    await ward.open_case()
    heard = await ward.hear(invited(ward), by=ward["coordinator"])
    await read_by(ward, "shakyo", heard.id)
    request = requested(ward)
    await ward.hear(request)
    visit = assigned(ward, request)
    heard = await ward.hear(visit, by=ward["lead"])
    await read_by(ward, "worker", heard.id)
    await pass_deadlines(ward)
    await pass_up_unread(ward.db)
    unread = {row["post"] for row in await ward.recorded("notify.notification_unanswered")}
    assert str(ward["shakyo2"]) not in unread
    assert str(ward["worker2"]) in unread
    told = {row["post"]: row["escalated_to"] for row in await ward.recorded("notify.notification_unanswered")}
    assert told[str(ward["worker2"])] == [str(ward["lead"])], "first the lead who sent them"


async def read_by(ward: Ward, name: str, because: Any) -> None:
    async with ward.db.transaction() as session:
        row = await session.scalar(
            select(Notification.id).where(Notification.post == ward[name], Notification.because == because)
        )
        assert row is not None
        await acknowledge(session, ward.posts[name], row)


async def test_the_settings_can_make_time_short(ward: Ward) -> None:
    await ward.hear(requested(ward), by=ward["coordinator"])
    assert await pass_up_unread(ward.db, read_minutes=5) == 0
    with clock.shifted(timedelta(minutes=6)):
        assert await pass_up_unread(ward.db) == 0
        assert await pass_up_unread(ward.db, read_minutes=5) == 1


async def test_events_and_rows_hold_nothing_but_codes_and_ids(ward: Ward) -> None:
    await ward.open_case()
    await ward.hear(requested(ward), by=ward["coordinator"])
    for row in await ward.recorded("notify.notification_sent"):
        assert set(row) == {"notification", "post", "household", "kind", "because", "read_by"}
        assert datetime.fromisoformat(row["read_by"]) > clock.now()
