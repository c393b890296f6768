"""Makes ledgers for the import tests by hand-written rules: good rows as wards keep them, and rows that are spoiled."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from random import Random

HEADINGS = (
    *("世帯番号", "世帯員番号", "続柄", "氏名", "ふりがな", "性別", "生年月日", "同居", "仕事", "介護度"),
    *("認知症診断", "障害", "住所", "部屋", "地区", "相談日", "相談方法", "困りごと", "相談内容"),
)
FAMILIES = (
    ("大槻", "おおつき"),
    ("髙橋", "たかはし"),
    ("渡邉", "わたなべ"),
    ("齋藤", "さいとう"),
    ("𠮷田", "よしだ"),
    ("葛󠄀城", "かつらぎ"),
)
GIVEN = (
    ("トシ子", "としこ"),
    ("正夫", "まさお"),
    ("美咲", "みさき"),
    ("健一", "けんいち"),
    ("陽菜", "ひな"),
    ("蓮", "れん"),
)
DISTRICTS = ("桜台", "本町通", "北原", "水神", "西の森", "榎", "南台町", "川端")
WORRIES = ("収入・生活費", "介護", "家族との関係", "病気・健康・障害、介護", "ひきこもり・不登校", "")

Row = dict[str, str]


def _born(random: Random, year: int) -> str:
    """A date as people write it: 和暦 in several manners, western, in part, or only an age."""
    month, day = random.randint(1, 12), random.randint(1, 28)
    showa = year - 1925
    western = (
        f"{year}-{month:02}-{day:02}",
        f"{year}/{month}/{day}",
        f"{year}{month:02}{day:02}",
        f"{year}年",
        f"{2026 - year}歳",
    )
    if not 1927 <= year <= 1988:
        return random.choice(western[:4])
    japanese = (
        f"S{showa}.{month}.{day}",
        f"昭和{showa}年{month}月{day}日",
        f"昭{showa}/{month}/{day}",
        f"昭和{showa}年",
        f"S{showa:02}{month:02}{day:02}",
    )
    return random.choice(japanese + western)


def _person(random: Random, family: tuple[str, str], relation: str, sex: str, year: int, **more: str) -> Row:
    name, kana = random.choice(GIVEN)
    reading = random.choice((f"{family[1]} {kana}", "", "ｵｵﾂｷ ﾄｼｺ" if family[0] == "大槻" else f"{family[1]}　{kana}"))
    return {
        "続柄": relation, "氏名": f"{family[0]} {name}", "ふりがな": reading, "性別": sex,
        "生年月日": random.choice((_born(random, year), _born(random, year), _born(random, year), "不明")),
        "同居": "同居", **more,
    }  # fmt: skip


def _household(random: Random) -> list[Row]:
    family = random.choice(FAMILIES)
    kind = random.choice(("8050", "alone", "single", "couple"))
    if kind == "8050":
        return [
            _person(random, family, "母", "女", random.randint(1936, 1945), 仕事="年金生活", 介護度="要介護1"),
            _person(random, family, "長男", "男", random.randint(1966, 1975), 仕事="無職"),
        ]
    if kind == "alone":
        return [
            _person(random, family, "本人", "女", random.randint(1936, 1955), 認知症診断="診断あり", 仕事="年金生活")
        ]
    if kind == "single":
        return [
            _person(random, family, "本人", "女", random.randint(1980, 1990), 仕事="パート"),
            _person(random, family, "長女", "女", random.randint(2010, 2015), 仕事="小学生"),
            _person(random, family, "長男", "男", random.randint(2016, 2019)),
        ]
    return [
        _person(random, family, "夫", "男", random.randint(1940, 1948), 介護度="要介護2"),
        _person(random, family, "妻", "女", random.randint(1942, 1950), 障害="身体障害者手帳3級"),
    ]


def make_ledger(rows: int, seed: int = 8050) -> list[Row]:
    """Exactly ``rows`` good rows in their households."""
    random = Random(seed)  # noqa: S311 - a made-up ledger, the same each time
    made: list[Row] = []
    number = 0
    while len(made) < rows:
        number += 1
        people = _household(random)[: rows - len(made)]
        block = f"{random.randint(1, 5)}-{random.randint(1, 30)}-{random.randint(1, 20)}"
        district = random.choice(DISTRICTS)
        for place, person in enumerate(people, start=1):
            person |= {
                "世帯番号": f"{number:05}",
                "世帯員番号": f"{place:02}",
                "住所": f"{district}{block}",
                "地区": district,
            }
        people[0] |= {
            "相談日": "R8.4.10", "相談方法": "電話", "困りごと": random.choice(WORRIES),
            "相談内容": "年金だけで暮らしている。〜近所の話−", "部屋": random.choice(("", "203", "１０１号室")),
        }  # fmt: skip
        made += people
    return [{heading: row.get(heading, "") for heading in HEADINGS} for row in made]


def _set(heading: str, value: str) -> Callable[[Row], None]:
    def spoil(row: Row) -> None:
        row[heading] = value

    return spoil


SPOILERS: tuple[Callable[[Row], None], ...] = (
    _set("生年月日", "昭和65年3月3日"),
    _set("生年月日", "平成0年"),
    _set("生年月日", "S64.1.8"),
    _set("生年月日", "1943-02-30"),
    _set("生年月日", "2099-01-01"),
    _set("生年月日", "1800-01-01"),
    _set("生年月日", "たぶん春"),
    _set("生年月日", "=TODAY()"),
    _set("続柄", "ご近所の犬"),
    _set("性別", "？？男女"),
    _set("仕事", "忍者"),
    _set("介護度", "要介護9"),
    _set("認知症診断", "たぶん"),
    _set("障害", "身体障害者手帳9級"),
    _set("同居", "ときどき"),
    _set("地区", "月面"),
    _set("困りごと", "収入・生活費、天気"),
    _set("相談日", "2026-04"),
    _set("相談日", "きのう"),
    _set("相談方法", "のろし"),
    _set("氏名", "あ" * 201),
    _set("相談内容", "番号は 1234 5678 9018 です"),
    _set("氏名", "大槻\u0000トシ子"),
    _set("相談内容", "あ" * 5001),
)


def spoil(rows: list[Row], count: int, seed: int = 7) -> list[int]:
    """Spoil ``count`` rows, each in one way; gives their row numbers in the file (the heading is row 1)."""
    chosen = sorted(Random(seed).sample(range(len(rows)), count))  # noqa: S311 - as above
    for turn, place in enumerate(chosen):
        SPOILERS[turn % len(SPOILERS)](rows[place])
    return [place + 2 for place in chosen]


def as_csv(rows: list[Row], encoding: str = "utf-8") -> bytes:
    """The ledger as a CSV file."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, HEADINGS)
    lines.writeheader()
    lines.writerows(rows)
    return text.getvalue().encode(encoding)


def without_rare_letters(rows: list[Row]) -> Iterator[Row]:
    """Rows that CP932 can hold."""
    for row in rows:
        yield {heading: "".join(letter for letter in value if _in_cp932(letter)) for heading, value in row.items()}


def _in_cp932(letter: str) -> bool:
    try:
        letter.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
