"""Two people corrected the same record: what the second one typed beside what stands there now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from services.intake.queries.household import HouseholdView
    from shared.codes import Codes

Difference = tuple[str, str, str]
"""Name of the field, what the viewer typed, what is saved now."""

_MEMBER = {
    "relation": (N_("続柄"), "relation", "RELATION"),
    "name": (N_("氏名"), "name", ""),
    "kana": (N_("読み(かな)"), "kana", ""),
    "sex": (N_("性別"), "sex", "SEX"),
    "birth": (N_("生年月日・年齢"), "birth_said", ""),
    "coresident": (N_("同居"), "coresident", "CORESIDENT"),
    "work": (N_("仕事"), "work", "WORK"),
    "care": (N_("介護"), "care", "CARE"),
    "dementia_diagnosis": (N_("認知症の診断"), "dementia_diagnosis", "DEMENTIA_DIAGNOSIS"),
    "dementia_level": (N_("認知症の自立度"), "dementia_level", "DEMENTIA_LEVEL"),
    "marital": (N_("結婚"), "marital", "MARITAL"),
    "phone": (N_("電話"), "phone", ""),
}
_HOME = {
    "address": (N_("住所"), "address", ""),
    "room": (N_("部屋"), "room", ""),
    "phone": (N_("電話"), "phone", ""),
    "district": (N_("地区"), "district", "DISTRICT"),
    "dwelling": (N_("住まい"), "dwelling", "DWELLING"),
}
"""Form field → label, column, code list."""


def differences(sent: dict[str, Any], view: HouseholdView, codes: Codes, locale: str) -> list[Difference]:
    """The fields of the sent form that are not as the record is now, in the order of the form."""
    if sent.get("what") == "home":
        row: Any = view.home
        fields = _HOME
    else:
        row = next((one.row for one in view.members if str(one.row.id) == sent.get("member_id")), None)
        fields = _MEMBER
    found: list[Difference] = []
    for name, (label, column, code_list) in fields.items():
        mine, theirs = str(sent.get(name) or ""), str(getattr(row, column, None) or "")
        if name in sent and mine != theirs:
            if code_list:
                mine, theirs = codes.label(code_list, mine, locale), codes.label(code_list, theirs, locale)
            found.append((gettext(label, locale), mine or "—", theirs or "—"))
    return found
