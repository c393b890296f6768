"""Meetings of named members (支援会議 and others bound by a law's secrecy): who sits, sees, lays before, recalls. Pure.

The chair is who called the meeting. It names posts; each signs the secrecy notice (守秘確認); from then on, until the
materials are recalled, it sees what was laid before the meeting. Sources: 社会福祉法106条の6, domain paper 1.2 a–g.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from services.casework.rules.cases import COUNCIL
from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_

RECALL_DAYS: Final = 14
"""Days after a meeting, where no term of the code list RECALL_TERM holds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of meeting as the list MEETING_KIND has it."""

    code: str
    basis: str
    named: bool = False
    """Single posts sit in it, named by the chair and bound by secrecy; otherwise agencies are called."""
    needs_consent: bool = False

    @classmethod
    def read(cls, code: str, attributes: Mapping[str, Any]) -> Kind:
        """From the attributes of a row."""
        return cls(
            code=code,
            basis=str(attributes.get("basis", "")),
            named=bool(attributes.get("named")),
            needs_consent=bool(attributes.get("consent")),
        )


@dataclass(frozen=True, slots=True)
class RecallTerm:
    """How many days after a meeting its materials are recalled, from a day on; for some kinds, or for all."""

    valid_from: date
    days: int
    kinds: frozenset[str] = frozenset()

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> RecallTerm:
        """From the attributes of a row of RECALL_TERM."""
        return cls(
            valid_from=date.fromisoformat(attributes.get("from", "1900-01-01")),
            days=int(attributes.get("days", RECALL_DAYS)),
            kinds=frozenset(attributes.get("kinds", ())),
        )


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """A post's seat in a meeting."""

    signed: bool
    released: bool


def recall_on(kind: str, met_on: date, terms: Iterable[RecallTerm]) -> date:
    """The day on which the materials are closed: by the newest term that holds on the day of the meeting."""
    fit = [one for one in terms if one.valid_from <= met_on and (not one.kinds or kind in one.kinds)]
    newest = max(fit, key=lambda one: (one.valid_from, bool(one.kinds)), default=None)
    return met_on + timedelta(days=newest.days if newest else RECALL_DAYS)


def call(kind: Kind, *, agencies: int, members: int, consented: bool, reason: str | None) -> None:
    """Whether the meeting may be called: some need a consent that stands, a support council without one a reason.

    Agencies are called to some kinds, single posts named for the others; never both.
    """
    if kind.named and agencies:
        raise Refused(N_("この種類の会議には、機関ではなく、職を一人ずつ指名します。"), field="agencies")
    if members and not kind.named:
        raise Refused(N_("この種類の会議は、機関ごとに呼びます。参加者の指名や資料はありません。"), field="members")
    if not kind.named and not agencies:
        raise Refused(N_("会議に呼ぶ機関を選んでください。"), field="agencies")
    if kind.needs_consent and not consented:
        raise Refused(
            N_("重層的支援会議には本人の同意がいります。同意がなければ支援会議にしてください。"), field="kind"
        )
    if kind.basis == COUNCIL and not consented and not reason:
        raise Refused(N_("同意のないまま支援会議で共有する理由を選んでください。"), field="reason")


def demand_named(*, named: bool) -> None:
    """Only meetings of named members have seats, materials and a recall."""
    if not named:
        raise Refused(N_("この種類の会議は、機関ごとに呼びます。参加者の指名や資料はありません。"))


def demand_chair(*, chairs: bool) -> None:
    """Naming, releasing and recalling are the chair's."""
    if not chairs:
        raise Forbidden(N_("この操作は、会議を呼びかけた議長だけができます。"))


def demand_open(*, is_open: bool) -> None:
    """After the recall nothing is named, laid or shown."""
    if not is_open:
        raise Conflict(N_("この会議の資料は、もう引き上げられています。"))


def name_member(seat: SeatFacts | None, *, in_force: bool) -> None:
    """A member is a post that is held today, and sits once."""
    if not in_force:
        raise Refused(N_("いまある職を選んでください。"), field="post")
    if seat is not None and not seat.released:
        raise Conflict(N_("この職は、もう参加者です。"))


def sign(seat: SeatFacts | None) -> None:
    """Only who is named signs, once."""
    if seat is None or seat.released:
        raise Forbidden(N_("この会議の参加者ではありません。"))
    if seat.signed:
        raise Conflict(N_("守秘の確認は、もうすんでいます。"))


def release(seat: SeatFacts | None, *, is_chair: bool) -> None:
    """The chair releases others; it can't leave its own meeting without one."""
    if seat is None or seat.released:
        raise Conflict(N_("この職は、もう参加者ではありません。"))
    if is_chair:
        raise Refused(N_("議長は外せません。"), field="post")


def lay(seat: SeatFacts | None, boxes: Iterable[str], items: frozenset[str]) -> None:
    """A member that has signed lays a sheet before the meeting: something in a box, of some class of item."""
    sit(seat)
    if not any(box.strip() for box in boxes):
        raise Refused(N_("四つの欄のどれか一つは書いてください。"), field="known")
    if not items:
        raise Refused(N_("何についての資料か、項目を選んでください。"), field="items")


def sit(seat: SeatFacts | None) -> None:
    """Only a named member that has signed the secrecy notice sees or lays anything."""
    if seat is None or seat.released:
        raise Forbidden(N_("この会議の参加者ではありません。"))
    if not seat.signed:
        raise Forbidden(N_("先に守秘の確認をしてください。"))
