"""The four households that are called about, as a caseworker would type them. Everybody is made up."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.wareki import short_wareki, wareki


def _born(years: int, today: date, month: int, day: int) -> date:
    """The birthday in ``month`` and ``day`` of somebody who is ``years`` old today."""
    had = (today.month, today.day) >= (month, day)
    return date(today.year - years - (0 if had else 1), month, day)


def eighty_fifty(today: date) -> dict[str, Any]:
    """Mother 84, son 56 without work; the neighbour calls, nobody has consented yet."""
    return {
        "channel": "phone",
        "route": "family_remote",
        "referrer": "neighbour",
        "caller_name": "隣家の 宇佐美",
        "caller_relation": "neighbour",
        "caller_phone": "03-0000-4471",
        "address": "水神二丁目9番4号 ゆうなぎ荘",
        "room": "203",
        "area": "n",
        "district": "suijin",
        "mesh": "533926992",
        "phone": "03-0000-7812",
        "dwelling": "rented",
        "worries": ["withdrawal", "care", "income"],
        "main_worry": "withdrawal",
        "words": "隣のお宅の母親が最近やせてきた。同居の息子さんは長く家にいて、めったに姿を見ない。",
        "avoid": "仕事の話から入らない。午前にチャイムを鳴らさない。",
        "members": [
            {
                "relation": "mother",
                "name": "鷲尾 フミヱ",
                "kana": "ワシオ フミエ",
                "sex": "female",
                "birth": wareki(_born(84, today, 3, 3), weekday=False),
                "coresident": "yes",
                "work": "pensioner",
                "care": "support_1",
                "consent": "not_contacted",
            },
            {
                "relation": "eldest_son",
                "name": "鷲尾 孝之",
                "kana": "ワシオ タカユキ",
                "sex": "male",
                "birth": short_wareki(_born(56, today, 1, 20)),
                "coresident": "yes",
                "work": "not_working",
                "consent": "not_contacted",
            },
        ],
        "urgency": "B",
    }


def alone_with_dementia(today: date) -> dict[str, Any]:
    """72 years old, alone, dementia diagnosed; the care manager calls."""
    return {
        "channel": "phone",
        "route": "agency",
        "referrer": "care_manager",
        "address": "桜台一丁目22番8号 あけぼのハイツ",
        "room": "105",
        "area": "c",
        "district": "sakuradai",
        "worries": ["illness", "care"],
        "main_worry": "illness",
        "words": "薬ののみ忘れが続く。火の元が心配。",
        "members": [
            {
                "relation": "self",
                "name": "蓮見 キヌ子",
                "kana": "ハスミ キヌコ",
                "sex": "female",
                "birth": wareki(_born(72, today, 2, 11), weekday=False),
                "coresident": "yes",
                "work": "pensioner",
                "marital": "widowed",
                "dementia_diagnosis": "yes",
                "dementia_level": "iia",
            }
        ],
        "urgency": "C",
    }


def single_mother(today: date) -> dict[str, Any]:
    """A mother with two children; she comes to the counter herself."""
    return {
        "channel": "counter",
        "route": "self_counter",
        "address": "橋場三丁目4番15号",
        "area": "s",
        "district": "hashiba",
        "worries": ["childcare", "income", "job_trouble"],
        "main_worry": "income",
        "words": "勤め先の時間が減って、家賃と給食費が重なると足りない。",
        "members": [
            {
                "relation": "self",
                "name": "駒井 ゆかり",
                "kana": "コマイ ユカリ",
                "sex": "female",
                "birth": _born(34, today, 6, 30).isoformat(),
                "coresident": "yes",
                "work": "employed",
                "marital": "divorced",
            },
            {
                "relation": "eldest_daughter",
                "name": "駒井 ほのか",
                "kana": "コマイ ホノカ",
                "sex": "female",
                "birth": _born(9, today, 5, 5).isoformat(),
                "coresident": "yes",
            },
            {
                "relation": "eldest_son",
                "name": "駒井 岳",
                "kana": "コマイ ガク",
                "sex": "male",
                "birth": _born(6, today, 11, 1).isoformat(),
                "coresident": "yes",
            },
        ],
        "urgency": "C",
    }


def unknown_ages() -> dict[str, Any]:
    """A mother and a son who does not work; how old they are nobody knows."""
    return {
        "channel": "visit",
        "route": "unknown",
        "referrer": "minsei",
        "address": "榎五丁目",
        "area": "w",
        "district": "enoki",
        "worries": ["withdrawal"],
        "main_worry": "withdrawal",
        "words": "民生委員より。母親と、働いていない息子が住んでいる。年はわからない。",
        "members": [
            {"relation": "mother", "name": "波多江", "birth": "不明", "coresident": "yes"},
            {"relation": "eldest_son", "birth": "不明", "coresident": "yes", "work": "not_working"},
        ],
        "urgency": "C",
    }


def secrets_of(request: dict[str, Any]) -> list[str]:
    """What of a request may be in intake alone: names, addresses, numbers, words."""
    plain = [
        request.get(name, "") for name in ("address", "phone", "caller_name", "caller_phone", "words", "avoid", "mesh")
    ]
    people = [member.get(name, "") for member in request["members"] for name in ("name", "kana")]
    return [text for text in (*plain, *people) if text]
