"""What was promised against what is there: every answer in its log, every fact's effect in every database, in order.

Pure: ``reading`` brings the books, ``compare`` judges them. A finding is ``(what, where)``; the same finding is counted
once in a run, for the fault after which it was first seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.faults.marks import MARKS, TELLINGS, Mark, Telling
from services.faults.promises import Promise


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a log."""

    id: str
    position: int | None
    previous: str | None
    log_id: int
    type: str
    subjects: tuple[str, ...]
    data: dict[str, Any]
    actor: str | None


@dataclass(slots=True)
class Book:
    """What one service's database says."""

    service: str
    log: list[Fact]
    """By position."""
    stream: list[tuple[int, str]] = field(default_factory=list)
    """Position and event id of each entry of its stream, which may have been trimmed at its beginning."""
    applied: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By source: position and event id of all that was applied, as it was applied."""
    marks: dict[Mark, set[str]] = field(default_factory=dict)
    steps: dict[Mark, dict[str, int]] = field(default_factory=dict)
    """By mark and key: when it was first there, as a number that grows."""
    notifications: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    """notify's: post, kind, because, about; without those passed up."""
    words: list[str] = field(default_factory=list)
    """intake's: the words of every consultation, which tell one promise from another."""
    cases: list[str] = field(default_factory=list)
    """casework's: the household of every case."""
    visits: dict[str, int] = field(default_factory=dict)
    """casework's and outreach's: by household, how many visits were counted."""


@dataclass(slots=True)
class Findings:
    """What is not as it must be, each as a sentence of codes and ids."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    out_of_order: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Excused:
    """After a restored backup: what the operator's list of lost facts names. It grows through a run."""

    facts: set[tuple[str, str]] = field(default_factory=set)
    """Type and ``field=value`` of each fact that is listed as lost."""
    households: set[str] = field(default_factory=set)
    """Whom they are about: of these one database now rightly knows more than another."""

    def spares(self, fact: Fact) -> bool:
        """Whether the fact is about such a household."""
        return not self.households.isdisjoint(fact.subjects)


def compare(
    books: dict[str, Book],
    promises: Iterable[Promise],
    excused: Excused,
    *,
    not_heard: frozenset[tuple[str, str]] = frozenset(),
    late: tuple[tuple[str, str], int] | None = None,
) -> Findings:
    """Judge four books.

    ``not_heard``: types by service that the version in use does not know. ``late``: a type by service whose facts up
    to a position were replayed later than their neighbours.
    """
    found = Findings()
    for book in books.values():
        _log_is_sound(found, book)
    _promises_are_kept(found, books, promises, excused)
    for book in books.values():
        _all_was_followed(found, book, books)
        marks = [mark for mark in MARKS if mark.service == book.service and (mark.service, mark.type) not in not_heard]
        _effects_are_there(found, book, books, marks, excused=excused, late=late)
    _once(found, books, excused)
    _told(found, books, excused)
    return found


def stated_in(data: Mapping[str, Any]) -> Iterator[str]:
    """``field=value`` of each field that is one word."""
    for name, value in data.items():
        if isinstance(value, str):
            yield f"{name}={value}"


def _log_is_sound(found: Findings, book: Book) -> None:
    """Positions without a gap, each fact naming the one before, true to each household; the stream the same."""
    at: dict[str, int] = {}
    for place, fact in enumerate(book.log, 1):
        if fact.position != place:
            found.out_of_order.add(f"{book.service}: position {fact.position} stands at place {place}")
        if fact.previous != (book.log[place - 2].id if place > 1 else None):
            found.out_of_order.add(f"{book.service}:{fact.position} names another fact before it")
        for subject in fact.subjects:
            if at.get(subject, 0) > fact.log_id:
                found.out_of_order.add(f"{book.service}:{fact.position} was stated before the one it follows")
            at[subject] = fact.log_id
    first = book.stream[0][0] if book.stream else 1
    for place, (position, event_id) in enumerate(book.stream, first):
        if position != place or not 0 < position <= len(book.log) or book.log[position - 1].id != event_id:
            found.out_of_order.add(f"{book.service}: entry {position} of its stream is not its log's")


def _promises_are_kept(found: Findings, books: dict[str, Book], promises: Iterable[Promise], excused: Excused) -> None:
    """Each promised fact is in its log, once."""
    stated: Counter[tuple[str, str]] = Counter()
    for book in books.values():
        for fact in book.log:
            stated.update((fact.type, said) for said in stated_in(fact.data))
    for promise in promises:
        times = stated[promise.type, promise.said]
        if times > 1:
            found.doubled.add(f"promise {promise.key}: {promise.type} {promise.said} was stated {times} times")
        elif not times and (promise.type, promise.said) not in excused.facts:
            found.lost.add(f"promise {promise.key}: {promise.type} {promise.said} is not in the log")


