"""Whom a fact concerns and until when: the rules by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules.notices import (
    RECIPIENTS,
    Rule,
    concerning,
    deadline,
    goes_up,
    notices,
    path_to,
    settled_kinds,
)
from services.notify.rules.quiet import QuietHours, choose_quiet, send_at
from shared.codes import read_codes
from shared.errors import Refused
from shared.events import EVENTS
from shared.events.readers import sources_of

NOW = datetime(2026, 6, 18, 5, 0, tzinfo=UTC)  # Thursday 14:00 in Tokyo
ENTRIES = [e for e in read_codes(Path(__file__).parents[1] / "codes") if e.list == "NOTIFICATION_KIND"]
RULES = {e.code: Rule.of(e.code, e.attributes) for e in ENTRIES}
A, B, C = (UUID(int=n) for n in (1, 2, 3))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_speaks_of_facts_fields_and_people_that_exist(rule: Rule) -> None:
    if not rule.event:
        return
    contract = EVENTS[rule.event]
    followed = {type_ for types in sources_of("notify").values() for type_ in types}
    assert rule.event in followed
    assert set(rule.whom) <= set(RECIPIENTS)
    assert set(rule.up) <= set(RECIPIENTS)
    fields = set(contract.model_fields)
    assert set(rule.when) <= fields
    assert rule.about is None or rule.about in fields | {"case"}
    assert {kind for kind, _ in settled_kinds([rule])} <= set(RULES)
    names = {part.split("}")[0] for part in rule.path.split("{")[1:]}
    assert names <= fields | {"case"}
    assert rule.path.startswith(("/intake/", "/casework/", "/outreach/", "/notify/"))
    assert not rule.read or rule.up, "what has a deadline has somebody behind it"


def test_no_sentence_has_room_for_a_name() -> None:
    for entry in ENTRIES:
        assert "{" not in entry.ja + entry.en
        assert entry.ja
        assert entry.en


def test_fields_choose_between_rules() -> None:
    found = concerning(RULES.values(), "casework.agency_answered", {"answer": "returned"})
    assert [rule.kind for rule in found] == ["agency_returned"]
    kinds = [r.kind for r in concerning(RULES.values(), "intake.consultation_screened", {"urgency": "A"})]
    assert kinds == ["consultation_urgent", "consultation_screened"]


def test_everybody_is_told_once_and_nobody_of_their_own_deed() -> None:
    rules = concerning(RULES.values(), "intake.consultation_screened", {"urgency": "A"})
    people = {"owner": [A], "duty": [A, B], "manager": [C]}
    told = notices(rules, people, urgency="A", actor=B, told_at=NOW, now=NOW)
    assert [(n.kind, n.post) for n in told] == [("consultation_urgent", A), ("consultation_urgent", C)]
    assert told[0].read_by == NOW + timedelta(minutes=30)


def test_where_nobody_is_found_the_managers_are_told() -> None:
    told = notices([RULES["visit_requested"]], {"manager": [C]}, urgency="B", actor=None, told_at=NOW, now=NOW)
    assert [n.post for n in told] == [C]


def test_history_waits_for_nobody_and_old_history_tells_nothing() -> None:
    people = {"area_lead": [A]}
    rule = [RULES["visit_requested"]]
    (late,) = notices(rule, people, urgency="B", actor=None, told_at=NOW - timedelta(days=4), now=NOW)
    assert late.read_by is None
    assert notices(rule, people, urgency="B", actor=None, told_at=NOW - timedelta(days=31), now=NOW) == []


def test_deadlines_by_urgency_in_hours_and_office_days() -> None:
    rule = RULES["visit_requested"]
    assert deadline(rule, "A", NOW) == NOW + timedelta(minutes=30)
    assert deadline(rule, "B", NOW) == NOW + timedelta(hours=4)
    friday_to_monday = deadline(rule, "C", NOW + timedelta(days=1))
    assert friday_to_monday == datetime(2026, 6, 22, 8, 15, tzinfo=UTC)
    assert deadline(rule, None, NOW, 0) == NOW
    assert deadline(RULES["plan_evaluated"], "A", NOW, 0) is None


def test_paths_carry_the_position_to_wait_for() -> None:
    rule = RULES["visit_assigned"]
    assert path_to(rule, {"visit": str(A)}, "outreach:7") == f"/outreach/visits/{A}?after=outreach:7"
    assert path_to(rule, {}, "outreach:7") == "/notify/?after=outreach:7"


@given(st.none() | st.integers(-60, 60), st.none() | st.just(NOW), st.none() | st.just(NOW))
def test_only_what_waits_past_its_deadline_goes_up(
    minutes: int | None, read: datetime | None, settled: datetime | None
) -> None:
    read_by = None if minutes is None else NOW + timedelta(minutes=minutes)
    up = goes_up(read_by, NOW, read_at=read, settled_at=settled)
    assert up == (minutes is not None and minutes <= 0 and read is None and settled is None)


times = st.times().map(lambda t: t.replace(microsecond=0))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), times, times)  # noqa: DTZ001 - made aware below
def test_a_message_leaves_outside_quiet_hours_within_a_day(moment: datetime, since: time, until: time) -> None:
    at = moment.replace(tzinfo=UTC)
    quiet = QuietHours(since, until)
    leaves = send_at(at, quiet, urgent=False)
    assert not quiet.covers(leaves)
    assert at <= leaves <= at + timedelta(days=1)
    assert send_at(at, quiet, urgent=True) == at
    assert send_at(at, None, urgent=False) == at


def test_quiet_hours_are_whole_and_let_something_through() -> None:
    assert choose_quiet(None, None) is None
    assert choose_quiet(time(22), time(7)) == QuietHours(time(22), time(7))
    assert choose_quiet(time(7), time(7)) is None
    for wrong in ((time(22), None), (None, time(7)), (time(8), time(7))):
        with pytest.raises(Refused):
            choose_quiet(*wrong)
