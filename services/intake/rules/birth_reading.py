"""Reads a date of birth or an age as people write it: 和暦 or western, whole or in part, exact or about.

Sources: eras from ``shared.wareki``; the one-digit era codes (1 明治 … 5 令和) are those of ward systems' seven-digit
dates. What can't be read, or can't be, is refused with a sentence that names what is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta

from services.intake.rules.birth import OLDEST_AGE, UNKNOWN_BIRTH, Birth, Precision, born_when_aged
from shared.errors import Refused
from shared.i18n import N_
from shared.wareki import ERAS, Era, era_of

FIELD = "birth"
TOLD_AGE_MARGIN = 1
"""An age told without a date may be 数え年 or last year's: one year either way."""
ABOUT_MARGIN = 5
"""「53くらい」 may be five years off either way."""
_LONGEST = 40
_DECADE = 10

_BLANK = frozenset(
    {"", "-", "?", "不明", "不詳", "未詳", "未確認", "未聴取", "わからない", "分からない", "unknown", "n/a"}
)
_ABOUT = re.compile(r"(くらい|ぐらい|位|頃|ころ|ごろ|前後|程度|\(推定\)|推定|about|approx\.?|around|約|およそ|~)")
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_TENS = re.compile(r"(\d?)十(\d?)")

_ERA_NAMES = {name: era for era in ERAS for name in (era.name, era.name[0], era.letter)}
_ERA_CODES = dict(zip("54321", ERAS, strict=True))
_ERA = "|".join(sorted(map(re.escape, _ERA_NAMES), key=len, reverse=True))
_SEPARATOR = r"[./\-年月・]"
_REST = rf"(?:{_SEPARATOR}(\d{{1,2}})(?:{_SEPARATOR}(\d{{1,2}})日?)?)?[年月日]?(?:生まれ|生)?"

_WAREKI = re.compile(rf"({_ERA})\.?(\d{{1,3}}|元){_REST}")
_WAREKI_SOLID = re.compile(rf"({_ERA})(\d{{2}})(\d{{2}})(\d{{2}})")
_WAREKI_CODE = re.compile(r"([1-5])(\d{2})(\d{2})(\d{2})")
_WAREKI_DECADE = re.compile(rf"({_ERA})(\d{{1,2}}0)年代(?:生まれ|生)?")
_WESTERN = re.compile(rf"(?:西暦)?(\d{{4}}){_REST}")
_WESTERN_SOLID = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WESTERN_DECADE = re.compile(r"(\d{3}0)年代(?:生まれ|生)?")
_AGE = re.compile(r"(?:満|数え)?(\d{1,3})(?:歳|才)?")
_AGE_GROUP = re.compile(r"(\d{1,2}0)(?:歳|才)?代")
_MONTHS = re.compile(r"(?:生後)?(\d{1,2})[かヶケカヵ]月")


def parse_birth(text: str, on: date) -> Birth:
    """Read ``text`` as it was told on the day ``on``; blank and 「不明」 give the unknown birth.

    Raises :class:`~shared.errors.Refused` (field ``birth``) for dates that do not exist, eras that had ended, days to
    come, ages above 130 and text that is no date.
    """
    said = text.strip()
    plain = _normalise(said)
    if plain in _BLANK:
        return UNKNOWN_BIRTH
    if len(plain) > _LONGEST:
        raise Refused(N_("生年月日が長すぎます。日付か年齢だけを書いてください。"), field=FIELD)
    about = _ABOUT.search(plain) is not None
    plain = _ABOUT.sub("", plain)
    birth = _read_age(plain, about=about, on=on) or _read_date(plain)
    if birth is None:
        raise Refused(
            N_("「{said}」を生年月日として読めません。例: 昭和18年3月3日、S18.3.3、1943-03-03、84歳、80代、不明"),
            field=FIELD,
            said=said,
        )
    return _reasonable(birth, on, about=about, said=said)


def _normalise(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).upper()
    plain = re.sub(r"\s+", "", plain)
    plain = re.sub(r"[‐‑‒–—―−ー]", "-", plain)
    plain = plain.translate(_DIGITS)
    plain = _TENS.sub(lambda m: f"{int(m[1] or 1)}{int(m[2] or 0)}", plain)
    lower = plain.lower()
    return lower if lower in _BLANK or _ABOUT.search(lower) else plain


def _read_age(plain: str, *, about: bool, on: date) -> Birth | None:
    if found := _MONTHS.fullmatch(plain):
        months = int(found[1])
        return Birth(
            _months_before(on, months + 1) + timedelta(days=1),
            _months_before(on, months),
            Precision.AGE,
            True,
        )
    if found := _AGE_GROUP.fullmatch(plain):
        low = int(found[1])
        _possible_age(low)
        return Birth(*born_when_aged(low, low + _DECADE - 1, on), Precision.AGE_GROUP, estimated=True)
    if found := _AGE.fullmatch(plain):
        years = int(found[1])
        _possible_age(years)
        margin = ABOUT_MARGIN if about else TOLD_AGE_MARGIN
        return Birth(*born_when_aged(max(0, years - margin), years + margin, on), Precision.AGE, estimated=True)
    return None