def _all_was_followed(found: Findings, book: Book, books: dict[str, Book]) -> None:
    """What a reader has applied is the source's log: all of it, once, in its order."""
    for source, applied in book.applied.items():
        log = [(fact.position, fact.id) for fact in books[source].log]
        if applied == log:
            continue
        times = Counter(event_id for _, event_id in applied)
        where = f"{book.service} of {source}"
        found.lost |= {f"{where}: {event_id} was never applied" for _, event_id in log if event_id not in times}
        found.doubled |= {f"{where}: {event_id} was applied {n} times" for event_id, n in times.items() if n > 1}
        known = dict(log)
        wrong = [position for position, event_id in applied if known.get(position) != event_id]
        found.out_of_order |= {f"{where}: another fact was applied at {position}" for position in wrong}


def _effects_are_there(
    found: Findings,
    book: Book,
    books: dict[str, Book],
    marks: Iterable[Mark],
    *,
    excused: Excused,
    late: tuple[tuple[str, str], int] | None,
) -> None:
    """Each fact has left its mark, and the marks of a household came in the order of each log."""
    by_type = {mark.type: mark for mark in marks}
    for source in book.applied:
        last: dict[str, tuple[int, int | None]] = {}
        for fact in books[source].log:
            mark = by_type.get(fact.type)
            if mark is None or not mark.due(fact.data) or excused.spares(fact):
                continue
            key = mark.key_of(fact.data)
            where = f"{book.service}: {mark.table} of {source}:{fact.position} ({fact.type} {key})"
            step = book.steps[mark].get(key)
            if key not in book.marks[mark]:
                found.lost.add(f"{where} is not there")
            elif step is None:
                found.out_of_order.add(f"{where} came nobody knows when")
            if step is None or (late and late[0] == (book.service, fact.type) and (fact.position or 0) <= late[1]):
                continue
            before, position = last.get(fact.subjects[0], (0, None))
            if step < before:
                found.out_of_order.add(f"{where} came before {source}:{position}")
            last[fact.subjects[0]] = (step, fact.position)


def _once(found: Findings, books: dict[str, Book], excused: Excused) -> None:
    """One consultation a call, one case a household, one notification a matter, each visit counted once."""
    _no_more_than_one(found, "intake: consultations with the same words", books["intake"].words)
    _no_more_than_one(found, "casework: cases of household", books["casework"].cases)
    opened = [fact.data["household"] for fact in books["casework"].log if fact.type == "casework.case_opened"]
    _no_more_than_one(found, "casework: openings of a case of household", opened)
    notify = books["notify"]
    _no_more_than_one(
        found, "notify: notifications of", [f"{n[0]} {n[1]} {n[3]}" for n in notify.notifications if n[3]]
    )
    sent = [fact.data["notification"] for fact in notify.log if fact.type == "notify.notification_sent"]
    _no_more_than_one(found, "notify: statements of notification", sent)
    reports = Counter(fact.subjects[0] for fact in books["outreach"].log if fact.type == "outreach.visit_reported")
    for service in ("casework", "outreach"):
        for household, visits in books[service].visits.items():
            if household in excused.households or visits == reports[household]:
                continue
            kind = found.doubled if visits > reports[household] else found.lost
            kind.add(f"{service}: household {household} counts {visits} visits of {reports[household]}")


def _no_more_than_one(found: Findings, what: str, keys: Iterable[str]) -> None:
    found.doubled |= {f"{what} {key}: {times}" for key, times in Counter(keys).items() if times > 1}


def _told(found: Findings, books: dict[str, Book], excused: Excused) -> None:
    """Everybody whom a fact concerns has a notification because of it."""
    told: dict[str, dict[str, str]] = defaultdict(dict)
    for post, kind, because, _ in books["notify"].notifications:
        told[because][post] = kind
    log = books["casework"].log
    owners = {fact.data["case"]: fact.data["owner"] for fact in log if fact.type == "casework.case_opened"}
    asked = {fact.data["request"]: fact.data["requested_by"] for fact in log if fact.type == "casework.visit_requested"}
    tellings = {telling.type: telling for telling in TELLINGS}
    for book in books.values():
        for fact in book.log:
            telling = tellings.get(fact.type)
            if telling is None or excused.spares(fact):
                continue
            people = _whom(telling, fact, owners, asked) - {fact.actor}
            where = f"notify: of {book.service}:{fact.position} ({fact.type} {fact.id})"
            found.lost |= {f"{where} post {post} was not told" for post in people - told[fact.id].keys()}
            if telling.anyone and not told[fact.id]:
                found.lost.add(f"{where} nobody was told")


def _whom(telling: Telling, fact: Fact, owners: dict[str, str], asked: dict[str, str]) -> set[str | None]:
    people: set[str | None] = set()
    for name in telling.whom:
        value = fact.data[name]
        people.update(value if isinstance(value, list) else [value])
    if telling.owner:
        people.add(owners.get(fact.data["case"]))
    if telling.requester:
        people.add(asked.get(fact.data["request"]))
    return people - {None}
