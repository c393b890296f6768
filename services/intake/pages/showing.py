"""What the household's page and its fragments have in common: the view put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.queries.family import family_picture
from services.intake.reasons import said_of_birth, sentence_maker, short_name, shown
from services.intake.rules.reasons import Reason
from shared import clock
from shared.i18n import N_, gettext, speaking

if TYPE_CHECKING:
    from services.intake.queries.household import Due, HouseholdView, MemberView
    from shared.codes import Codes

_DUES = {
    "sight_check": N_("目で見て安全を確かめる(相談の受付から)"),
    "first_contact": N_("はじめて会う(相談の受付から)"),
    "consent": N_("口頭の同意を確かめる"),
    "protection": N_("支援措置の更新"),
}
_NAMED = 3


def household_context(view: HouseholdView, codes: Codes, locale: str) -> dict[str, Any]:
    """What the templates of a household read."""
    say = sentence_maker(view, codes, locale)
    guarded = {one.row.id for one in view.members if one.guarded}
    due = view.next_due()
    with speaking(locale):
        picture = family_picture(
            [one.row for one in view.members],
            view.facts,
            view.book,
            guarded=guarded,
            called=lambda row: short_name(row.name, codes.label("RELATION", row.relation, locale)),
        )
    return {
        "view": view,
        "home": view.home,
        "people": [_person(one, codes, locale) for one in view.members],
        "named": [_person(one, codes, locale) for one in view.members if one.here][:_NAMED],
        "picture": picture,
        "due": due,
        "due_text": due_text(due, locale),
        "due_late": due is not None and due.moment < clock.now(),
        "types": [
            {
                "row": one,
                "name": codes.label("TYPE", one.code, locale),
                "tags": [codes.label("TYPE_TAG", tag, locale) for tag in one.tags],
                "reasons": [shown(Reason.from_json(reason), say) for reason in one.reasons],
            }
            for one in view.findings
        ],
        "questions": [say(one) for one in view.questions],
        "warnings": [say(one) for one in view.warnings],
        "safety": [codes.label("SAFETY_FLAG", flag, locale) for flag in view.safety_flags],
    }


def due_text(due: Due | None, locale: str) -> str:
    """What must happen next."""
    return gettext(_DUES[due.kind], locale) if due else ""


def _person(one: MemberView, codes: Codes, locale: str) -> dict[str, Any]:
    row = one.row
    return {
        "row": row,
        "here": one.here,
        "guarded": one.guarded,
        "age": one.age,
        "about": row.birth_estimated,
        "birthday": one.birthday,
        "born": said_of_birth(row, locale),
        "relation": codes.label("RELATION", row.relation, locale),
        "name": row.name,
        "called": short_name(row.name, codes.label("RELATION", row.relation, locale)),
        "consents": [],
    }
