"""Who is perhaps known already: keys to look up by, and a score of 0-100 with its reasons.

Records are linked, never merged, and only by a person. A household with a protected person (支援措置) is never offered:
the caller's query leaves it out, and :func:`rank_candidates` drops it once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.intake.rules.addresses import Address, read_address, read_phone
from services.intake.rules.birth import UNKNOWN_BIRTH, Birth, age_range
from services.intake.rules.names import family_key, is_kana, name_key, nearly_same, reading_key, split_name
from services.intake.rules.reasons import Mark, Reason, Value
from services.intake.rules.variants import unify_kanji

WORTH_SHOWING = 20
"""Lower scores are chance."""
SUSPICIOUS = 60
"""From here on a duplicate is suspected (``duplicate_suspected``)."""

SAME_HOME, SAME_BUILDING, OTHER_ROOM, OTHER_HOME = 45, 20, -5, -5
SAME_NAME, SAME_READING, NEAR_READING, SAME_FAMILY = 38, 32, 15, 12
SAME_BIRTH, BIRTH_FITS, BIRTH_DIFFERS = 25, 9, -15
SAME_PHONE, NEAR_PHONE = 30, 10
ANOTHER_PERSON = 8
_MOST = 100
_PHONE_SIGNS = re.compile(r"[\s+()‐‑‒–—―−ー\-]")
_PHONE_TAIL, _PHONE_START, _BIRTHDAY = 4, 3, 8

Key = tuple[str, str]
"""(kind, value) of ``search_key``: name, kana, family, given, birth, phone, tail (four digits), home, room."""
WEAK_KINDS = ("family", "given", "tail")
"""Kinds of key that hundreds of households share: alone they never make a household SUSPICIOUS."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person to compare. Names as written; they are folded here."""

    id: str
    name: str = ""
    kana: str = ""
    birth: Birth = UNKNOWN_BIRTH
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """A household to compare. ``protected``: somebody in it is, so it must not be offered."""

    id: str
    people: tuple[Person, ...] = ()
    address: str = ""
    room: str = ""
    phone: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a known household is: ``score`` 0-100, reasons with ✓, ≈ and –."""

    home: str
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Folded:
    """A person with the names as they are compared."""

    person: Person
    written: str
    reading: str
    families: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Read:
    """A household with everything brought to one form: once, however many it is compared with."""

    id: str
    place: Address
    places: frozenset[str]
    phones: frozenset[str]
    people: tuple[_Folded, ...]


@dataclass(frozen=True, slots=True)
class _Points:
    """Points for one thing compared, and the reason that is shown for them."""

    points: int
    reason: Reason


def member_keys(member: Mapping[str, Any]) -> tuple[Key, ...]:
    """What one member can be found by. Reads ``name``, ``kana``, ``phone``, ``birth_earliest`` and ``birth_latest``."""
    keys: list[Key] = []
    name, kana = member.get("name") or "", member.get("kana") or ""
    keys.append(("name", name_key(name)))
    keys.append(("kana", reading_key(kana or (name if is_kana(name) else ""))))
    for text in (name, kana):
        family, given = split_name(text)
        keys += [("family", family), ("given", given)]
    earliest, latest = member.get("birth_earliest"), member.get("birth_latest")
    if isinstance(earliest, date) and earliest == latest:
        keys.append(("birth", earliest.isoformat()))
    keys += _phone_keys(member.get("phone") or "")
    return _said(keys)


def household_keys(address: str, room: str = "", phone: str = "") -> tuple[Key, ...]:
    """What a household can be found by."""
    keys: list[Key] = []
    place = read_address(address, room)
    if place.exact:
        keys += [("home", home) for home in _places(place)]
        if place.room:
            keys += [("room", f"{home}#{place.room}") for home in _places(place)]
    keys += _phone_keys(phone)
    return _said(keys)


def address_keys(address: str, room: str = "") -> tuple[str, str]:
    """An address and a room as they are compared: the house, and the room within it."""
    place = read_address(address, room)
    return place.key, place.room


def search_keys(word: str) -> tuple[Key, ...]:
    """What one typed word may be the beginning of: a name, a reading, an address, a telephone number, a birthday."""
    digits = _PHONE_SIGNS.sub("", unify_kanji(word))
    if digits.isdigit():
        day = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == _BIRTHDAY else ""
        tail = digits if len(digits) == _PHONE_TAIL else ""
        phone = digits if len(digits) >= _PHONE_START else ""
        return _said([("phone", phone), ("tail", tail), ("birth", day)])
    name = name_key(word)
    keys = [("home", read_address(word).key), ("name", name), ("family", name), ("given", name)]
    if is_kana(word):
        keys.append(("kana", reading_key(word)))
    return _said(keys)


def _phone_keys(text: str) -> list[Key]:
    phone = read_phone(text)
    return [("phone", phone), ("tail", phone[-_PHONE_TAIL:])]


def _said(keys: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(key for key in keys if key[1]))


def _places(address: Address) -> tuple[str, ...]:
    """The house by its numbers, and by the building's name in its town: either may be missing."""
    places = [address.block] if address.numbers.count("-") else []
    if address.building:
        places.append(f"{address.town}/{address.building}")
    return tuple(places)


