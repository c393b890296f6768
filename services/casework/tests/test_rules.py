from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.casework.rules import cases, clocks, sharing
from shared.calendar import is_working_day
from shared.errors import Conflict, Forbidden, Refused

NOW = datetime(2026, 6, 18, 1, 14, tzinfo=UTC)
TODAY = date(2026, 6, 18)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))


def post(role: str = "caseworker", *, owns: bool = True, ended: bool = False) -> cases.PostFacts:
    return cases.PostFacts(uuid4(), role, "sukoyaka-n", owns=owns, ended=ended)


# -- cases


def test_who_took_the_call_owns_the_case_if_their_role_may() -> None:
    worker, duty = post(), post("coordinator")
    assert cases.choose_owner(worker, [duty]) == worker.id
    assert cases.choose_owner(post("agency_worker", owns=False), [duty]) == duty.id
    assert cases.choose_owner(post(ended=True), [post(ended=True), duty]) == duty.id
    assert cases.choose_owner(None, [duty]) == duty.id
    with pytest.raises(LookupError):
        cases.choose_owner(None, [])


@given(st.sampled_from("ABCD"), st.sampled_from("ABCD"))
def test_urgency_never_calms_by_itself(one: str, other: str) -> None:
    assert cases.more_urgent(one, other) == min(one, other)


@given(MOMENTS, st.integers(0, 900))
def test_a_case_reopens_within_twelve_months(closed: datetime, days: int) -> None:
    now = closed + timedelta(days=days)
    assert cases.reopens(closed, now) is (days <= 365)
    if days <= 365:
        cases.reopen("closed", closed, now)
    else:
        with pytest.raises(Refused):
            cases.reopen("closed", closed, now)
    with pytest.raises(Conflict):
        cases.reopen("open", None, now)
    assert cases.reopens(None, now) is False


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({}, True),
        ({"waiting": 1}, False),
        ({"tasks": 2}, False),
        ({"reason": ""}, False),
        ({"reason": "lead_agreed"}, False),
        ({"reason": "lead_agreed", "lead": "hokatsu-n"}, True),
        ({"reason": "mistaken", "waiting": 3, "tasks": 1}, True),
        ({"state": "closed"}, False),
    ],
)
def test_a_case_closes_when_nothing_is_left_open(more: dict[str, object], allowed: bool) -> None:
    given_: dict[str, object] = {"state": "open", "reason": "achieved", "waiting": 0, "tasks": 0, "lead": None} | more
    if allowed:
        cases.close(**given_)  # type: ignore[arg-type]
    else:
        with pytest.raises(Refused):
            cases.close(**given_)  # type: ignore[arg-type]


def test_an_owner_is_a_post_that_is_held_and_may_own() -> None:
    before, after = uuid4(), post()
    assert cases.change_owner(before, after) == after.id
    for wrong in (None, post(ended=True), post(owns=False)):
        with pytest.raises(Refused) as refused:
            cases.change_owner(before, wrong)
        assert refused.value.field == "owner"
    with pytest.raises(Conflict):
        cases.change_owner(after.id, after)


def test_the_lead_takes_part_or_is_the_owners_own_office() -> None:
    cases.change_lead("hokatsu-n", frozenset({"hokatsu-n"}), owners_agency="sukoyaka-n")
    cases.change_lead("sukoyaka-n", frozenset(), owners_agency="sukoyaka-n")
    cases.change_lead(None, frozenset(), owners_agency="x")
    with pytest.raises(Refused):
        cases.change_lead("shakyo", frozenset({"hokatsu-n"}), owners_agency="sukoyaka-n")


def test_who_coordinates() -> None:
    cases.demand_coordination("agency_worker", is_owner=True)
    cases.demand_coordination("agency_worker", is_owner=False, is_lead=True)
    cases.demand_coordination("coordinator", is_owner=False)
    with pytest.raises(Forbidden):
        cases.demand_coordination("outreach_lead", is_owner=False)


# -- sharing: the state machine of a request


