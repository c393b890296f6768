"""Names, addresses and telephones brought to one form; who is perhaps known already."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.addresses import Address, read_address, read_phone, read_room
from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.matching import (
    SUSPICIOUS,
    WEAK_KINDS,
    Home,
    Person,
    address_keys,
    compare,
    household_keys,
    member_keys,
    rank_candidates,
    search_keys,
)
from services.intake.rules.names import family_key, is_kana, name_key, nearly_same, reading_key
from services.intake.rules.reasons import Mark
from services.intake.rules.variants import unify_kanji

ON = date(2026, 6, 18)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("おおつき としこ", "ｵｵﾂｷﾄｼｺ"),
        ("おおつき", "オウツキ"),
        ("オーツキ", "オオツキ"),
        ("じゅんいちろう", "ジュンイチロー"),
        ("ゆうき", "ユーキ"),
        ("みづえ", "ミズエ"),
        ("しゅんた", "シユンタ"),
    ],
)
def test_readings_that_are_the_same(one: str, other: str) -> None:
    assert reading_key(one) == reading_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙﨑 邊", "高崎　辺"),
        ("渡邉", "渡辺"),
        ("齋藤", "斉藤"),
        ("齊藤", "斎藤"),
        ("𠮷田", "吉田"),
        ("葛󠄀城", "葛城"),
        ("濵田", "浜田"),
        ("廣澤", "広沢"),
        ("大槻トシ子", "大槻 トシ子"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_names_in_parts() -> None:
    assert family_key("渡邉 トシ子") == family_key("渡辺　花子")
    assert family_key("渡邉トシ子") == ""
    assert is_kana("おおつき としこ")
    assert not is_kana("大槻 としこ")
    assert unify_kanji("霞が丘") == unify_kanji("霞ヶ丘") == unify_kanji("霞ケ丘")
    assert nearly_same("オツキ", "オツカ")
    assert nearly_same("オツキト", "オツキ")
    assert not nearly_same("オツキ", "オツキ")
    assert not nearly_same("アイ", "アウ")
    assert not nearly_same("オツキト", "ツキトシ")


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert reading_key(reading_key(text)) == reading_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "桜台2-3-4 ひばり荘203",
        "桜台二丁目三番四号ひばり荘203号室",
        "桜台２丁目３番４号　ひばり荘　２０３",
        "東京都見本区桜台2丁目3-4 ひばり荘#203",
        "桜台2－3－4　ﾋﾊﾞﾘ荘 203号",
        "桜台2ー3ー4 ひばり荘203",
        "桜台2丁目3番地4 ひばり荘 203",
    ],
)
def test_one_address_in_many_manners(text: str) -> None:
    assert read_address(text) == Address("桜台", "2-3-4", "ヒバリ荘", "203")


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("桜台2-3-4-203", "", Address("桜台", "2-3-4", "", "203")),
        ("桜台2-3-4", "２０３号室", Address("桜台", "2-3-4", "", "203")),
        ("桜台二丁目 ひばり荘 203", "", Address("桜台", "2", "ヒバリ荘", "203")),
        ("西の森十二番地の三", "", Address("西ノ森", "12-3", "", "")),
        ("緑橋二三番", "", Address("緑橋", "23", "", "")),
        ("本町通百二番", "", Address("本町通", "102", "", "")),
        ("大字桜台1-2", "", Address("桜台", "1-2", "", "")),
        ("水神", "", Address("水神", "", "", "")),
        ("", "101", Address("", "", "", "101")),
    ],
)
def test_addresses(text: str, room: str, expected: Address) -> None:
    assert read_address(text, room) == expected


def test_what_an_address_names() -> None:
    assert read_address("桜台2-3").exact
    assert read_address("桜台 ひばり荘").exact is False
    assert read_address("桜台二丁目 ひばり荘").exact
    assert not read_address("桜台二丁目").exact
    assert address_keys("桜台2-3-4 ひばり荘203") == ("桜台2-3-4/ヒバリ荘", "203")
    assert read_room("#0203号室") == "203"


@given(st.text(max_size=60), st.text(max_size=10))
def test_any_address_is_read(text: str, room: str) -> None:
    address = read_address(text, room)
    assert address.key.startswith(address.block)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("０９０－１２３４－５６７８", "09012345678"),
        ("+81 90 1234 5678", "09012345678"),
        ("(03) 1234-5678", "0312345678"),
        ("1234", ""),
        ("不明", ""),
        ("090123456789", ""),
    ],
)
def test_telephones(text: str, digits: str) -> None:
    assert read_phone(text) == digits


TOSHIKO = Person("t", "大槻 トシ子", "おおつき としこ", parse_birth("S18.3.3", ON))
HOME = Home("h", (TOSHIKO,), "桜台二丁目 ひばり荘 203", phone="03-1234-5678")


def _score(known: Home, asked: Home = HOME) -> int:
    return compare(asked, known, ON).score


def _codes(known: Home, asked: Home = HOME) -> dict[str, str]:
    return {reason.code.removeprefix("match_"): reason.mark.value for reason in compare(asked, known, ON).reasons}


def test_the_same_household_written_otherwise() -> None:
    known = Home(
        "k", (Person("x", "大槻トシ子", "オオツキトシコ", parse_birth("83歳", ON)),), "桜台2丁目ひばり荘203号室"
    )
    assert _score(known) == 92
    assert _codes(known) == {"same_room": "for", "same_name": "for", "birth_fits": "near"}


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (Home("k", (Person("x", "大槻 花子"),), "南台町1-2-3"), {"same_family": "near", "other_home": "against"}),
        (Home("k", (Person("x", kana="オオツキ トシエ"),)), {"near_reading": "near"}),
        (Home("k", (Person("x", kana="ｵｵﾂｷ ﾄｼｺ"),)), {"same_reading": "for"}),
        (Home("k", (Person("x", "別人", "", parse_birth("1943-03-03", ON)),)), {"same_birth": "for"}),
        (Home("k", phone="0312345679"), {"near_phone": "near"}),
        (Home("k", phone="+81 3 1234 5678"), {"same_phone": "for"}),
        (Home("k", (), "桜台2丁目 ひばり荘 204"), {"other_room": "against"}),
        (Home("k", (), "桜台2丁目 ひばり荘"), {"room_open": "near"}),
        (Home("k", (), "榎"), {"other_home": "against"}),
        (Home("k", (), "桜台"), {}),
        (Home("k"), {}),
    ],
)
def test_what_is_alike_and_what_is_not(known: Home, codes: dict[str, str]) -> None:
    assert _codes(known) == codes


def test_years_apart_are_told() -> None:
    known = Home("k", (Person("x", "大槻 トシ子", "", parse_birth("1960-01-01", ON)),))
    (apart,) = [reason for reason in compare(HOME, known, ON).reasons if reason.mark is Mark.AGAINST]
    assert apart.values == {"years": 17}


def test_a_second_person_counts_a_little() -> None:
    son = Person("s", "大槻 一郎", "", parse_birth("1970-01-01", ON))
    one = Home("k", (TOSHIKO,))
    two = Home("k", (TOSHIKO, son))
    asked = Home("a", (TOSHIKO, son))
    assert _score(two, asked) == _score(one, asked) + 8


def test_the_house_of_a_family_without_rooms() -> None:
    assert _codes(Home("k", (), "榎1-2-3"), Home("a", (), "榎一丁目2番3号")) == {"same_home": "for"}


def test_protected_households_are_never_offered() -> None:
    same = Home("k", HOME.people, HOME.address, phone=HOME.phone)
    hidden = Home("p", HOME.people, HOME.address, phone=HOME.phone, protected=True)
    chance = Home("c", (Person("x", "別人"),), "水神1-1-1")
    assert [likeness.home for likeness in rank_candidates(HOME, [hidden, same, chance, HOME], ON)] == ["k"]


NAMES = st.sampled_from(["大槻 トシ子", "髙橋 一郎", "", "おおつき としこ", "渡邉"])
BIRTHS = st.sampled_from(["S18.3.3", "83歳", "不明", "1970-01-01"]).map(lambda text: parse_birth(text, ON))
PLACES = st.sampled_from(["桜台2-3-4", "桜台二丁目 ひばり荘 203", "榎1-1-1", ""])


@st.composite
def homes(draw: st.DrawFn) -> Home:
    people = [Person(str(n), draw(NAMES), "", draw(BIRTHS)) for n in range(draw(st.integers(0, 3)))]
    return Home(draw(st.uuids()).hex, tuple(people), draw(PLACES), phone=draw(st.sampled_from(["", "0312345678"])))


@given(homes(), homes())
def test_scores_are_fair(one: Home, other: Home) -> None:
    there, back = compare(one, other, ON), compare(other, one, ON)
    assert 0 <= there.score <= 100
    assert there.score == back.score


@given(homes())
def test_whatever_finds_itself_is_found_by_a_key(one: Home) -> None:
    if not rank_candidates(Home("asked", one.people, one.address, phone=one.phone), [one], ON):
        return
    keys = [
        key
        for p in one.people
        for key in member_keys({"name": p.name, "birth_earliest": p.birth.earliest, "birth_latest": p.birth.latest})
    ]
    assert keys or household_keys(one.address, "", one.phone)


def _strong_keys(home: Home) -> set[tuple[str, str]]:
    keys = set(household_keys(home.address, home.room, home.phone))
    for p in home.people:
        row = {"name": p.name, "phone": p.phone, "birth_earliest": p.birth.earliest, "birth_latest": p.birth.latest}
        keys |= set(member_keys(row))
    return {key for key in keys if key[0] not in WEAK_KINDS}


@given(homes(), homes())
def test_what_is_suspicious_shares_more_than_weak_keys(one: Home, other: Home) -> None:
    if compare(one, other, ON).score >= SUSPICIOUS:
        assert _strong_keys(one) & _strong_keys(other)


def test_keys_to_look_up_by() -> None:
    row = {"name": "大槻 トシ子", "kana": "", "phone": "090-1234-5678", "birth_earliest": ON, "birth_latest": ON}
    assert set(member_keys(row)) == {
        ("name", "大槻トシ子"),
        ("family", "大槻"),
        ("given", "トシ子"),
        ("phone", "09012345678"),
        ("tail", "5678"),
        ("birth", "2026-06-18"),
    }
    assert member_keys({}) == ()
    assert household_keys("桜台") == ()
    assert set(household_keys("桜台2-3-4 ひばり荘", "203")) == {
        ("home", "桜台2-3-4"),
        ("home", "桜台/ヒバリ荘"),
        ("room", "桜台2-3-4#203"),
        ("room", "桜台/ヒバリ荘#203"),
    }


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("渡邉", ("family", "渡辺")),
        ("おおつき", ("kana", "オツキ")),
        ("桜台2-3-4", ("home", "桜台2-3-4")),
        ("090-1234-5678", ("phone", "09012345678")),
        ("5678", ("tail", "5678")),
        ("1943/03/03".replace("/", ""), ("birth", "1943-03-03")),
    ],
)
def test_words_that_people_type(word: str, key: tuple[str, str]) -> None:
    assert key in search_keys(word)
    assert search_keys("12") == ()