def rank_candidates(asked: Home, known: Iterable[Home], on: date) -> tuple[Likeness, ...]:
    """The known households that are worth showing, best first; protected ones and the asked one itself never."""
    read = _read_home(asked)
    found = [_compare(read, _read_home(home), on) for home in known if not home.protected and home.id != asked.id]
    shown = [likeness for likeness in found if likeness.score >= WORTH_SHOWING]
    return tuple(sorted(shown, key=lambda likeness: (-likeness.score, likeness.home)))


def compare(asked: Home, known: Home, on: date) -> Likeness:
    """How alike two households are."""
    return _compare(_read_home(asked), _read_home(known), on)


def _compare(asked: _Read, known: _Read, on: date) -> Likeness:
    points = [*_compare_homes(asked, known), *_compare_phones(asked, known), *_compare_people(asked, known, on)]
    score = max(0, min(_MOST, sum(p.points for p in points)))
    order = list(Mark)
    reasons = sorted((p.reason for p in points), key=lambda reason: order.index(reason.mark))
    return Likeness(known.id, score, tuple(reasons))


def _why(points: int, mark: Mark, code: str, *members: str, **values: Value) -> _Points:
    return _Points(points, Reason(mark, f"match_{code}", members, values))


def _read_home(home: Home) -> _Read:
    place = read_address(home.address, home.room)
    numbers = {read_phone(home.phone), *(read_phone(person.phone) for person in home.people)}
    people = tuple(_fold(person) for person in home.people)
    return _Read(home.id, place, frozenset(_places(place)), frozenset(numbers - {""}), people)


def _fold(person: Person) -> _Folded:
    kana = is_kana(person.name)
    return _Folded(
        person,
        written="" if kana else name_key(person.name),
        reading=reading_key(person.kana or (person.name if kana else "")),
        families=frozenset({family_key(person.name), family_key(person.kana)} - {""}),
    )


def _compare_homes(asked: _Read, known: _Read) -> Iterable[_Points]:
    one, other = asked.place, known.place
    if not (one.town and other.town):
        return
    if not asked.places & known.places:
        if one.town != other.town or (one.exact and other.exact):
            yield _why(OTHER_HOME, Mark.AGAINST, "other_home")
    elif one.room == other.room:
        yield _why(SAME_HOME, Mark.FOR, "same_room" if one.room else "same_home")
    elif one.room and other.room:
        yield _why(OTHER_ROOM, Mark.AGAINST, "other_room")
    else:
        yield _why(SAME_BUILDING, Mark.NEAR, "room_open")


def _compare_phones(asked: _Read, known: _Read) -> Iterable[_Points]:
    ours, theirs = asked.phones, known.phones
    if ours & theirs:
        yield _why(SAME_PHONE, Mark.FOR, "same_phone")
    elif any(_one_digit_off(a, b) for a in ours for b in theirs):
        yield _why(NEAR_PHONE, Mark.NEAR, "near_phone")


def _one_digit_off(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _compare_people(asked: _Read, known: _Read, on: date) -> Iterable[_Points]:
    """The pair that is most alike counts in full, every further pair a little."""
    pairs = []
    for one in asked.people:
        for other in known.people:
            points = list(_compare_person(one, other, on))
            pairs.append((sum(p.points for p in points), one.person.id, other.person.id, points))
    pairs.sort(key=lambda pair: -pair[0])
    seen: set[str] = set()
    for total, one_id, other_id, points in pairs:
        if f"a{one_id}" in seen or f"b{other_id}" in seen or total <= 0:
            continue
        if not seen:
            yield from points
        elif total >= SAME_READING:
            yield _why(ANOTHER_PERSON, Mark.FOR, "another_person", other_id)
        seen |= {f"a{one_id}", f"b{other_id}"}


def _compare_person(ours: _Folded, theirs: _Folded, on: date) -> Iterable[_Points]:
    name, one, other = _compare_names(ours, theirs), ours.person, theirs.person
    if name is None:
        if one.birth.day is not None and one.birth.day == other.birth.day:
            yield _why(SAME_BIRTH, Mark.FOR, "same_birth", other.id)
        return
    yield name
    if not (one.birth.known and other.birth.known):
        return
    if one.birth.day is not None and one.birth.day == other.birth.day:
        yield _why(SAME_BIRTH, Mark.FOR, "same_birth", other.id)
    elif one.birth.may_equal(other.birth):
        yield _why(BIRTH_FITS, Mark.NEAR, "birth_fits", other.id)
    else:
        years = _years_apart(one.birth, other.birth, on)
        yield _why(BIRTH_DIFFERS, Mark.AGAINST, "birth_differs", other.id, years=years)


def _years_apart(one: Birth, other: Birth, on: date) -> int:
    (a_low, a_high), (b_low, b_high) = age_range(one, on), age_range(other, on)
    return max(a_low - b_high, b_low - a_high, 0)


def _compare_names(ours: _Folded, theirs: _Folded) -> _Points | None:
    other = theirs.person.id
    if ours.written and ours.written == theirs.written:
        return _why(SAME_NAME, Mark.FOR, "same_name", other)
    if ours.reading and ours.reading == theirs.reading:
        return _why(SAME_READING, Mark.FOR, "same_reading", other)
    if nearly_same(ours.reading, theirs.reading):
        return _why(NEAR_READING, Mark.NEAR, "near_reading", other)
    if ours.families & theirs.families:
        return _why(SAME_FAMILY, Mark.NEAR, "same_family", other)
    return None
