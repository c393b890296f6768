"""Protection as notify hears it: no area stays, and whoever must know rings."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from services.notify.tables import Case, Household, Notification, VisitRequest
from services.notify.tests.conftest import Ward
from shared import clock
from shared.events import casework, intake


def _visit(ward: Ward) -> casework.VisitRequested:
    return casework.VisitRequested(
        **ward.about, request=uuid4(), number="K26-0391", purpose="contact", due_on=clock.today(), persons=2, area="n",
        urgency="B", requested_by=ward["caseworker"],
    )  # fmt: skip


async def _areas(ward: Ward) -> set[str | None]:
    async with ward.db.read() as session:
        found: set[str | None] = set()
        for table in (Household, Case, VisitRequest):
            found |= set(await session.scalars(select(table.area)))
        return found


async def test_no_area_stays_while_anybody_is_protected_whatever_comes_late(ward: Ward) -> None:
    await ward.open_case()
    await ward.hear(_visit(ward))
    assert await _areas(ward) == {"n"}
    first, second, member = uuid4(), uuid4(), uuid4()
    for protection in (first, second):
        await ward.hear(intake.ProtectionSet(household=ward.household, protection=protection, member=member, kind="dv"))
    assert await _areas(ward) == {None}
    # facts from before, read late: casework's log, or one that had been parked
    await ward.open_case()
    await ward.hear(_visit(ward))
    await ward.hear(intake.HouseholdChanged(household=ward.household, number="H-10482", area="n"))
    assert await _areas(ward) == {None}
    await ward.hear(intake.ProtectionEnded(household=ward.household, protection=first, member=member))
    await ward.hear(intake.HouseholdChanged(household=ward.household, number="H-10482", area="n"))
    assert await _areas(ward) == {None}, "one still runs"
    await ward.hear(intake.ProtectionEnded(household=ward.household, protection=second, member=member))
    assert await _areas(ward) == {None}, "intake says it again"
    await ward.hear(intake.HouseholdChanged(household=ward.household, number="H-10482", area="n"))
    async with ward.db.read() as session:
        assert (await session.get_one(Household, ward.household)).area == "n"


async def test_the_second_person_is_rung_and_then_those_who_answer_for_the_case(ward: Ward) -> None:
    await ward.open_case()
    glass = uuid4()
    asked = await ward.hear(
        intake.GlassAsked(household=ward.household, glass=glass, asked_by=ward["hokatsu"], post=ward["lead"]),
        by=ward["hokatsu"],
    )
    assert await ward.told(asked) == {"lead": "glass_asked"}
    approved = await ward.hear(
        intake.GlassAnswered(
            household=ward.household, glass=glass, answer="approved", answered_by=ward["lead"],
            ends_at=clock.now() + timedelta(hours=1), posts=(ward["hokatsu"], ward["caseworker"]),
        ),
        by=ward["lead"],
    )  # fmt: skip
    rung = ("coordinator", "hokatsu", "caseworker", "manager")
    assert await ward.told(approved) == dict.fromkeys(rung, "glass_approved")
    async with ward.db.read() as session:
        rows = (await session.scalars(select(Notification).where(Notification.because == approved.id))).all()
        waits = await session.scalar(select(Notification.settled_at).where(Notification.because == asked.id))
    assert all(row.urgent and row.read_by is not None for row in rows)
    assert waits is not None, "it was answered"
    declined = await ward.hear(
        intake.GlassAnswered(
            household=ward.household, glass=uuid4(), answer="declined", answered_by=ward["lead"],
            posts=(ward["hokatsu"],),
        ),
        by=ward["lead"],
    )  # fmt: skip
    assert await ward.told(declined) == {"hokatsu": "glass_declined"}


async def test_a_measure_that_runs_out_is_told_until_it_is_renewed(ward: Ward) -> None:
    await ward.open_case()
    about = {"household": ward.household, "protection": uuid4(), "member": uuid4()}
    for left in (60, 30):
        due = await ward.hear(
            intake.ProtectionDue(
                **about, ends_on=clock.today() + timedelta(days=left), days_left=left, posts=(ward["caseworker"],)
            )
        )
    everybody = dict.fromkeys(("coordinator", "caseworker", "manager"), "protection_due")
    assert await ward.told(due) == everybody
    async with ward.db.read() as session:
        waiting = (Notification.kind == "protection_due", Notification.settled_at.is_(None))
        assert set(await session.scalars(select(Notification.because).where(*waiting))) == {due.id}, "the latest alone"
    await ward.hear(intake.ProtectionRenewed(**about, ends_on=clock.today() + timedelta(days=395)))
    assert "protection_due" not in (await ward.told()).values()
