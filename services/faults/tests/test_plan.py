"""The plan of a seed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

from services.faults.plan import KINDS, rounds
from services.faults.running import Outcome

SEED = 5
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def test_each_round_has_every_kind_once_and_a_seed_is_a_plan() -> None:
    plans = [islice(rounds(Random(SEED)), 3) for _ in range(2)]  # noqa: S311 - repeatable
    one, other = ([[fault.kind for fault in faults] for faults in plan] for plan in plans)
    assert one == other
    assert one[0] != one[1]
    assert all(sorted(kinds) == sorted(KINDS) for kinds in one)
    assert len(set(KINDS)) >= 14


def test_only_some_kinds_come_where_some_are_named() -> None:
    faults = next(rounds(Random(SEED), ["redis_full", "all_killed"]))  # noqa: S311 - repeatable
    assert {fault.kind for fault in faults} == {"redis_full", "all_killed"}


def test_operations_names_every_kind() -> None:
    page = OPERATIONS.read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_a_line_of_json_has_its_six_figures_and_what_is_special() -> None:
    assert list(Outcome("k").as_json()) == ["kind", "promised", "lost", "doubled", "out_of_order", "seconds"]
    assert Outcome("k", skipped="why").as_json()["skipped"] == "why"
    assert not Outcome("k", trouble="it hangs").survived
