"""The headings of a ledger: what each column is called, where its values go, and how they are read.

The template, the reading and ``docs/import.md`` all follow this table.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MOST_MONTHS, MOST_HOURS, MOST_HOARDING = 1200, 24, 3


class Kind(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    WORDS = "words"
    CODE = "code"
    CODES = "codes"
    TRUTH = "truth"
    NUMBER = "number"
    DAY = "day"
    BIRTH = "birth"


@dataclass(frozen=True, slots=True)
class Column:
    """One heading. ``field``: its name in ``requests.MemberIn`` or ``requests.ConsultationIn``.

    ``household``: the value belongs to the home or the consultation, not to the person of the row; it may stand in any
    row of the household. ``codes``: the list whose labels or codes are understood. ``most``: the largest number.
    """

    heading: str
    field: str
    kind: Kind = Kind.TEXT
    household: bool = False
    codes: str = ""
    required: bool = False
    most: int = 0
    aliases: tuple[str, ...] = ()
    example: str = ""
    english: str = ""


SENDER, HOUSEHOLD_NUMBER, MEMBER_NUMBER = "sender", "household_number", "member_number"

COLUMNS: tuple[Column, ...] = (
    Column("送付元", SENDER, aliases=("送信元",), example="高齢者名簿", english="Whose ledger it is"),
    Column(
        "世帯番号", HOUSEHOLD_NUMBER, required=True, aliases=("世帯No", "世帯NO"), example="0001",
        english="Rows with the same number are one household",
    ),
    Column(
        "世帯員番号", MEMBER_NUMBER, aliases=("枝番", "個人番号(台帳)"), example="01",
        english="Tells the person's row again when it has changed",
    ),
    Column("続柄", "relation", Kind.CODE, codes="RELATION", required=True, example="母", english="Relation"),
    Column("氏名", "name", required=True, example="大槻 トシ子", english="Name"),
    Column("ふりがな", "kana", aliases=("フリガナ", "カナ", "氏名カナ"), example="おおつき としこ", english="Reading"),
    Column("性別", "sex", Kind.CODE, codes="SEX", example="女", english="Sex"),
    Column(
        "生年月日", "birth", Kind.BIRTH, required=True, aliases=("生年月日・年齢",), example="S18.3.3",
        english="Date of birth or age, as known",
    ),
    Column("年齢", "age", Kind.BIRTH, english="Age, where there is no date of birth"),
    Column(
        "同居", "coresident", Kind.CODE, codes="CORESIDENT", aliases=("同居別居",), example="同居",
        english="Lives here",
    ),
    Column("婚姻", "marital", Kind.CODE, codes="MARITAL", example="死別", english="Marital status"),
    Column("仕事", "work", Kind.CODE, codes="WORK", aliases=("就労状況", "就労"), example="年金生活", english="Work"),
    Column("就学", "studies", Kind.TRUTH, english="At school"),
    Column("介護度", "care", Kind.CODE, codes="CARE", aliases=("要介護度",), example="要介護1", english="Care level"),
    Column(
        "認知症診断", "dementia_diagnosis", Kind.CODE, codes="DEMENTIA_DIAGNOSIS", english="Dementia diagnosis"
    ),
    Column("認知症自立度", "dementia_level", Kind.CODE, codes="DEMENTIA_LEVEL", english="Dementia level"),
    Column("障害", "disability", Kind.CODES, codes="DISABILITY", aliases=("障害者手帳",), english="Disability"),
    Column("病気の疑い", "illness_suspected", Kind.TRUTH, english="Illness suspected"),
    Column("受診", "sees_doctor", Kind.TRUTH, english="Sees a doctor"),
    Column("支援拒否", "refuses_help", Kind.TRUTH, english="Refuses help"),
    Column("日中独居", "alone_by_day", Kind.TRUTH, english="Alone by day"),
    Column("ひきこもり月数", "withdrawn_months", Kind.NUMBER, most=MOST_MONTHS, english="Months withdrawn"),
    Column("家族以外の話し相手", "talks_outside_family", Kind.TRUTH, english="Talks outside the family"),
    Column("自分の年金", "own_pension", Kind.TRUTH, english="Own pension"),
    Column("世話の時間(平日)", "care_hours_weekday", Kind.NUMBER, most=MOST_HOURS, english="Hours of care"),
    Column("学校の欠席・遅刻", "school_missed", Kind.TRUTH, english="Absent or late at school"),
    Column("世話の負担の心配", "carer_concern", Kind.TRUTH, english="Concern about a carer's load"),
    Column("電話", "phone", aliases=("電話番号", "携帯"), english="The person's telephone"),
    Column("住所", "address", household=True, example="桜台二丁目 ひばり荘", english="Address"),
    Column("部屋", "room", household=True, aliases=("部屋番号", "方書"), example="203", english="Room"),
    Column("圏域", "area", Kind.CODE, household=True, codes="AREA", example="中央", english="Area"),
    Column("地区", "district", Kind.CODE, household=True, codes="DISTRICT", example="桜台", english="District"),
    Column("世帯電話", "home_phone", household=True, aliases=("自宅電話",), english="Telephone of the home"),
    Column("住まい", "dwelling", Kind.CODE, household=True, codes="DWELLING", example="借家", english="Dwelling"),
    Column("世帯分離", "registry_split", Kind.TRUTH, household=True, english="Registered apart"),
    Column("ほかに世帯員", "more_people", Kind.TRUTH, household=True, english="There are more people"),
    Column(
        "相談日", "occurred_at", Kind.DAY, household=True, aliases=("受付日",), example="R8.4.10",
        english="Day of contact",
    ),
    Column("相談方法", "channel", Kind.CODE, household=True, codes="CHANNEL", example="電話", english="Channel"),
    Column("相談経路", "route", Kind.CODE, household=True, codes="ROUTE", english="Route"),
    Column(
        "紹介元", "referrer", Kind.CODE, household=True, codes="REFERRER", example="民生・児童委員",
        english="Referrer",
    ),
    Column(
        "困りごと", "worries", Kind.CODES, household=True, codes="WORRY", example="収入・生活費、介護",
        english="Worries",
    ),
    Column("相談内容", "words", Kind.WORDS, household=True, example="年金だけで暮らしている", english="In their words"),
    Column("安全フラグ", "safety_flags", Kind.CODES, household=True, codes="SAFETY_FLAG", english="Safety flags"),
    Column("避けること", "avoid", Kind.WORDS, household=True, english="What to avoid"),
    Column("緊急度", "urgency", Kind.CODE, household=True, codes="URGENCY", english="Urgency"),
    Column("課題", "concerns", Kind.CODES, household=True, codes="CONCERN", english="Concerns"),
    Column("物品の堆積", "hoarding", Kind.NUMBER, household=True, most=MOST_HOARDING, english="Hoarding 0-3"),
    Column("家賃滞納月数", "rent_arrears_months", Kind.NUMBER, household=True, most=600, english="Rent owed"),
    Column("ライフライン停止", "lifeline_stopped", Kind.TRUTH, household=True, english="Supplies cut off"),
    Column("連絡してくれる人", "contact_person", Kind.TRUTH, household=True, english="Somebody who would call"),
    Column("サービス利用", "uses_services", Kind.TRUTH, household=True, english="Uses services"),
    Column("最終反応日", "last_reaction", Kind.DAY, household=True, english="Last reaction"),
)  # fmt: skip

BY_FIELD = {column.field: column for column in COLUMNS}


def fold(text: str) -> str:
    """Text for comparing headings and labels: NFKC, no spaces, no capitals."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


HEADINGS: dict[str, Column] = {fold(name): column for column in COLUMNS for name in (column.heading, *column.aliases)}
REQUIRED = tuple(column for column in COLUMNS if column.required)
