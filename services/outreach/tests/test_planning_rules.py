"""The planner: hard rules hold, nobody is in two places, and no easy improvement is left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outreach.rules.cells import centre_of, kilometres
from services.outreach.rules.planning import earliest_day, propose
from services.outreach.rules.plans import REASONS, REFUSALS, Busy, Wish, Worker
from services.outreach.rules.slots import Slot, SlotRule, slot_of, slots_between
from shared.codes import read_codes

TODAY = date(2026, 6, 15)  # a Monday
NOW = datetime(2026, 6, 14, 23, 0, tzinfo=UTC)
RULES = [
    SlotRule.of(e.code, e.attributes) for e in read_codes(Path(__file__).parents[1] / "codes") if e.list == "VISIT_SLOT"
]
SLOTS = slots_between(RULES, TODAY, TODAY + timedelta(days=14), NOW)
SKILLS = ["nurse", "mental", "child"]


def post(n: int) -> UUID:
    return UUID(int=1000 + n)


def crew(n: int, **more: object) -> list[Worker]:
    return [Worker(post(i), "outreach-n", frozenset({"n"}), **more) for i in range(n)]  # type: ignore[arg-type]


def wish(n: int = 1, **more: object) -> Wish:
    given: dict[str, object] = {
        "id": UUID(int=n),
        "household": UUID(int=500 + n),
        "due_on": TODAY + timedelta(days=5),
        "area": "n",
    }
    return Wish(**(given | more))  # type: ignore[arg-type]


def codes(reasons: object) -> set[str]:
    return {reason.code for reason in reasons}  # type: ignore[attr-defined]


def test_slots_keep_office_days_and_saturdays() -> None:
    days = {slot.day for slot in slots_between(RULES, date(2026, 4, 27), date(2026, 5, 9), NOW - timedelta(days=90))}
    assert date(2026, 4, 29) not in days  # 昭和の日
    assert date(2026, 5, 4) not in days  # みどりの日
    assert date(2026, 5, 2) in days  # a Saturday: its own slot
    assert date(2026, 5, 3) not in days
    assert slot_of(RULES, datetime(2026, 6, 18, 5, 0, tzinfo=UTC)) == "midday"


def test_two_go_from_one_team_before_the_deadline() -> None:
    plan = propose([wish()], crew(3), SLOTS, TODAY)
    (proposal,) = plan.proposals
    assert len(set(proposal.workers)) == 2
    assert proposal.slot.day <= TODAY + timedelta(days=5)
    assert proposal.score > 80
    assert codes(proposal.reasons) <= set(REASONS)


def test_the_one_with_the_skill_goes() -> None:
    workers = [*crew(3), Worker(post(9), "outreach-n", frozenset({"n"}), frozenset({"nurse"}))]
    (proposal,) = propose([wish(skills=frozenset({"nurse"}))], workers, SLOTS, TODAY).proposals
    assert post(9) in proposal.workers
    assert "skills" in codes(proposal.reasons)


def test_after_absence_another_time_is_tried() -> None:
    tried = frozenset({(slot.day.weekday(), slot.code) for slot in SLOTS if slot.code in {"morning", "midday"}})
    (proposal,) = propose(
        [wish(tried=tried, urgency="D", due_on=TODAY + timedelta(days=14))], crew(2), SLOTS, TODAY
    ).proposals
    assert proposal.slot.code not in {"morning", "midday"}
    assert "untried" in codes(proposal.reasons)


def test_people_are_left_in_peace_for_two_weeks_unless_safety_asks() -> None:
    resting = wish(last_visit_on=TODAY - timedelta(days=3))
    assert earliest_day(resting, TODAY) == TODAY + timedelta(days=11)
    (proposal,) = propose([resting], crew(2), SLOTS, TODAY).proposals
    assert proposal.slot.day >= TODAY + timedelta(days=11)
    assert earliest_day(wish(last_visit_on=TODAY - timedelta(days=3), safety=True), TODAY) == TODAY
    assert earliest_day(wish(last_visit_on=TODAY, not_before=TODAY + timedelta(days=2)), TODAY) == TODAY + timedelta(
        days=2
    )
    (unplaced,) = propose([wish(last_visit_on=TODAY)], crew(2), SLOTS[:8], TODAY).unplaced
    assert unplaced.code == "peace"


def test_a_day_agreed_at_the_door_is_not_late() -> None:
    agreed = TODAY + timedelta(days=8)
    (proposal,) = propose([wish(not_before=agreed)], crew(2), SLOTS, TODAY).proposals
    assert proposal.slot.day == agreed
    assert "late" not in codes(proposal.reasons)
    assert proposal.score > 90


@pytest.mark.parametrize(
    ("workers", "code"),
    [
        ([], "no_team"),
        (crew(1), "no_pair"),
        (crew(2, away=frozenset(slot.day for slot in SLOTS)), "no_pair"),
        (crew(2, weekly_minutes=30), "full"),
    ],
)
def test_what_stands_in_the_way_is_said(workers: list[Worker], code: str) -> None:
    plan = propose([wish()], workers, SLOTS, TODAY)
    assert [u.code for u in plan.unplaced] == [code]
    assert code in REFUSALS


def test_near_visits_go_together() -> None:
    here, far = "533945471", "533946791"
    one = Slot(SLOTS[4].starts_at, SLOTS[4].ends_at, SLOTS[4].code)
    near = Worker(post(1), "outreach-n", busy=(Busy(one, cell=here),))
    away = Worker(post(2), "outreach-n", busy=(Busy(one, cell=far),))
    day = [slot for slot in SLOTS if slot.day == one.day]
    (proposal,) = propose([wish(cell=here, persons=1)], [near, away], day, TODAY).proposals
    assert proposal.workers == (post(1),)
    assert "near" in codes(proposal.reasons)


def test_mesh_cells_lie_where_the_standard_says() -> None:
    centre = centre_of("53394547")
    assert centre is not None
    assert centre == pytest.approx((35 + 1 / 3 + 4 / 12 + 4.5 / 120, 139 + 5 / 8 + 7.5 / 80), abs=1e-9)
    assert kilometres("533945471", "533945471") == 0
    assert kilometres("533945471", "533945472") == pytest.approx(0.565, abs=0.02)
    for wrong in ("", "abc", "5339454", "533995471", "53394547x", "533945475"):
        assert kilometres("533945471", wrong) is None


wishes_given = st.lists(
    st.builds(
        lambda urgency, due, persons, skills, wanted, known: {
            "urgency": urgency,
            "due_on": TODAY + timedelta(days=due),
            "persons": persons,
            "skills": skills,
            "wanted": wanted,
            "known": known,
        },
        st.sampled_from("ABCD"),
        st.integers(-3, 20),
        st.integers(1, 2),
        st.frozensets(st.sampled_from(SKILLS), max_size=2),
        st.frozensets(st.sampled_from(["morning", "evening"]), max_size=1),
        st.frozensets(st.sampled_from([post(0), post(1)]), max_size=1),
    ),
    min_size=1,
    max_size=8,
)
workers_given = st.lists(
    st.tuples(st.frozensets(st.sampled_from(SKILLS)), st.sampled_from([60, 180, 600]), st.booleans()),
    min_size=0,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(wishes_given, workers_given)
def test_every_plan_keeps_the_hard_rules(
    given_wishes: list[dict[str, object]], given_workers: list[tuple[frozenset[str], int, bool]]
) -> None:
    wishes = [wish(n, **more) for n, more in enumerate(given_wishes)]
    workers = [
        Worker(
            post(n), "outreach-n", frozenset({"n"}), skills, minutes, frozenset({SLOTS[0].day}) if away else frozenset()
        )
        for n, (skills, minutes, away) in enumerate(given_workers)
    ]
    few = SLOTS[:12]
    plan = propose(wishes, workers, few, TODAY)
    assert {p.request for p in plan.proposals} | {u.request for u in plan.unplaced} == {w.id for w in wishes}
    assert len(plan.proposals) + len(plan.unplaced) == len(wishes)
    by_id = {w.id: w for w in wishes}
    staff = {w.post: w for w in workers}
    taken: set[tuple[UUID, datetime]] = set()
    minutes: dict[tuple[UUID, int], int] = {}
    for proposal in plan.proposals:
        assert len(set(proposal.workers)) == by_id[proposal.request].persons
        for worker in proposal.workers:
            assert (worker, proposal.slot.starts_at) not in taken
            taken.add((worker, proposal.slot.starts_at))
            assert proposal.slot.day not in staff[worker].away
            week = (worker, proposal.slot.day.isocalendar()[1])
            minutes[week] = minutes.get(week, 0) + proposal.slot.minutes
            assert minutes[week] <= staff[worker].weekly_minutes
    assert propose(wishes, workers, few, TODAY) == plan, "the same question has the same answer"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 4)), min_size=1, max_size=3))
def test_small_plans_are_near_the_best_there_is(given_wishes: list[tuple[str, int]]) -> None:
    """Against every assignment there is: one pair, four slots, so that only the order matters."""
    slots = SLOTS[:4]
    wishes = [wish(n, urgency=u, due_on=TODAY + timedelta(days=d), persons=2) for n, (u, d) in enumerate(given_wishes)]
    workers = crew(2, weekly_minutes=100_000)
    plan = propose(wishes, workers, slots, TODAY)
    best = min(
        sum(propose([w], workers, [s], TODAY).cost for w, s in zip(wishes, choice, strict=True))
        for choice in product(slots, repeat=len(wishes))
        if len(set(choice)) == len(choice)
    )
    assert plan.cost <= best + 1.0
