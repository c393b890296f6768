"""Addresses and telephone numbers brought to one form for comparing: 丁目・番・号, 漢数字, width, building and room."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.intake.rules.names import reading_key
from services.intake.rules.variants import unify_kanji

_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_KANJI_NUMBER = re.compile(r"[〇零一二三四五六七八九十百]+(?=丁目|丁|番地|番|号|条|階|の[0-9〇零一二三四五六七八九十])")
_AFTER_NO = re.compile(r"(?<=の)[〇零一二三四五六七八九十]+")
_HYPHENS = re.compile(r"[‐‑‒–—―−﹣ー~〜]")
_UNITS = re.compile(r"丁目|丁(?=\d)|番地の?|番(?!館)|号(?!室|棟|館)")
_PREFECTURE = re.compile(r"^(?:東京都)?(?:[^0-9]{1,4}区)?(?=.)")
_SHAPE = re.compile(r"^(?P<town>[^0-9]*)(?P<numbers>\d+(?:-\d+){0,3})?-*(?P<rest>.*)$")
_ROOM = re.compile(r"^(?P<building>.*?)-*#?(?P<room>[A-Z]?-?\d{1,4}[A-Z]?)(?:号室|号|室)?$")
_HOUSE_NUMBERS = 3
_SHORTEST_PHONE, _LONGEST_PHONE = 9, 11


@dataclass(frozen=True, slots=True)
class Address:
    """An address for comparing. ``town`` with ``numbers`` (丁目-番-号), the building as read, the room."""

    town: str = ""
    numbers: str = ""
    building: str = ""
    room: str = ""

    @property
    def block(self) -> str:
        """Town and numbers: 桜台2-3-4; the town alone when there are none."""
        return f"{self.town}{self.numbers}"

    @property
    def key(self) -> str:
        """Block and building, without the room: what ``household.address_key`` holds."""
        return f"{self.block}/{self.building}" if self.building else self.block

    @property
    def exact(self) -> bool:
        """Whether it names one house or building, not just a street."""
        return self.numbers.count("-") >= 1 or bool(self.building and self.town)


def read_address(text: str, room: str = "") -> Address:
    """Read an address as people write it; ``room`` where it was asked separately."""
    plain = _plain(text)
    shape = _SHAPE.match(plain)
    if not plain or shape is None:
        return Address(room=read_room(room))
    numbers, rest = shape["numbers"] or "", shape["rest"]
    found_room = read_room(room)
    parts = numbers.split("-") if numbers else []
    if len(parts) > _HOUSE_NUMBERS:
        found_room = found_room or parts.pop()
    if rest and (split := _ROOM.match(rest)):
        found_room = found_room or split["room"].replace("-", "")
        rest = split["building"]
    town = re.sub(r"(?:大字|字)", "", shape["town"])
    numbers = "-".join(str(int(part)) for part in parts)
    return Address(reading_key(town), numbers, reading_key(rest), found_room)


def read_room(text: str) -> str:
    """A room number for comparing: ２０３号室, 203, #203 and 0203 come to 203."""
    plain = unify_kanji(text).upper()
    plain = re.sub(r"号室|号|室|[\s#\-]", "", plain)
    return plain.lstrip("0")


def read_phone(text: str) -> str:
    """The digits of a telephone number in national form, or nothing when it can't be one."""
    digits = re.sub(r"[^\d+]", "", unify_kanji(text))
    if digits.startswith("+81"):
        digits = "0" + digits[3:].lstrip("0")
    digits = digits.replace("+", "")
    return digits if digits.startswith("0") and _SHORTEST_PHONE <= len(digits) <= _LONGEST_PHONE else ""


def _plain(text: str) -> str:
    plain = re.sub(r"\s+", " ", unify_kanji(text)).strip().upper()
    plain = _KANJI_NUMBER.sub(lambda m: str(_number(m[0])), plain)
    plain = _AFTER_NO.sub(lambda m: str(_number(m[0])), plain)
    plain = re.sub(r"(?<=\d)の(?=\d)", "-", plain)
    plain = re.sub(r"(?<=\d)" + _HYPHENS.pattern + r"(?=\d)", "-", plain)
    plain = _UNITS.sub("-", plain)
    plain = re.sub(r"(?<=\d)(?: |(?<=-))+(?=\D)", "-", plain)
    plain = re.sub(r"(?<=-) (?=\d)", "", plain).replace(" ", "-" if re.search(r"\d \d", plain) else "")
    plain = re.sub(r"-{2,}", "-", plain)
    return _PREFECTURE.sub("", plain).strip("-")


def _number(kanji: str) -> int:
    """漢数字 up to 999, in positions (二三) or with 十 and 百."""
    if "十" not in kanji and "百" not in kanji:
        return int(kanji.translate(_KANJI_DIGITS))
    total, digit = 0, 0
    for letter in kanji:
        if letter in "十百":
            total += (digit or 1) * (10 if letter == "十" else 100)
            digit = 0
        else:
            digit = int(letter.translate(_KANJI_DIGITS))
    return total + digit
