"""Households in other need: withdrawal, hoarding, poverty, isolation, violence, no doctor, many agencies. Pure."""

from __future__ import annotations

from services.ward.elders import Told
from services.ward.family import Drawing


def _alone(draw: Drawing, low: int, high: int, **answers: object) -> str:
    return draw.add(
        "self", draw.one_of("male", "male", "female"), draw.between(low, high), marital="never_married", **answers
    )


def draw_thiki(draw: Drawing) -> Told:
    """THIKI: withdrawn for six months or more."""
    draw.add("mother", "female", draw.between(50, 62), marital="married", work="employed")
    draw.add(
        "eldest_son", "male", draw.between(20, 30), work="not_working", studies="no",
        withdrawn_months=draw.between(8, 90), talks_outside_family="no", marital="never_married",
    )  # fmt: skip
    return {
        "worries": ["withdrawal"],
        "main_worry": "withdrawal",
        "concerns": ["withdrawal", "isolation"],
        "words": "大学をやめてから部屋にいる。家族とは夕飯のときだけ話す。",
    }


def draw_tgomi(draw: Drawing) -> Told:
    """TGOMI: things piled up; refuses help."""
    _alone(draw, 58, 79, refuses_help="yes")
    return {
        "worries": ["housing", "neighbourhood"],
        "main_worry": "neighbourhood",
        "concerns": ["garbage"],
        "hoarding": draw.between(2, 3),
        "words": "玄関の外まで物があふれている。声をかけると戸を閉めてしまう。",
    }


def draw_tpoor(draw: Drawing) -> Told:
    """TPOOR: rent arrears of two months or more, power cut off."""
    _alone(draw, 42, 62, work="job_seeking")
    return {
        "worries": ["income", "rent_loan", "no_food"],
        "main_worry": "income",
        "concerns": ["poverty", "debts"],
        "rent_arrears_months": draw.between(2, 6),
        "lifeline_stopped": "yes",
        "dwelling": "rented",
        "words": "仕事が切れて三か月。家賃が払えず、電気も止まっている。",
    }


def draw_tiso(draw: Drawing) -> Told:
    """TISO: alone, nobody who would notice, no service, silent for more than 30 days."""
    _alone(draw, 60, 84)
    return {
        "worries": ["neighbourhood"],
        "main_worry": "neighbourhood",
        "concerns": ["isolation"],
        "contact_person": "no",
        "uses_services": "no",
        "silent_days": draw.between(35, 90),
        "words": "あいさつをしても返らなくなった。たずねる人がいる様子がない。",
    }


def draw_tabuse(draw: Drawing) -> Told:
    """TABUSE: somebody suspects abuse; the 48 hour clock runs."""
    draw.add("mother", "female", draw.between(78, 88), care="care_1", marital="widowed")
    draw.add("eldest_son", "male", draw.between(52, 58), work="employed", marital="divorced")
    return {
        "worries": ["violence", "care"],
        "main_worry": "violence",
        "concerns": ["violence", "care"],
        "safety_flags": ["abuse_elder"],
        "words": "通所の職員より。腕に大きなあざがあり、本人は転んだとだけ言う。",
    }


def draw_ttrunc(draw: Drawing) -> Told:
    """TTRUNC: an illness is suspected, no doctor, refuses."""
    draw.add("father", "male", draw.between(66, 74), marital="married")
    draw.add(
        "second_son", "male", draw.between(28, 39), illness_suspected="yes", sees_doctor="no", refuses_help="yes",
        work="not_working", marital="never_married", talks_outside_family="unknown",
    )  # fmt: skip
    return {
        "worries": ["illness", "family"],
        "main_worry": "illness",
        "concerns": ["treatment_stopped", "mental_health"],
        "words": "独り言がふえ、病院の話をすると怒る。薬を飲んでいたのは三年前まで。",
    }


def draw_tmulti(draw: Drawing) -> Told:
    """TMULTI: problems of three kinds and more, and nobody leads."""
    draw.add("self", "female", draw.between(44, 52), work="on_leave", marital="divorced", disability=["mental_3"])
    draw.add("eldest_daughter", "female", draw.between(20, 24), work="job_seeking", marital="never_married")
    return {
        "worries": ["illness", "debt", "family", "housing"],
        "main_worry": "debt",
        "concerns": ["mental_health", "debts", "housing_unstable", "family"],
        "words": "区役所の四つの窓口で同じ話をした。どこも、うちだけでは、と言う。",
    }


def draw_thomeless(draw: Drawing) -> Told:
    """THOMELESS: without a home."""
    _alone(draw, 45, 66, work="job_seeking", coresident="yes")
    return {
        "worries": ["housing", "job_search"],
        "main_worry": "housing",
        "concerns": ["homeless"],
        "dwelling": "homeless",
        "words": "寮を出されてから、夜は店を転々としている。",
    }


def draw_treentry(draw: Drawing) -> Told:
    """TREENTRY: after prison."""
    _alone(draw, 30, 55, work="job_seeking")
    return {
        "worries": ["job_search", "housing"],
        "main_worry": "job_search",
        "concerns": ["after_prison", "finding_work"],
        "words": "出所して二か月。身元を引き受ける人がなく、部屋が借りられない。",
    }


def draw_tpets(draw: Drawing) -> Told:
    """TPETS: more animals than anybody can keep."""
    _alone(draw, 52, 70)
    return {
        "worries": ["neighbourhood", "housing"],
        "main_worry": "neighbourhood",
        "concerns": ["many_animals"],
        "safety_flags": ["animals"],
        "words": "猫が三十匹ほどいる。においと鳴き声で隣とこじれている。",
    }
