"""How dates, ages, deadlines and numbers are said, in the language of the running request.

Dates are shown in Tokyo time, in 和暦 and in western form; deadlines in days count working days (開庁日).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared import wareki as eras
from shared.calendar import working_days_between
from shared.clock import TOKYO, now
from shared.i18n import N_, current_locale, gettext, ngettext

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_HOURS_OF_A_DAY: Final = 24


def local(at: date | datetime) -> date | datetime:
    """A moment as the clock on the wall in Tokyo shows it; a plain date stays."""
    return at.astimezone(TOKYO) if isinstance(at, datetime) else at


def day_of(at: date | datetime) -> date:
    """The calendar day of ``at`` in Tokyo."""
    shown = local(at)
    return shown.date() if isinstance(shown, datetime) else shown


def machine_time(at: date | datetime) -> str:
    """For ``<time datetime>``: ``2026-06-18T10:14+09:00`` or ``2026-06-18``."""
    shown = local(at)
    return shown.isoformat(timespec="minutes") if isinstance(shown, datetime) else shown.isoformat()


def wareki(at: date | datetime, *, weekday: bool = True) -> str:
    """``令和8年6月18日(木)``; in English ``Thu 18 June 2026 (Reiwa 8)``."""
    day = day_of(at)
    if current_locale() == "ja":
        return eras.wareki(day, weekday=weekday)
    found = eras.era_of(day)
    tail = f" ({found[0].latin} {found[1]})" if found else ""
    head = f"{_DAYS[day.weekday()]} " if weekday else ""
    return f"{head}{day.day} {_MONTHS[day.month - 1]} {day.year}{tail}"


def both(at: date | datetime) -> str:
    """Both calendars: ``令和8年6月18日(木)(2026-06-18)``; English has both in ``wareki`` already."""
    day = day_of(at)
    return f"{wareki(day)}({day.isoformat()})" if current_locale() == "ja" else wareki(day)


def human_time(at: date | datetime, style: str = "full") -> str:
    """``at`` as people read it.

    style: ``full`` 令和8年6月18日(木)10:14 · ``both`` with the western date · ``day`` 6月18日(木) ·
    ``short`` 6/18 10:14 · ``date`` 6/18(木) · ``time`` 10:14. A date has no clock time in any style; of another year
    ``day``, ``short`` and ``date`` say the year too.
    """
    shown, day, japanese = local(at), day_of(at), current_locale() == "ja"
    hour = f"{shown.hour}:{shown.minute:02d}" if isinstance(shown, datetime) else ""
    other_year = day.year != day_of(now()).year
    if style == "time":
        return hour
    if style == "day":
        if other_year:
            return wareki(day)
        text = f"{day.month}月{day.day}日({eras.WEEKDAYS[day.weekday()]})"
        return text if japanese else f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    if style in {"short", "date"}:
        month = f"{day.month}/{day.day}" if japanese else f"{day.day} {_MONTHS[day.month - 1][:3]}"
        if other_year:
            month = f"{day.year}/{month}" if japanese else f"{month} {day.year}"
        if style == "date":
            return f"{month}({eras.WEEKDAYS[day.weekday()]})" if japanese else f"{_DAYS[day.weekday()]} {month}"
        return f"{month} {hour}".strip()
    long = both(day) if style == "both" else wareki(day)
    return long + (hour if japanese else f" {hour}") if hour else long


def years(count: int | None, *, about: bool = False) -> str:
    """``83歳`` / ``53歳くらい`` / ``年齢不明``."""
    if count is None:
        return gettext(N_("年齢不明"))
    return (gettext(N_("{n}歳くらい")) if about else gettext(N_("{n}歳"))).format(n=count)


def born(birth: date, on: date | None = None) -> str:
    """A birth date with the age beside it: ``昭和18年3月3日(1943)・83歳``."""
    age = eras.age(birth, on or day_of(now()))
    if current_locale() == "ja":
        return f"{eras.wareki(birth, weekday=False)}({birth.year})・{years(age)}"
    return f"{wareki(birth, weekday=False)}, {years(age)}"


def working_days(count: int) -> str:
    """A deadline in working days: ``あと 2開庁日`` / ``きょうまで`` / ``4開庁日すぎた``."""
    if count == 0:
        return gettext(N_("きょうまで"))
    if count < 0:
        return ngettext("{n}開庁日すぎた", "{n}開庁日すぎた", -count).format(n=-count)
    return ngettext("あと {n}開庁日", "あと {n}開庁日", count).format(n=count)


def calendar_days(count: int) -> str:
    """A deadline in calendar days: ``あと 91日`` / ``きょうまで`` / ``1日すぎた``."""
    if count == 0:
        return gettext(N_("きょうまで"))
    if count < 0:
        return ngettext("{n}日すぎた", "{n}日すぎた", -count).format(n=-count)
    return ngettext("あと {n}日", "あと {n}日", count).format(n=count)


def days_left(due: date | datetime, at: datetime | None = None) -> str:
    """How long until the day of ``due``, in working days."""
    return working_days(working_days_between(day_of(at or now()), day_of(due)))


def time_left(due: datetime, at: datetime | None = None) -> str:
    """How long until ``due`` on the running clock: ``あと 47時間53分``; over a day and past: ``2時間すぎた``."""
    left = due - (at or now())
    if left < timedelta(0):
        minutes = int(-left.total_seconds() // 60)
        hours = minutes // 60
        if hours >= 2 * _HOURS_OF_A_DAY:
            return ngettext("{n}日すぎた", "{n}日すぎた", hours // 24).format(n=hours // 24)
        return gettext(N_("{h}時間{m}分すぎた")).format(h=hours, m=minutes % 60)
    minutes = int(left.total_seconds() // 60)
    if minutes >= 3 * _HOURS_OF_A_DAY * 60:
        return calendar_days(minutes // (_HOURS_OF_A_DAY * 60))
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return gettext(N_("あと {m}分")).format(m=minutes)
    return gettext(N_("あと {h}時間{m}分")).format(h=minutes // 60, m=minutes % 60)


def ago(at: datetime, present: datetime | None = None) -> str:
    """How long ago: ``いま`` / ``5分前`` / ``3時間前`` / then the date."""
    minutes = int(((present or now()) - at).total_seconds() // 60)
    if minutes < 1:
        return gettext(N_("いま"))
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return ngettext("{n}分前", "{n}分前", minutes).format(n=minutes)
    if minutes < _HOURS_OF_A_DAY * 60:
        return ngettext("{n}時間前", "{n}時間前", minutes // 60).format(n=minutes // 60)
    return human_time(at, "short")


def span(gap: timedelta) -> str:
    """How long a while is, in its largest unit: ``12秒`` / ``3分`` / ``2時間`` / ``4日``."""
    seconds = max(int(gap.total_seconds()), 0)
    for unit, size in (("{n}日", 86400), ("{n}時間", 3600), ("{n}分", 60)):
        if seconds >= size:
            return ngettext(unit, unit, seconds // size).format(n=seconds // size)
    return ngettext("{n}秒", "{n}秒", seconds).format(n=seconds)


def number(value: float | None) -> str:
    """A number with thousands apart: ``1,500``; None is a dash."""
    return "–" if value is None else f"{value:,}"


def slug(text: str) -> str:
    """A short id for a heading, the same for the same text: ASCII, usable in ``id``."""
    return f"{zlib.crc32(str(text).encode('utf-8', 'replace')):08x}"


def role_word(role: str) -> str:
    """The name of a post's role."""
    return gettext(_ROLES.get(role, role))


_ROLES: Final = {
    "caseworker": N_("相談支援員"),
    "coordinator": N_("調整役"),
    "outreach_lead": N_("訪問リーダー"),
    "outreach_worker": N_("訪問"),
    "manager": N_("管理職"),
    "agency_worker": N_("関係機関"),
    "operator": N_("運用"),
    "auditor": N_("監査"),
}

FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "machine_time": machine_time,
    "human_time": human_time,
    "wareki": wareki,
    "both": both,
    "born": born,
    "number": number,
    "slug": slug,
    "ago": ago,
    "span": span,
    "working_days": working_days,
    "calendar_days": calendar_days,
    "days_left": days_left,
    "time_left": time_left,
    "years": years,
}
GLOBALS: Final[dict[str, Callable[..., Any]]] = {
    "age": eras.age,
    "role_word": role_word,
    "days_left": days_left,
    "time_left": time_left,
}
