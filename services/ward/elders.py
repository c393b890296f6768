"""Households around old age: 8050 and its kin, dementia alone, old caring for old. Pure.

Each function draws one example that the rules of intake find to be of its type, with what a caller might have said.
"""

from __future__ import annotations

from typing import Any

from services.ward.family import Drawing

Told = dict[str, Any]
"""What was said about the home and the call, by intake's names."""

_OTHER_SEX = {"female": "male", "male": "female"}


def _parent_relation(sex: str) -> str:
    return "mother" if sex == "female" else "father"


def _child_relation(sex: str) -> str:
    return "eldest_daughter" if sex == "female" else "eldest_son"


def _elder(draw: Drawing) -> str:
    """Two of three who outlive their spouse are women."""
    return draw.one_of("female", "female", "male")


def _idle_child(draw: Drawing, years: int, **answers: Any) -> str:
    sex = draw.one_of("male", "male", "male", "female")
    return draw.add(
        _child_relation(sex), sex, years,
        work=draw.one_of("not_working", "not_working", "job_seeking", "unable_to_work"),
        marital="never_married", own_pension="no", **answers,
    )  # fmt: skip


def draw_t8050(draw: Drawing) -> Told:
    """T8050: a parent in their 80s, a child in their 50s who does not work."""
    parent_age = draw.between(80, 88)
    child_age = min(58, max(50, parent_age - draw.between(24, 34)))
    sex = _elder(draw)
    draw.add(
        _parent_relation(sex),
        sex,
        parent_age,
        marital="widowed",
        care=draw.one_of("not_applied", "support_1", "care_1"),
    )
    if draw.chance.random() < 0.25:  # noqa: PLR2004 - a quarter still have both parents
        draw.add(_parent_relation(_OTHER_SEX[sex]), _OTHER_SEX[sex], min(95, parent_age + 2), care="not_applied")
    _idle_child(draw, child_age, withdrawn_months=draw.between(8, 240), talks_outside_family="no")
    return {
        "worries": ["withdrawal", draw.one_of("care", "income", "family")],
        "main_worry": "withdrawal",
        "concerns": ["eighty_fifty", "withdrawal"],
        "words": draw.one_of(
            "同居の子が長く家から出ていない。母親の年金だけで暮らしているようだ。",
            "父が弱ってきたが、子のことがあるので人を家に入れたくないと言う。",
            "買い物に出るのは母親だけ。息子さんの姿を何年も見かけない。",
        ),
    }


def draw_t8050w(draw: Drawing) -> Told:
    """T8050W (7040): parent in the 70s, child in the 40s who does not work."""
    sex = _elder(draw)
    draw.add(_parent_relation(sex), sex, draw.between(70, 78), marital="widowed")
    _idle_child(draw, draw.between(40, 47), withdrawn_months=draw.between(7, 120))
    return {
        "worries": ["withdrawal", "job_search"],
        "main_worry": "job_search",
        "concerns": ["withdrawal", "finding_work"],
        "words": "離職してから十年、面接に行けないまま。親が元気なうちに何とかしたい。",
    }


def draw_t9060(draw: Drawing) -> Told:
    """T9060: parent of 90 or more, child of 60 or more without a pension of their own."""
    draw.add("mother", "female", draw.between(90, 96), marital="widowed", care="care_2")
    _idle_child(draw, draw.between(60, 64), withdrawn_months=draw.between(24, 300), talks_outside_family="no")
    return {
        "worries": ["care", "income"],
        "main_worry": "care",
        "concerns": ["care", "withdrawal", "isolation"],
        "words": "九十代の母を、働いていない子がひとりで見ている。二人とも痩せてきた。",
    }


def draw_t8050a(draw: Drawing) -> Told:
    """T8050A: the parent is in hospital or a facility; the child remains."""
    draw.add(
        "mother", "female", draw.between(80, 89), marital="widowed", care="care_4", coresident="hospital_or_facility"
    )
    _idle_child(draw, draw.between(50, 58), withdrawn_months=draw.between(12, 200), talks_outside_family="no")
    return {
        "worries": ["income", "housing"],
        "main_worry": "income",
        "concerns": ["withdrawal", "poverty"],
        "words": "母親が入所した。残った子が食事をとれているか、施設の相談員が心配している。",
        "contact_person": "no",
    }


def draw_tdem1(draw: Drawing) -> Told:
    """TDEM1: 65 or more, dementia diagnosed, alone."""
    sex = draw.one_of("female", "female", "female", "male")
    draw.add(
        "self", sex, draw.between(66, 94), marital="widowed",
        dementia_diagnosis="yes", dementia_level=draw.one_of("iia", "iib", "iiia", "not_assessed"),
        care=draw.one_of("not_applied", "applying", "support_2", "care_1", "care_2", "care_3"),
    )  # fmt: skip
    return {
        "worries": ["illness", draw.one_of("care", "income", "neighbourhood")],
        "main_worry": "illness",
        "concerns": ["dementia", "isolation"],
        "words": draw.one_of(
            "同じ物を何度も買いに来る。通帳をなくしたと店で話していた。",
            "診断を受けたが通院が途切れている。火の始末を近所が心配している。",
            "ひとり暮らし。ごみの日がわからなくなり、薬ものみ忘れる。",
        ),
        "contact_person": draw.one_of("yes", "no", "unknown"),
        "uses_services": draw.one_of("yes", "no"),
    }


def draw_troro(draw: Drawing) -> Told:
    """TRORO: a couple over 75, one cares for the other."""
    draw.add("husband", "male", draw.between(79, 90), care="care_3", marital="married")
    draw.add(
        "wife", "female", draw.between(76, 86), marital="married", cares_for=["0"],
        care_hours_weekday=float(draw.between(4, 9)),
    )  # fmt: skip
    return {
        "worries": ["care"],
        "main_worry": "care",
        "concerns": ["care"],
        "words": "夫を支える妻の腰が限界に近い。夜も起こされて眠れない。",
    }


def draw_toyanaki(draw: Drawing) -> Told:
    """TOYANAKI: a disabled child over 40 whose only carer is a parent over 75."""
    child_age = draw.between(48, 55)
    child_sex = draw.one_of("male", "female")
    draw.add(
        "mother", "female", child_age + draw.between(27, 34), marital="widowed", cares_for=["1"], care_hours_weekday=5.0
    )
    draw.add(
        _child_relation(child_sex),
        child_sex,
        child_age,
        work="welfare_work",
        disability=["ai_2"],
        marital="never_married",
    )
    return {
        "worries": ["illness", "care"],
        "main_worry": "illness",
        "concerns": ["after_parents", "disability"],
        "words": "自分が動けなくなったら、この子はどこで暮らすのか。それだけが気がかり。",
    }


def draw_tsibcare(draw: Drawing) -> Told:
    """TSIBCARE: a brother or sister cares for another."""
    draw.add("self", "female", draw.between(62, 70), marital="never_married", cares_for=["1"], care_hours_weekday=6.0)
    draw.add("brother", "male", draw.between(64, 74), disability=["mental_2"], care="care_1", marital="never_married")
    return {
        "worries": ["care", "family"],
        "main_worry": "care",
        "concerns": ["care", "mental_health"],
        "words": "両親を送ってから、きょうだい二人。弟の世話で自分の通院ができない。",
    }
