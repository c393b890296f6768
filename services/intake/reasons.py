"""What rules and records say, in words: whom a reason is about is put in only here, for the one who looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from services.intake.queries.facts import birth_of
from services.intake.rules.birth import Precision, shown_age
from services.intake.rules.reasons import Mark, Reason, say
from shared import clock, formats
from shared.i18n import N_, gettext, speaking

if TYPE_CHECKING:
    from services.intake.queries.household import HouseholdView
    from services.intake.tables import Member
    from shared.codes import Codes

Say = Callable[[Reason], str]

_MARKS = {Mark.FOR: "yes", Mark.NEAR: "near", Mark.OPEN: "ask", Mark.AGAINST: "no"}
"""The marks as the parts of the pages call them."""


def sentence_maker(view: HouseholdView, codes: Codes, locale: str) -> Say:
    """Says reasons about the members of one household."""
    return sayer({str(one.row.id): (one.row.name, one.row.relation) for one in view.members}, codes, locale)


def sayer(people: Mapping[str, tuple[str, str]], codes: Codes, locale: str) -> Say:
    """Says reasons about ``people``: member id to (name, relation code)."""

    def who(member: str) -> str:
        name, relation = people.get(member, ("", "unknown"))
        return short_name(name, codes.label("RELATION", relation, locale))

    def sentence(reason: Reason) -> str:
        return say(
            reason,
            lambda text: gettext(text, locale),
            who,
            lambda name, code: codes.label(name, code, locale),
        )

    return sentence


def short_name(name: str, relation: str) -> str:
    """How a person is called within the family: the given name where a space shows it, else the relation."""
    parts = name.replace("\u3000", " ").split()
    return parts[-1] if len(parts) > 1 else (name or relation)


def shown(reason: Reason, sentence: Say) -> dict[str, str]:
    """A reason as the part ``why`` of the pages wants it."""
    return {"kind": _MARKS[reason.mark], "text": sentence(reason)}


def said_of_birth(member: Member, locale: str) -> str:
    """「83歳・1943-03-03」, 「53歳くらい(聞き取り・推定)」; nothing when nothing is known."""
    birth = birth_of(member)
    age = shown_age(birth, clock.today())
    if age is None:
        return ""
    with speaking(locale):
        if birth.day is not None:
            return f"{formats.years(age)}・{birth.day.isoformat()}"
        words = formats.years(age, about=True)
        if birth.precision in {Precision.AGE, Precision.AGE_GROUP} or birth.estimated:
            return words + gettext(N_("(聞き取り・推定)"))
        return f"{words}・{birth.earliest.year}" + ("" if birth.earliest.year == birth.latest.year else "–")