class Invitation(RuleBasedStateMachine):
    """However people press buttons, an agency sees the household exactly while it takes part."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "asked"
        self.accepted = False
        self.ended = False

    @rule(to=st.sampled_from(["accepted", "discuss", "returned"]))
    def answer(self, to: str) -> None:
        waiting = self.state in sharing.WAITING
        try:
            self.state = sharing.answer(self.state, to, own_agency=True, reason="capacity", text="話したい")
        except Conflict:
            assert not waiting or (self.state, to) == ("discuss", "discuss")
            return
        assert waiting
        self.accepted |= to == "accepted"
        self.ended |= to == "returned"

    @rule()
    def act(self) -> None:
        try:
            self.state = sharing.step(self.state, "acting")
        except Conflict:
            assert self.state != "accepted"

    @rule()
    def leave(self) -> None:
        before = self.state
        try:
            self.state = sharing.leave(self.state, reason="done")
        except Conflict:
            assert before not in sharing.TAKING_PART
        else:
            assert before in sharing.TAKING_PART
            self.ended = True

    @precondition(lambda self: self.state in sharing.WAITING)
    @rule()
    def withdraw(self) -> None:
        self.state = sharing.step(self.state, "withdrawn")
        self.ended = True

    @invariant()
    def sees_the_household_only_while_taking_part(self) -> None:
        assert sharing.sees_household(self.state) is (self.accepted and not self.ended)

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        assert self.ended is (self.state not in sharing.LIVE)


TestInvitation = Invitation.TestCase


@given(DAYS)
def test_three_working_days_to_answer(asked: date) -> None:
    due = sharing.answer_due(asked)
    assert is_working_day(due)
    assert due > asked
    days = (asked + timedelta(days=n) for n in range(1, (due - asked).days + 1))
    assert sum(is_working_day(day) for day in days) == 3


WANTED = sharing.Wanted("hokatsu-n", "hokatsu", "invitation", frozenset({"identity", "care"}), "entrusted")
CONSENT = sharing.ConsentFacts(
    allows=True,
    recipients=frozenset({"hokatsu"}),
    ways=frozenset({"invitation"}),
    items=frozenset({"identity", "care", "health"}),
)
BY_CONSENT = sharing.Basis.read("consent_69_2_1", {"from": "2023-04-01", "needs": "consent"})


@pytest.mark.parametrize(
    ("basis", "change", "on", "sentence"),
    [
        (None, {}, TODAY, "根拠を選んで"),
        ({"from": "2026-07-01"}, {}, date(2026, 6, 30), "から使えます"),
        ({"from": "2026-07-01"}, {}, date(2026, 7, 1), None),
        ({"until": "2026-12-31"}, {}, date(2026, 12, 31), None),
        ({"until": "2026-12-31"}, {}, date(2027, 1, 1), "までです"),
        ({"handling": ["internal"]}, {}, TODAY, "この機関には使えません"),
        ({"handling": ["internal", "entrusted"]}, {}, TODAY, None),
        ({"ways": ["meeting", "material"]}, {}, TODAY, "その会議のなかだけ"),
        ({"ways": ["meeting"]}, {"way": "meeting"}, TODAY, None),
        ({"needs": "consent"}, {}, TODAY, "同意がありません"),
        ({"needs": "note"}, {}, TODAY, None),
    ],
)
def test_a_ground_is_dated_and_fits_whom_it_lets_know(
    basis: dict[str, Any] | None, change: dict[str, Any], on: date, sentence: str | None
) -> None:
    ground = None if basis is None else sharing.Basis.read("x", basis)
    off = sharing.refuse_basis(ground, replace(WANTED, **change), on, [])
    assert (off.text if off else None) is None if sentence is None else sentence in (off.text if off else "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"recipients": frozenset({"hokatsu-n"})}, None),
        ({"recipients": frozenset({"shakyo"})}, "同意がありません"),
        ({"recipients": frozenset()}, "同意がありません"),
        ({"allows": False}, "同意がありません"),
        ({"withdrawn": True}, "取り下げられています"),
        ({"ends_on": TODAY}, None),
        ({"ends_on": TODAY - timedelta(days=1)}, "終わっています"),
        ({"confirm_by": TODAY}, None),
        ({"confirm_by": TODAY - timedelta(days=1)}, "確かめられていません"),
        ({"ways": frozenset({"meeting"})}, "目的"),
        ({"items": frozenset({"identity"})}, "項目"),
        ({"items": frozenset()}, "項目"),
    ],
)
def test_a_consent_covers_recipient_purpose_and_items_while_it_stands(
    change: dict[str, Any], sentence: str | None
) -> None:
    off = sharing.refuse_basis(BY_CONSENT, WANTED, TODAY, [replace(CONSENT, **change)])
    assert (off is None) if sentence is None else sentence in (off.text if off else "")
    other = replace(CONSENT, recipients=frozenset({"nobody"}))
    told = sharing.refuse_basis(BY_CONSENT, WANTED, TODAY, [other, replace(CONSENT, **change)])
    assert (told.text if told else "") == (off.text if off else "")  # the nearest one says what is lacking


@given(
    st.builds(
        sharing.ConsentFacts,
        allows=st.booleans(),
        recipients=st.frozensets(st.sampled_from(["hokatsu", "hokatsu-n", "shakyo"])),
        ways=st.frozensets(st.sampled_from(["invitation", "meeting"])),
        items=st.frozensets(st.sampled_from(["identity", "care", "health"])),
        withdrawn=st.booleans(),
        ends_on=st.one_of(st.none(), DAYS),
        confirm_by=st.one_of(st.none(), DAYS),
    )
)
def test_what_does_not_stand_covers_nothing(consent: sharing.ConsentFacts) -> None:
    assert not consent.covers(WANTED, TODAY) or consent.stands(TODAY)
    assert not consent.covers(replace(WANTED, items=frozenset()), TODAY)
    if consent.covers(WANTED, TODAY):
        assert consent.items >= WANTED.items
        assert "invitation" in consent.ways
        assert consent.recipients & {"hokatsu", "hokatsu-n"}


@pytest.mark.parametrize(
    ("needs", "given_", "field"),
    [
        ("reason", {}, "reason"),
        ("reason", {"reason": "urgent"}, None),
        ("note", {"note": "  "}, "note"),
        ("note", {"note": "命にかかわるため"}, None),
        ("", {}, None),
    ],
)
def test_some_grounds_need_words_besides(needs: str, given_: dict[str, str], field: str | None) -> None:
    ground = sharing.Basis.read("x", {"needs": needs})
    if field is None:
        sharing.demand_basis(ground, WANTED, TODAY, [], **given_)
        with pytest.raises(Refused) as refused:
            sharing.demand_basis(ground, replace(WANTED, items=frozenset()), TODAY, [], **given_)
        assert refused.value.field == "items"
        return
    with pytest.raises(Refused) as refused:
        sharing.demand_basis(ground, WANTED, TODAY, [], **given_)
    assert refused.value.field == field


def test_no_ground_no_sharing() -> None:
    with pytest.raises(Refused) as refused:
        sharing.demand_basis(None, WANTED, TODAY, [CONSENT])
    assert refused.value.field == "basis"


@pytest.mark.parametrize("fact", ["protected", "parked", "intake_silent"])
def test_nothing_new_is_shared_when_it_is_not_known_to_be_safe(fact: str) -> None:
    sharing.demand_safe(sharing.SharingFacts(protected=False))
    with pytest.raises(Refused):
        sharing.demand_safe(sharing.SharingFacts(**{"protected": False, fact: True}))


# -- clocks


@given(MOMENTS, st.sampled_from("ABCD"))
def test_the_first_contact_is_due_in_working_days(received: datetime, urgency: str) -> None:
    due = clocks.first_contact_due(urgency, received)
    received_on = received.astimezone(due.tzinfo).date()
    assert (due.hour, due.minute) == (17, 15)
    counted = sum(
        is_working_day(received_on + timedelta(days=n)) for n in range(1, (due.date() - received_on).days + 1)
    )
    assert counted == clocks.FIRST_CONTACT_DAYS[urgency]


@given(MOMENTS)
def test_the_sight_check_counts_every_hour(received: datetime) -> None:
    assert clocks.sight_check_due(received) - received == timedelta(hours=48)


class ClockMachine(RuleBasedStateMachine):
    """A clock is missed at most once and stopped at most once, and says truly whether it was in time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.clock = clocks.ClockFacts("answer", NOW, NOW + timedelta(days=3))
        self.missed = self.stopped = 0

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        if clocks.is_missed(self.clock, self.now):
            self.missed += 1
            self.clock = clocks.ClockFacts("answer", NOW, self.clock.due_at, self.now, self.clock.stopped_at)

    @rule(dropped=st.booleans())
    def stop(self, dropped: bool) -> None:
        try:
            outcome = clocks.stop(self.clock, self.now, dropped=dropped)
        except Conflict:
            assert self.stopped
            return
        self.stopped += 1
        in_time = "met" if self.now <= self.clock.due_at else "late"
        assert outcome == ("dropped" if dropped else in_time)
        self.clock = clocks.ClockFacts("answer", NOW, self.clock.due_at, self.clock.missed_at, self.now)

    @invariant()
    def once_at_most(self) -> None:
        assert self.missed <= 1
        assert self.stopped <= 1
        assert 0 <= clocks.left_share(self.clock, self.now) <= 1
        assert (clocks.tone(self.clock.due_at, self.now) == "stop") is (self.now > self.clock.due_at)


TestClock = ClockMachine.TestCase
