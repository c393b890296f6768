"""Answers that are kept as traits, put into words: for the file of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.codes import Codes

_NAMES: Final = {
    "talks_outside_family": N_("家族のほかに話す相手がいる"),
    "studies": N_("学校・訓練に通っている"),
    "own_pension": N_("自分の年金がある"),
    "sees_doctor": N_("受診している"),
    "illness_suspected": N_("受診していない病気の疑い"),
    "refuses_help": N_("支援や受診をことわる"),
    "alone_by_day": N_("日中ひとりになる"),
    "school_missed": N_("欠席・遅刻・不登校がある"),
    "carer_concern": N_("世話の負担が心配"),
    "withdrawn_months": N_("外に出ていない月数"),
    "care_hours_weekday": N_("平日の世話の時間"),
    "parents": N_("親"),
    "cares_for": N_("世話をしている相手"),
    "lifeline_stopped": N_("電気・ガス・水道が止まっている"),
    "contact_person": N_("気づいて電話してくれる人がいる"),
    "uses_services": N_("サービスを使っている"),
    "rent_arrears_months": N_("家賃の滞納(月数)"),
    "hoarding": N_("物の堆積(0 なし〜3 歩けない)"),
    "last_reaction": N_("さいごに反応があった日"),
    "told_arrears": N_("本人から聞いた滞納"),
    "concerns": N_("課題(アセスメント)"),
}
_VALUES: Final = {"yes": N_("はい"), "no": N_("いいえ"), "unknown": N_("不明"), "outside": N_("別に住む人")}
_LISTS: Final = {"concerns": "CONCERN", "told_arrears": "ARREARS"}


def answers_in_words(
    traits: Mapping[str, Any], codes: Codes, locale: str, people: Mapping[str, str] | None = None
) -> list[str]:
    """「自分の年金がある: はい」 for each answer; ``people``: member id to how they are called."""
    return [
        f"{gettext(_NAMES.get(name, name), locale)}: {_value(name, value, codes, locale, people or {})}"
        for name, value in traits.items()
    ]


def _value(name: str, value: Any, codes: Codes, locale: str, people: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return "・".join(_value(name, one, codes, locale, people) for one in value)
    text = str(value)
    if name in _LISTS:
        return codes.label(_LISTS[name], text, locale)
    return people.get(text) or gettext(_VALUES.get(text, text), locale)
