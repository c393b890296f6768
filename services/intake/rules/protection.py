"""Protection (DV等支援措置): how long it runs, who may see how much, and how the glass is broken.

A measure runs for a year and is renewed from a month before its end; it never ends by itself. Whoever must see an
address without standing on the allow-list needs a reason and a second *person* (domain brief 4.5; ADR 0044).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from services.intake.rules.rights import Part
from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_

PASSED = -1
"""The warning that the day has passed."""
_SECONDS = frozenset({"caseworker", "coordinator", "manager", "agency_worker", "outreach_lead"})
"""Posts that may be the second person of their own agency."""


class Sight(StrEnum):
    """How much of a household's page somebody sees."""

    ALL = "all"
    HOME = "home"
    """Of a household that is split for view: the side that is not kept apart."""
    CONTACT = "contact"
    """Who they are, where, what must be avoided and what was agreed to; not what was told."""
    MASKED = "masked"
    """Who takes part without being on the allow-list: neither names nor places nor what was told."""
    RECEIPT = "receipt"
    """One's own words, and that they have arrived."""
    NUMBER = "number"
    """That there is a household of this number, and how to ask for more."""


@dataclass(frozen=True, slots=True)
class ProtectionRules:
    """What the ward has set (code list PROTECTION_RULE)."""

    warn_days: tuple[int, ...] = (60, 30, 7)
    renew_days: int = 31
    longest_days: int = 1098
    glass: timedelta = timedelta(minutes=60)
    """How long it stays open."""
    answer: timedelta = timedelta(minutes=10)
    """How long the second person alone may answer; then any manager or coordinator may."""
    lapse: timedelta = timedelta(minutes=120)
    """When an unanswered request is nothing any more."""

    @classmethod
    def of(cls, rows: Mapping[str, Mapping[str, Any]]) -> Self:
        """Read the attributes by code; what is missing or no number keeps its default."""
        plain = cls()

        def number(code: str, name: str, default: int) -> int:
            value = rows.get(code, {}).get(name)
            return value if isinstance(value, int) and value > 0 else default

        days = rows.get("warn_days", {}).get("days")
        wanted = [day for day in days if isinstance(day, int) and day >= 0] if isinstance(days, list) else []

        def minutes(code: str, default: timedelta) -> timedelta:
            return timedelta(minutes=number(code, "minutes", int(default.total_seconds()) // 60))

        return cls(
            warn_days=tuple(sorted(set(wanted), reverse=True)) or plain.warn_days,
            renew_days=number("renew_days", "days", plain.renew_days),
            longest_days=number("longest_days", "days", plain.longest_days),
            glass=minutes("glass_minutes", plain.glass),
            answer=minutes("glass_answer_minutes", plain.answer),
            lapse=minutes("glass_lapse_minutes", plain.lapse),
        )


def sight(
    parts: Collection[Part], *, kept_back: bool, listed: bool, let_in: bool, home_only: bool, split: bool, part: bool
) -> Sight:
    """How much of a visible household a viewer sees whose relations show ``parts``.

    ``listed``: owner or allow-list; ``let_in``: through an open glass; ``home_only``: on the allow-list for the home
    side alone; ``part``: works for it, be it without being listed.
    """
    if kept_back and let_in:
        return Sight.ALL
    if kept_back and not listed:
        if home_only and split:
            return Sight.HOME
        return Sight.MASKED if part or home_only else Sight.NUMBER
    if "told" in parts:
        return Sight.ALL
    if "contact" in parts or kept_back:
        return Sight.CONTACT
    return Sight.RECEIPT if "receipt" in parts else Sight.NUMBER


def demand_end_day(ends_on: date | None, today: date, rules: ProtectionRules) -> None:
    """Refuse a day that can't be the end of a measure: the office grants a year, so a day far away is a slip."""
    if ends_on is None:
        return
    if ends_on <= today:
        raise Refused(N_("期限は、きょうより後の日にしてください。"), field="ends_on")
    if ends_on > today + timedelta(days=rules.longest_days):
        raise Refused(N_("措置は1年ごとに更新します。3年より先の日は書けません。"), field="ends_on")


def demand_renewal(before: date | None, ends_on: date | None, today: date, rules: ProtectionRules) -> date:
    """The new end of a measure; Refused while it is too early, and for a day that is no renewal."""
    if ends_on is None:
        raise Refused(N_("新しい期限を書いてください。"), field="ends_on")
    demand_end_day(ends_on, today, rules)
    if before is None:
        return ends_on
    if ends_on <= before:
        raise Refused(N_("新しい期限は、いまの期限より後の日にしてください。"), field="ends_on")
    opens = before - timedelta(days=rules.renew_days)
    if today < opens:
        raise Refused(N_("更新できるのは {day} からです。"), field="ends_on", day=opens.isoformat())
    return ends_on


def warning_now(ends_on: date | None, warned: int | None, today: date, rules: ProtectionRules) -> int | None:
    """Which warning is due: 60, 30, 7 … days before, or PASSED; None when there is none, or it was given.

    After a stop only the latest one is given: nobody needs "60 days" and "30 days" on one morning.
    """
    if ends_on is None:
        return None
    left = (ends_on - today).days
    reached = [PASSED] if left < 0 else [days for days in rules.warn_days if left <= days]
    if not reached or (warned is not None and warned <= min(reached)):
        return None
    return min(reached)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A post, and the person who holds it."""

    post: UUID
    person: UUID
    agency: str
    role: str
    coordinates: bool = False
    """Sees across agencies: coordinators and managers."""
    works_cases: bool = True
    """False for operators and auditors, who see no household."""


def may_be_second(asker: Somebody, second: Somebody) -> bool:
    """Whether this post may approve: another person, of the same agency or one that coordinates."""
    if second.person == asker.person or not second.works_cases:
        return False
    return second.coordinates or (second.agency == asker.agency and second.role in _SECONDS)


def demand_request(asker: Somebody, second: Somebody | None, reason: str) -> UUID:
    """Refuse a request without a reason, or without a second person who may approve it; the post that is asked."""
    if not reason:
        raise Refused(N_("いま住所が要る理由を書いてください。"), field="reason")
    if second is None:
        raise Refused(N_("承認する2人目を選んでください。"), field="second")
    if second.person == asker.person:
        raise Refused(N_("自分の職は選べません。承認するのは、ほかの人です。"), field="second")
    if not may_be_second(asker, second):
        raise Refused(N_("2人目は、同じ機関か、調整担当・管理職から選んでください。"), field="second")
    return second.post


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the rules see it."""

    asker: Somebody
    second: UUID
    asked_at: datetime
    answer: str | None = None
    ends_at: datetime | None = None
    shut_at: datetime | None = None

    def waits(self, now: datetime, rules: ProtectionRules) -> bool:
        """Whether an answer would still count."""
        return self.answer is None and now < self.asked_at + rules.lapse

    def is_open(self, now: datetime) -> bool:
        """Whether its asker sees the household through it now."""
        return self.ends_at is not None and now < self.ends_at and self.shut_at is None


def may_answer(asked: Asked, who: Somebody, now: datetime, rules: ProtectionRules) -> bool:
    """Whether this person may answer now: who was named, and after a while whoever coordinates. Never the asker."""
    if not asked.waits(now, rules) or who.person == asked.asker.person:
        return False
    if who.post == asked.second:
        return may_be_second(asked.asker, who)
    return who.coordinates and who.works_cases and now >= asked.asked_at + rules.answer


def answer_request(asked: Asked, who: Somebody, answer: str, now: datetime, rules: ProtectionRules) -> datetime | None:
    """Until when the household is open to the asker; None when it was declined.

    Raises Forbidden for the asker and whoever was not asked, Conflict for what was answered or has lapsed.
    """
    if who.person == asked.asker.person:
        raise Forbidden(N_("自分の申し出は、自分では承認できません。"))
    if asked.answer is not None:
        raise Conflict(N_("この申し出には、すでに答えが出ています。"))
    if not asked.waits(now, rules):
        raise Conflict(N_("この申し出は時間がたって消えました。必要なら、もう一度頼んでもらってください。"))
    if not may_answer(asked, who, now, rules):
        raise Forbidden(N_("答えられるのは、頼まれた人です。返事がなければ、調整担当・管理職が代わって答えます。"))
    return now + rules.glass if answer == "approved" else None
