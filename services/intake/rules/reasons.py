"""Why a rule says what it says: codes with their values, put into a sentence only when a person looks.

A reason holds member ids and codes, never a name, so it can be stored beside the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.intake.rules.sentences import LISTS, SENTENCES

Value = str | int | float
Translate = Callable[[str], str]
Label = Callable[[str, str], str]
"""(list, code) → words"""
Who = Callable[[str], str]
"""member id → how to call the person on this screen"""


class Mark(StrEnum):
    """How a reason speaks: ✓ for, ≈ near, ? still to ask, – against."""

    FOR = "for"
    NEAR = "near"
    OPEN = "open"
    AGAINST = "against"

    @property
    def sign(self) -> str:
        """The sign on the screen (always beside words, never alone)."""
        return {"for": "✓", "near": "≈", "open": "?", "against": "–"}[self.value]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its mark, its code in ``sentences.SENTENCES``, whom it is about, the values in it."""

    mark: Mark
    code: str
    members: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)

    def __hash__(self) -> int:
        """Equal reasons hash alike."""
        return hash((self.mark, self.code, self.members, tuple(sorted(self.values.items()))))

    def as_json(self) -> dict[str, Any]:
        """For storing: ``{"mark", "code", "members", "values"}``."""
        return {
            "mark": self.mark.value,
            "code": self.code,
            "members": list(self.members),
            "values": dict(self.values),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Reason:
        """What :meth:`as_json` gave."""
        return cls(Mark(stored["mark"]), stored["code"], tuple(stored["members"]), dict(stored["values"]))


def say(reason: Reason, translate: Translate, who: Who, label: Label) -> str:
    """The sentence of a reason in the language of ``translate`` and ``label``.

    A reason of a newer rule than this program knows is shown by its code.
    """
    sentence = SENTENCES.get(reason.code)
    if sentence is None:
        return reason.code
    values: dict[str, Value] = {
        name: label(LISTS[name], str(value)) if name in LISTS else value for name, value in reason.values.items()
    }
    people = [who(member) for member in reason.members]
    values["who"] = people[0] if people else ""
    values["other"] = people[1] if len(people) > 1 else ""
    return translate(sentence).format(**values)