def _possible_age(years: int) -> None:
    if years > OLDEST_AGE:
        raise Refused(N_("{years}歳という年齢はありえません。"), field=FIELD, years=years)


def _months_before(on: date, months: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _read_date(plain: str) -> Birth | None:
    upper = plain.upper()
    if found := _WAREKI_DECADE.fullmatch(upper):
        era = _ERA_NAMES[found[1]]
        first = _era_year(era, int(found[2]))
        return Birth(date(first, 1, 1), date(first + _DECADE - 1, 12, 31), Precision.DECADE, estimated=True)
    if found := _WESTERN_DECADE.fullmatch(upper):
        first = int(found[1])
        return _span(first, first + _DECADE - 1)
    if found := _WAREKI_SOLID.fullmatch(upper) or _WAREKI.fullmatch(upper):
        year = 1 if found[2] == "元" else int(found[2])
        return _in_era(_ERA_NAMES[found[1]], year, found[3], found[4])
    if found := _WESTERN_SOLID.fullmatch(upper) or _WESTERN.fullmatch(upper):
        return _western(int(found[1]), found[2], found[3])
    if found := _WAREKI_CODE.fullmatch(upper):
        return _in_era(_ERA_CODES[found[1]], int(found[2]), found[3], found[4])
    return None


def _span(first: int, last: int) -> Birth:
    _existing_year(first)
    return Birth(date(first, 1, 1), date(last, 12, 31), Precision.DECADE, estimated=True)


def _western(year: int, month: str | None, day: str | None) -> Birth:
    _existing_year(year)
    if month is None:
        return Birth(date(year, 1, 1), date(year, 12, 31), Precision.YEAR)
    return _month_or_day(year, int(month), day)


def _existing_year(year: int) -> None:
    if year == 0:
        raise Refused(N_("西暦0年はありません。"), field=FIELD)


def _month_or_day(year: int, month: int, day: str | None) -> Birth:
    if not 1 <= month <= 12:  # noqa: PLR2004 - months of a year
        raise Refused(N_("{month}月はありません。"), field=FIELD, month=month)
    last = monthrange(year, month)[1]
    if day is None:
        return Birth(date(year, month, 1), date(year, month, last), Precision.MONTH)
    number = int(day)
    if not 1 <= number <= last:
        raise Refused(
            N_("{year}年{month}月{day}日という日はありません。{month}月は{last}日までです。"),
            field=FIELD, year=year, month=month, day=number, last=last,
        )  # fmt: skip
    return Birth(date(year, month, number), date(year, month, number), Precision.DAY)


def _in_era(era: Era, year: int, month: str | None, day: str | None) -> Birth:
    western = _era_year(era, year)
    born = _western(western, month, day)
    first, last = era.start, _last_day(era)
    if born.latest < first or (last is not None and born.earliest > last):
        _refuse_day_outside(era, year, born)
    return Birth(max(born.earliest, first), born.latest if last is None else min(born.latest, last), born.precision)


def _era_year(era: Era, year: int) -> int:
    if year == 0:
        raise Refused(N_("{era}0年はありません。最初の年は{era}元年です。"), field=FIELD, era=era.name)
    western = era.start.year + year - 1
    last = _last_day(era)
    if last is not None and western > last.year:
        raise Refused(
            N_("{era}{year}年はありません。{era}は{last}年までです({other}{number}年かもしれません)。"),
            field=FIELD, era=era.name, year=year, last=last.year - era.start.year + 1,
            **_named_otherwise(date(western, 12, 31)),
        )  # fmt: skip
    return western


def _refuse_day_outside(era: Era, year: int, born: Birth) -> None:
    first = born.earliest
    raise Refused(
        N_("{era}{year}年{month}月{day}日は{era}ではありません。{other}{number}年です。"),
        field=FIELD, era=era.name, year=year, month=first.month, day=first.day, **_named_otherwise(first),
    )  # fmt: skip


def _named_otherwise(day: date) -> dict[str, object]:
    found = era_of(day)
    return {"other": found[0].name, "number": found[1]} if found else {"other": N_("西暦"), "number": day.year}


def _last_day(era: Era) -> date | None:
    """The day before the next era began; the present era has none."""
    later = [other.start for other in ERAS if other.start > era.start]
    return min(later) - timedelta(days=1) if later else None


def _reasonable(birth: Birth, on: date, *, about: bool, said: str) -> Birth:
    if birth.earliest > on:
        raise Refused(N_("生年月日「{said}」は未来の日付です。"), field=FIELD, said=said)
    if birth.latest < born_when_aged(OLDEST_AGE, OLDEST_AGE, on)[0]:
        raise Refused(N_("生年月日「{said}」では{oldest}歳を超えます。"), field=FIELD, said=said, oldest=OLDEST_AGE)
    return Birth(birth.earliest, min(birth.latest, on), birth.precision, estimated=birth.estimated or about, said=said)
