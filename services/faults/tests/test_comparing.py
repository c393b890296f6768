"""A comparison that finds nothing is worth something only if it finds what is there to be found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.faults.comparing import Book, Excused, Fact, Findings, compare
from services.faults.marks import MARKS
from services.faults.promises import Promise

HOME, OTHER, CASE = "home", "other", "case-of-home"


def fact(service: str, position: int, name: str, **data: Any) -> Fact:
    """A line of a log that follows the one before it."""
    before = f"{service}-{position - 1}" if position > 1 else None
    subject = data.get("household", HOME)
    return Fact(
        f"{service}-{position}", position, before, position, f"{service}.{name}", (subject,),
        {"household": subject} | data, "somebody",
    )  # fmt: skip


def town() -> dict[str, Book]:
    """One household whose call, case and visit have reached everybody."""
    logs = {
        "intake": [
            fact("intake", 1, "household_registered"),
            fact("intake", 2, "consultation_received", consultation="call"),
            fact("intake", 3, "consultation_screened", consultation="call"),
        ],
        "casework": [
            fact("casework", 1, "case_opened", case=CASE, owner="owner"),
            fact("casework", 2, "visit_requested", case=CASE, request="request", requested_by="owner"),
        ],
        "outreach": [
            fact("outreach", 1, "visit_assigned", case=CASE, request="request", visit="visit", workers=["worker"]),
            fact("outreach", 2, "visit_reported", case=CASE, request="request", visit="visit"),
        ],
        "notify": [],
    }
    books = {
        service: Book(service, log, stream=[(line.position or 0, line.id) for line in log])
        for service, log in logs.items()
    }
    followed = {
        "intake": ("casework", "outreach"), "casework": ("intake", "outreach", "notify"),
        "outreach": ("intake", "casework"), "notify": ("intake", "casework", "outreach"),
    }  # fmt: skip
    for service, sources in followed.items():
        book = books[service]
        book.applied = {source: list(books[source].stream) for source in sources}
        for step, mark in enumerate([mark for mark in MARKS if mark.service == service]):
            lines = [line for line in books[mark.source].log if line.type == mark.type]
            book.marks[mark] = {mark.key_of(line.data) for line in lines}
            book.steps[mark] = {mark.key_of(line.data): 10 * (line.position or 0) + step for line in lines}
    because = {"intake-3": "anyone", "casework-1": "owner", "casework-2": "lead", "outreach-1": "worker"}
    books["notify"].notifications = [(post, "kind", line, line) for line, post in because.items()]
    books["notify"].notifications.append(("owner", "visit_reported", "outreach-2", "visit"))
    books["intake"].words, books["casework"].cases = ["words"], [HOME]
    books["casework"].visits, books["outreach"].visits = {HOME: 1}, {HOME: 1}
    return books


PROMISES = [
    Promise("k1", "intake.consultation_received", "consultation=call", HOME),
    Promise("k2", "casework.visit_requested", "request=request", HOME),
    Promise("k3", "outreach.visit_reported", "visit=visit", HOME),
]


def judge(books: dict[str, Book], *promises: Promise, excused: Excused | None = None) -> Findings:
    return compare(books, [*PROMISES, *promises], excused or Excused())


def test_a_sound_town_has_no_findings() -> None:
    assert judge(town()) == Findings()


def test_a_promise_without_its_fact_is_lost_unless_it_is_listed() -> None:
    gone = Promise("k4", "outreach.visit_started", "visit=visit", HOME)
    assert len(judge(town(), gone).lost) == 1
    listed = Excused(facts={(gone.type, gone.said)}, households={HOME})
    assert judge(town(), gone, excused=listed) == Findings()


def test_a_promise_with_two_facts_is_doubled() -> None:
    books = town()
    books["outreach"].log.append(fact("outreach", 3, "visit_reported", case=CASE, request="request", visit="visit"))
    assert any("promise k3" in found for found in judge(books).doubled)


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.type.endswith(("registered", "case_opened"))])
def test_a_missing_row_is_lost(mark: Any) -> None:
    books = town()
    books[mark.service].marks[mark].clear()
    assert [mark.table in found for found in judge(books).lost] == [True]


def test_a_fact_that_a_reader_passed_over_or_applied_twice_is_found() -> None:
    books = town()
    del books["notify"].applied["casework"][0]
    assert any("never applied" in found for found in judge(books).lost)
    books = town()
    books["notify"].applied["casework"].insert(0, (1, "casework-1"))
    assert any("applied 2 times" in found for found in judge(books).doubled)


def test_effects_of_a_household_in_another_order_are_found() -> None:
    books = town()
    registered, screened = (
        next(mark for mark in MARKS if (mark.service, mark.type) == ("casework", f"intake.{name}"))
        for name in ("household_registered", "consultation_screened")
    )
    steps = books["casework"].steps
    steps[registered][HOME], steps[screened][HOME] = steps[screened][HOME], steps[registered][HOME]
    assert judge(books).out_of_order


def test_a_gap_a_wrong_predecessor_and_a_foreign_entry_are_found() -> None:
    books = town()
    log = books["intake"].log
    log[1] = replace(log[1], position=7)
    assert any("stands at place 2" in found for found in judge(books).out_of_order)
    books = town()
    log = books["intake"].log
    log[1] = replace(log[1], previous="another")
    assert any("names another" in found for found in judge(books).out_of_order)
    books = town()
    books["intake"].stream[1] = (2, "foreign")
    assert any("is not its log's" in found for found in judge(books).out_of_order)
    books = town()
    log = books["intake"].log
    log[2] = replace(log[2], log_id=1)
    log[1] = replace(log[1], log_id=9)
    assert any("before the one it follows" in found for found in judge(books).out_of_order)


def test_two_of_what_there_is_one_of_are_doubled() -> None:
    books = town()
    books["intake"].words *= 2
    books["casework"].cases *= 2
    books["casework"].visits[HOME] = 2
    books["notify"].notifications.append(("owner", "visit_reported", "again", "visit"))
    assert len(judge(books).doubled) == 4


def test_who_was_not_told_is_lost_but_not_who_did_it() -> None:
    books = town()
    books["notify"].notifications = [line for line in books["notify"].notifications if line[0] != "owner"]
    assert len(judge(books).lost) == 2
    books["casework"].log[0] = replace(books["casework"].log[0], actor="owner")
    books["outreach"].log[1] = replace(books["outreach"].log[1], actor="owner")
    assert judge(books) == Findings()


def test_households_with_a_part_restored_away_are_spared_others_are_not() -> None:
    books = town()
    for mark in books["notify"].marks:
        books["notify"].marks[mark].clear()
    assert judge(books, excused=Excused(households={HOME})) == Findings()
    assert judge(books, excused=Excused(households={OTHER})).lost
