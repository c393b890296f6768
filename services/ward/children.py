"""Households with children: one parent, young carers, double care, absence from school, expectant mothers. Pure."""

from __future__ import annotations

from services.ward.elders import Told
from services.ward.family import Drawing


def _single_mother(draw: Drawing, least: int = 27) -> str:
    return draw.add(
        "self", "female", draw.between(least, 44), marital="divorced",
        work=draw.one_of("employed", "employed", "job_seeking", "on_leave"),
    )  # fmt: skip


def draw_tsp20(draw: Drawing) -> Told:
    """TSP20: one parent, children below 20."""
    father = draw.chance.random() < 0.12  # noqa: PLR2004 - about one in eight single parents is a father
    if father:
        draw.add("self", "male", draw.between(30, 48), marital="divorced", work="employed")
    else:
        _single_mother(draw)
    for place in range(draw.between(1, 3)):
        girl = draw.chance.random() < 0.5  # noqa: PLR2004
        # 長, 二, 三: an eldest son may have an elder sister; 続柄 count sons and daughters apart.
        rank = ("eldest", "second", "third")[place]
        draw.add(
            f"{rank}_{'daughter' if girl else 'son'}", "female" if girl else "male", draw.between(1, 16 - 4 * place)
        )
    return {
        "worries": ["childcare", draw.one_of("income", "job_trouble", "rent_loan")],
        "main_worry": "income" if father else "childcare",
        "concerns": ["single_parent", "poverty"],
        "words": draw.one_of(
            "夜の仕事をふやしたいが、子どもを見てくれる人がいない。",
            "養育費が途絶えた。給食費の通知が来るたびに胸が苦しい。",
            "子の入学の支度が間に合わない。だれにも言えなかった。",
        ),
    }


def draw_tyc(draw: Drawing) -> Told:
    """TYC: somebody below 18 cares for a parent who needs it."""
    draw.add(
        "mother", "female", draw.between(38, 48), work="unable_to_work", disability=["mental_2"], marital="divorced"
    )
    draw.add(
        "eldest_daughter", "female", draw.between(12, 16), cares_for=["0"],
        care_hours_weekday=float(draw.between(3, 6)), school_missed="yes", carer_concern="yes",
    )  # fmt: skip
    return {
        "worries": ["illness", "childcare"],
        "main_worry": "illness",
        "concerns": ["young_carer", "mental_health"],
        "words": "担任より。母の具合が悪い日は本人が家事をして、二時間目から来る。",
    }


def draw_tdc(draw: Drawing) -> Told:
    """TDC: an adult with a small child and a parent to care for."""
    draw.add("self", "female", draw.between(36, 44), marital="married", cares_for=["2", "3"], care_hours_weekday=7.0)
    draw.add("husband", "male", draw.between(38, 48), marital="married")
    draw.add("eldest_son", "male", draw.between(1, 7))
    draw.add("mother", "female", draw.between(70, 80), care="care_2", dementia_diagnosis="suspected", marital="widowed")
    return {
        "worries": ["care", "childcare"],
        "main_worry": "care",
        "concerns": ["double_care", "care"],
        "words": "保育園の送りと母のデイの送り出しが重なる。夫は帰りが遅い。",
    }


def draw_tnoschool(draw: Drawing) -> Told:
    """TNOSCHOOL: absent from school, one parent."""
    _single_mother(draw, least=34)
    draw.add("eldest_son", "male", draw.between(11, 14), school_missed="yes")
    return {
        "worries": ["withdrawal", "childcare"],
        "main_worry": "withdrawal",
        "concerns": ["school_refusal", "single_parent"],
        "words": "夏休み明けから学校に行っていない。母は仕事で昼間いない。",
    }


def draw_tpreg(draw: Drawing) -> Told:
    """TPREG: an expectant mother at risk (特定妊婦)."""
    draw.add("self", "female", draw.between(18, 23), work="not_working", marital="never_married")
    return {
        "worries": ["illness", "income"],
        "main_worry": "income",
        "concerns": ["expectant_at_risk"],
        "words": "妊娠がわかったが健診に行っていない。友だちの家にいる。",
        "dwelling": "other",
    }


def draw_tlang(draw: Drawing) -> Told:
    """TLANG: foreign nationality, and the language stands in the way."""
    draw.add("self", "female", draw.between(28, 40), work="employed", marital="married")
    draw.add("husband", "male", draw.between(30, 45), work="job_seeking", marital="married")
    draw.add("eldest_son", "male", draw.between(3, 9))
    return {
        "worries": ["childcare", "tax_utilities"],
        "main_worry": "childcare",
        "concerns": ["foreign_nationality", "language"],
        "words": "学校からの手紙が読めない。夫の仕事が切れ、手続の窓口で説明がわからなかった。",
    }
