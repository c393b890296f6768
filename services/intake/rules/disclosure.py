"""開示請求 (個人情報保護法 76–88条): until when it is decided, what of a file is about others, what is blacked out.

Pure. Texts are really cut: where something was, stands :data:`BLACK`, as long for a letter as for a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

BLACK: Final = "■■■■"
OTHERS: Final = "78_1_2"
"""開示請求者以外の個人に関する情報 (78条1項2号): what is proposed for other people."""
EVERYWHERE: Final = "*"

State = Literal["received", "decided", "delivered", "withdrawn"]
Decision = Literal["full", "partial", "none", "no_answer"]

_NEXT: Final[Mapping[State, frozenset[State]]] = {
    "received": frozenset({"decided", "withdrawn"}),
    "decided": frozenset({"delivered"}),
    "delivered": frozenset(),
    "withdrawn": frozenset(),
}

_HONOURED = re.compile(r"([一-龠々ヶァ-ヴー]{1,8})(?:さん|様|さま|氏|くん|君|ちゃん|先生)")
_RELATIONS: Final = (
    "本人 母 父 兄 弟 姉 妹 祖母 祖父 長男 次男 二男 三男 長女 "
    "次女 二女 三女 娘 息子 妻 夫 嫁 孫 叔父 伯父 叔母 伯母 子 "
    "奥 旦那 お母 お父 お兄 お姉 主治医 医師 看護師 民生委員 大家 家主 隣 近所 "
    "皆 職員 担当 相談員 利用者 患者 学生 "
)
_NOT_A_NAME: Final = frozenset(_RELATIONS.split())
"""Words before さん that name nobody."""
_PHONE = re.compile(r"(?<![0-9-])0[0-9]{1,4}-?[0-9]{1,4}-?[0-9]{3,4}(?![0-9-])")
_SPACES = re.compile(r"[\s ]+")


def may_become(state: State, wanted: State) -> bool:
    """Whether a request in ``state`` can become ``wanted``."""
    return wanted in _NEXT[state]


def due_day(received_on: date, days: int, extension: int = 0) -> date:
    """The last day for the decision (83条: 30 days, once more by an extension); 初日不算入."""
    return received_on + timedelta(days=days + extension)


def stage(due_on: date, today: date) -> Literal["later", "soon", "over"]:
    """How near the last day is: ``soon`` is a week or less."""
    left = (due_on - today).days
    return "over" if left < 0 else "soon" if left <= 7 else "later"  # noqa: PLR2004 - a week


@dataclass(frozen=True, slots=True)
class Words:
    """A field of a part as these rules see it. ``third``: it is about somebody else as a whole."""

    part: str
    field: str
    text: str
    third: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something is blacked out, or (``ground`` empty) was looked at and is given.

    ``part``: a part's key, or ``*`` everywhere. ``field``: of that part; empty: the part as a whole. ``phrase``: these
    words only; empty: all of the field.
    """

    part: str
    field: str
    phrase: str
    ground: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.part, self.field, self.phrase


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text: given as it is, or (``ground``) one that is blacked out."""

    text: str
    ground: str = ""


def phrases_of(name: str) -> list[str]:
    """How a person may be called in a text: whole, without the space, the given name, the family name."""
    parts = [part for part in _SPACES.split(name.strip()) if part]
    if not parts:
        return []
    if len(parts) == 1:
        return parts
    return list(dict.fromkeys([name.strip(), "".join(parts), "".join(parts[1:]), parts[0]]))


def find_third_parties(
    words: Iterable[Words], others: Iterable[str], own: Iterable[str], phones: Iterable[str] = ()
) -> list[Mark]:
    """What is proposed to be blacked out, each place once: fields about others, names, numbers, and who is 〇〇さん.

    ``others``: names of other members, callers, staff; ``own``: names and readings of the person who asks, which are
    theirs to know; ``phones``: the person's own numbers.
    """
    mine = {phrase for name in own for phrase in phrases_of(name)}
    own_numbers = {_digits(phone) for phone in phones if phone}
    known = {phrase for name in others for phrase in phrases_of(name)} - mine
    found: dict[tuple[str, str, str], Mark] = {}
    whole = [one for one in words if one.text]
    for one in whole:
        if one.third:
            mark = Mark(one.part, one.field, "", OTHERS)
            found.setdefault(mark.place, mark)
    open_text = "\n".join(one.text for one in whole if not one.third)
    said = {match[1] for match in _HONOURED.finditer(open_text)} - mine - _NOT_A_NAME
    numbers = {match[0] for match in _PHONE.finditer(open_text) if _digits(match[0]) not in own_numbers}
    for phrase in sorted({one for one in known if len(one) > 1 and one in open_text} | said | numbers):
        mark = Mark(EVERYWHERE, "", phrase, OTHERS)
        found.setdefault(mark.place, mark)
    return list(found.values())


def settle_marks(proposed: Sequence[Mark], kept: Iterable[Mark]) -> list[tuple[Mark, bool]]:
    """Every mark with whether it is new: what an officer has decided stands, what nobody has looked at is proposed."""
    decided = {mark.place: mark for mark in kept}
    new = [(mark, True) for mark in proposed if mark.place not in decided]
    return [*((mark, False) for mark in decided.values()), *new]


def part_ground(part: str, marks: Iterable[Mark]) -> str:
    """On which ground a part is withheld as a whole; empty when it is not."""
    return next((mark.ground for mark in marks if mark.part == part and not mark.field and mark.ground), "")


def black_out(words: Words, marks: Sequence[Mark]) -> list[Piece]:
    """A field as it is given: pieces of text, and black ones of which nothing but the ground is left."""
    return [Piece(BLACK, piece.ground) if piece.ground else piece for piece in find_black(words, marks)]


def find_black(words: Words, marks: Sequence[Mark]) -> list[Piece]:
    """The same field for whoever decides: what is to be black still says what it says."""
    for mark in marks:
        if mark.ground and not mark.phrase and mark.part == words.part and mark.field == words.field:
            return [Piece(words.text, mark.ground)]
    grounds = {
        mark.phrase: mark.ground
        for mark in marks
        if mark.ground
        and mark.phrase
        and (mark.part == EVERYWHERE or (mark.part == words.part and mark.field in {"", words.field}))
    }
    if not grounds:
        return [Piece(words.text)]
    longest_first = sorted(grounds, key=lambda phrase: (-len(phrase), phrase))
    pattern = re.compile("|".join(re.escape(phrase) for phrase in longest_first))
    pieces, at = [], 0
    for match in pattern.finditer(words.text):
        if match.start() > at:
            pieces.append(Piece(words.text[at : match.start()]))
        pieces.append(Piece(match[0], grounds[match[0]]))
        at = match.end()
    if at < len(words.text):
        pieces.append(Piece(words.text[at:]))
    return pieces


def occurrences(phrase: str, words: Iterable[Words]) -> int:
    """How often a phrase stands in the texts."""
    return sum(one.text.count(phrase) for one in words)


def third_member(about: UUID | None, asker: UUID) -> bool:
    """Whether a field about member ``about`` is about somebody else than the person who asks."""
    return about is not None and about != asker


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
