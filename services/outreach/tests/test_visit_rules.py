"""The life of a visit: any order of deeds keeps the promises of the state machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.outreach.rules import visits
from services.outreach.rules.visits import Visit, VisitState
from shared.errors import Conflict, Forbidden, Refused

NOW = datetime(2026, 6, 15, 0, 0, tzinfo=UTC)
POSTS = tuple(UUID(int=n) for n in range(1, 6))
STRANGER = UUID(int=99)


def proposed(workers: tuple[UUID, ...] = POSTS[:2], persons: int = 2) -> Visit:
    start = NOW + timedelta(days=1)
    return Visit(VisitState.PROPOSED, workers, start, start + timedelta(hours=1), persons)


class LifeOfAVisit(RuleBasedStateMachine):
    """Whatever people do in whatever order: refused, or a state in which all promises hold."""

    @initialize()
    def begin(self) -> None:
        self.visit = proposed()
        self.over = False

    def attempt(self, change: Visit | None) -> None:
        if change is not None:
            self.visit = change

    @rule()
    def publish(self) -> None:
        try:
            self.attempt(visits.publish(self.visit, NOW))
        except Refused:
            assert self.visit.state is not VisitState.PROPOSED or len(self.visit.workers) < self.visit.persons

    @rule(post=st.sampled_from([*POSTS, STRANGER]), given=st.sampled_from(["accepted", "declined"]))
    def answer(self, post: UUID, given: visits.Answer) -> None:
        try:
            changed = visits.answer(self.visit, post, given, "conflict")
        except Forbidden:
            assert post not in self.visit.workers
        except Conflict:
            assert self.visit.state not in visits.ANSWERABLE
        else:
            assert changed.answers[post] == given
            assert (changed.state is VisitState.DECLINED) == (
                "declined" in changed.answers.values() or len(changed.workers) < changed.persons
            )
            self.visit = changed

    @rule(workers=st.permutations(POSTS).map(lambda p: tuple(p[:2])), days=st.integers(1, 30))
    def change(self, workers: tuple[UUID, ...], days: int) -> None:
        start = NOW + timedelta(days=days)
        before = self.visit
        try:
            changed = visits.change(self.visit, workers, start, start + timedelta(hours=1), NOW)
        except Conflict:
            assert before.state in {VisitState.STARTED, VisitState.REPORTED, VisitState.CANCELLED}
        else:
            if (changed.starts_at, changed.ends_at) != (before.starts_at, before.ends_at):
                assert not changed.answers, "an answer was given for another time"
            self.visit = changed

    @rule(post=st.sampled_from(POSTS))
    def drop(self, post: UUID) -> None:
        self.visit = visits.drop_worker(self.visit, post)
        if self.visit.state in {VisitState.PUBLISHED, VisitState.ACCEPTED}:
            assert post not in self.visit.workers

    @rule(post=st.sampled_from([*POSTS, STRANGER]))
    def arrive(self, post: UUID) -> None:
        try:
            self.visit = visits.check_in(self.visit, post, NOW)
        except Forbidden:
            assert post not in self.visit.workers
        except Conflict:
            assert self.visit.state not in visits.TO_BE_STARTED
        else:
            assert self.visit.check_out_due == NOW + visits.CHECK_OUT_AFTER

    @rule(post=st.sampled_from(POSTS), minutes=st.integers(-10, 200))
    def leave(self, post: UUID, minutes: int) -> None:
        before = self.visit.left_at
        try:
            self.visit = visits.check_out(self.visit, post, NOW + timedelta(minutes=minutes))
        except Refused:
            return
        assert self.visit.left_at is not None
        assert self.visit.started_at is not None
        assert self.visit.left_at >= self.visit.started_at
        assert before in {None, self.visit.left_at}, "the first 出た stands"

    @rule(post=st.sampled_from([*POSTS, STRANGER]), leads=st.booleans())
    def report(self, post: UUID, leads: bool) -> None:
        try:
            self.visit = visits.close_with_report(self.visit, post, NOW, leads=leads)
        except Forbidden:
            assert not leads
            assert post not in self.visit.workers
        except Conflict:
            assert self.visit.state not in visits.REPORTABLE

    @rule(post=st.sampled_from(POSTS[:2]), minutes=st.integers(0, 60 * 24 * 40), leads=st.booleans())
    def take_back(self, post: UUID, minutes: int, leads: bool) -> None:
        before = self.visit
        until = visits.undo_until(post, by=POSTS[0], at=NOW, happened_at=NOW, leads=leads)
        try:
            self.visit = visits.take_report_back(before, NOW + timedelta(minutes=minutes), until)
        except Conflict:
            assert before.state is not VisitState.REPORTED
        except Forbidden:
            assert not leads
            assert post != POSTS[0]
        except Refused:
            assert minutes > 60 * 24 * 31 or (minutes > 10 and not leads)
        else:
            self.over = False
            assert self.visit.state in visits.REPORTABLE, "another result can be recorded"
            assert minutes <= 10 or leads

    @rule()
    def cancel(self) -> None:
        try:
            self.visit = visits.cancel(self.visit)
        except Conflict:
            assert self.visit.state is VisitState.REPORTED

    @invariant()
    def promises(self) -> None:
        visit = getattr(self, "visit", None)
        if visit is None:
            return
        if visit.state is VisitState.ACCEPTED:
            assert len(visit.workers) >= visit.persons
            assert all(visit.answers.get(worker) == "accepted" for worker in visit.workers)
        if visit.state in {VisitState.PUBLISHED, VisitState.ACCEPTED}:
            assert len(visit.workers) >= visit.persons
        if visit.state is VisitState.STARTED:
            assert visit.started_at is not None
        if visit.state is VisitState.REPORTED and visit.started_at is not None:
            assert visit.left_at is not None, "a report says that they have come out"
        if self.over:
            assert visit.state in {VisitState.REPORTED, VisitState.CANCELLED}
        self.over = visit.state in {VisitState.REPORTED, VisitState.CANCELLED}
        assert not visits.is_overdue(visit, NOW) or visit.state is VisitState.STARTED


TestLifeOfAVisit = LifeOfAVisit.TestCase
TestLifeOfAVisit.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_two_must_go() -> None:
    with pytest.raises(Refused) as refused:
        visits.choose_workers([POSTS[0], POSTS[0]], 2)
    assert refused.value.field == "workers"
    assert refused.value.params == {"persons": 2}


@pytest.mark.parametrize(
    ("start", "minutes"),
    [(timedelta(days=1), 5), (timedelta(days=1), 241), (timedelta(hours=-2), 60), (timedelta(days=121), 60)],
)
def test_a_slot_nobody_can_keep_is_refused(start: timedelta, minutes: int) -> None:
    with pytest.raises(Refused):
        visits.choose_slot(NOW + start, NOW + start + timedelta(minutes=minutes), NOW)


def test_whoever_stays_at_the_same_time_keeps_their_answer() -> None:
    visit = visits.answer(visits.publish(proposed(), NOW), POSTS[0], "accepted", None)
    visit = visits.answer(visit, POSTS[1], "declined", "health")
    changed = visits.change(visit, (POSTS[0], POSTS[2]), visit.starts_at, visit.ends_at, NOW)
    assert changed.answers == {POSTS[0]: "accepted"}
    assert changed.state is VisitState.PUBLISHED


def test_no_needs_a_reason() -> None:
    with pytest.raises(Refused) as refused:
        visits.answer(visits.publish(proposed(), NOW), POSTS[0], "declined", None)
    assert refused.value.field == "reason"


def test_overdue_begins_after_forty_five_minutes() -> None:
    visit = visits.check_in(visits.publish(proposed(), NOW), POSTS[0], NOW)
    assert not visits.is_overdue(visit, NOW + timedelta(minutes=44))
    assert visits.is_overdue(visit, NOW + timedelta(minutes=45))
    assert not visits.is_overdue(visits.check_out(visit, POSTS[0], NOW), NOW + timedelta(hours=5))
