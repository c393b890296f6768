"""A ledger of 5,000 rows with 40 spoiled ones, run twice, changed, mended: each good row once, nothing written over."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import func, select, text

from services.intake.importing.run import run_import
from services.intake.tables import Consultation, Household, LedgerRow, Member, TypeFinding
from services.intake.tests import ledgers
from shared.codes import Code
from shared.db import Database
from shared.testing import FreshDatabase

pytestmark = pytest.mark.integration


Told = tuple[int, str]


async def _import(url: str, file: Path, errors: Path | None = None, *, dry_run: bool = False) -> Told:
    screen = io.StringIO()
    console = Console(file=screen, width=120, no_color=True)
    code = await run_import(url, file, dry_run=dry_run, errors=errors, console=console)
    return code, screen.getvalue()


async def _counts(url: str) -> dict[str, int]:
    db = Database(url, pool_size=1)
    try:
        async with db.read() as session:
            return {
                table.__tablename__: await session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Household, Member, Consultation, LedgerRow)
            }
    finally:
        await db.close()


def _refused_rows(errors: Path) -> list[int]:
    lines = list(csv.reader(io.StringIO(errors.read_text(encoding="utf-8-sig"))))
    assert lines[0] == ["行番号", "項目", "理由"]
    assert all(heading and reason for _, heading, reason in lines[1:])
    return [int(number) for number, _, _ in lines[1:]]


async def test_a_large_ledger_comes_in_once(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    rows = ledgers.make_ledger(5000)
    bad = ledgers.spoil(rows, 40)
    file, errors = tmp_path / "ledger.csv", tmp_path / "errors.csv"
    file.write_bytes(ledgers.as_csv(rows))

    code, told = await _import(url, file, errors)
    assert code == 0
    assert _refused_rows(errors) == bad
    first = await _counts(url)
    assert first["member"] == 4960
    assert first["ledger_row"] >= 4960
    assert "4,960" in told

    again, told_again = await _import(url, file, errors)
    assert again == 0
    assert _refused_rows(errors) == bad
    assert await _counts(url) == first
    assert "4,960" in told_again
    assert "変わった行 Changed rows:" not in told_again


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
async def test_other_encodings_give_the_same_rows(fresh_database: FreshDatabase, tmp_path: Path, encoding: str) -> None:
    url = await fresh_database("intake")
    rows = list(ledgers.without_rare_letters(ledgers.make_ledger(60)))
    (tmp_path / "a.csv").write_bytes(ledgers.as_csv(rows))
    (tmp_path / "b.csv").write_bytes(ledgers.as_csv(rows, encoding))
    await _import(url, tmp_path / "a.csv")
    before = await _counts(url)
    _, told = await _import(url, tmp_path / "b.csv")
    assert await _counts(url) == before
    assert before["member"] == 60
    assert "変わった行 Changed rows:" not in told


async def test_a_refused_son_does_not_make_the_mother_live_alone(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    mother = _row(
        世帯番号="1", 世帯員番号="1", 続柄="母", 氏名="大槻 トシ子", 生年月日="S18.3.3", 同居="同居", 認知症診断="あり"
    )
    son = _row(
        世帯番号="1", 世帯員番号="2", 続柄="長男", 氏名="大槻 一郎", 生年月日="昭和65年", 同居="同居", 仕事="無職"
    )
    file, errors = tmp_path / "l.csv", tmp_path / "e.csv"
    file.write_bytes(ledgers.as_csv([mother, son]))
    await _import(url, file, errors)
    assert _refused_rows(errors) == [3]
    assert await _verdicts(url) == {"TDEM1": "possible"}
    assert await _incomplete(url) == [True]

    file.write_bytes(ledgers.as_csv([mother, son | {"生年月日": "S48.1.1"}]))
    await _import(url, file, errors)
    assert _refused_rows(errors) == []
    assert await _incomplete(url) == [False]
    found = await _verdicts(url)
    assert found["TDEM1"] == "no"
    assert found["T8050"] == "match"
    assert await _counts(url) == {"household": 1, "member": 2, "consultation": 0, "ledger_row": 2}


async def test_a_changed_row_is_told_and_left(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    numbered = _row(世帯番号="1", 世帯員番号="1", 続柄="本人", 氏名="大槻 トシ子", 生年月日="S18.3.3")
    nameless = _row(世帯番号="2", 続柄="本人", 氏名="髙橋 健一", 生年月日="S20.1.1")
    file = tmp_path / "l.csv"
    file.write_bytes(ledgers.as_csv([numbered, nameless]))
    await _import(url, file)
    before = await _counts(url)

    file.write_bytes(ledgers.as_csv([numbered | {"生年月日": "S19.3.3"}, nameless | {"氏名": "髙橋 健二"}]))
    _, told = await _import(url, file)
    assert "変わった行 Changed rows: 2, 3" in told
    assert await _counts(url) == before
    assert await _names(url) == ["大槻 トシ子", "髙橋 健一"]


async def test_a_new_row_of_a_known_household_adds_a_member(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    mother = _row(世帯番号="1", 続柄="母", 氏名="大槻 トシ子", 生年月日="S18.3.3", 同居="同居")
    son = _row(世帯番号="1", 続柄="長男", 氏名="大槻 一郎", 生年月日="S48.1.1", 同居="同居", 仕事="無職")
    file = tmp_path / "l.csv"
    file.write_bytes(ledgers.as_csv([mother]))
    await _import(url, file)
    file.write_bytes(ledgers.as_csv([mother, son]))
    await _import(url, file)
    assert await _names(url) == ["大槻 トシ子", "大槻 一郎"]
    assert (await _verdicts(url))["T8050"] == "match"
    file.write_bytes(ledgers.as_csv([son, mother, mother]))
    _, told = await _import(url, file)
    assert await _names(url) == ["大槻 トシ子", "大槻 一郎"]
    assert "変わった行 Changed rows:" not in told


async def test_a_dry_run_keeps_nothing(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    rows = ledgers.make_ledger(30)
    bad = ledgers.spoil(rows, 3)
    file, errors = tmp_path / "l.csv", tmp_path / "e.csv"
    file.write_bytes(ledgers.as_csv(rows))
    code, told = await _import(url, file, errors, dry_run=True)
    assert code == 0
    assert "dry run" in told
    assert "27" in told
    assert _refused_rows(errors) == bad
    assert set((await _counts(url)).values()) == {0}


async def test_rows_without_a_household_number_are_households_of_their_own(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh_database("intake")
    rows = [_row(続柄="本人", 氏名=name, 生年月日="84歳") for name in ("大槻 トシ子", "髙橋 正夫", "大槻 トシ子")]
    file = tmp_path / "l.csv"
    file.write_bytes(ledgers.as_csv(rows))
    await _import(url, file)
    await _import(url, file)
    assert (await _counts(url))["household"] == 2
    assert sorted(await _names(url)) == ["大槻 トシ子", "髙橋 正夫"]


async def test_an_unusable_file_ends_with_its_sentence(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    file = tmp_path / "l.csv"
    file.write_text("名前,年\n大槻,84\n", encoding="utf-8")
    code, told = await _import(url, file)
    assert code == 2
    assert "世帯番号" in told.replace("\n", "")
    assert set((await _counts(url)).values()) == {0}


async def test_a_household_that_cannot_be_stored_does_not_keep_the_others_out(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh_database("intake")
    db = Database(url, pool_size=1)
    async with db.transaction() as session:
        session.add(Code(list="WORK", code="忍者", ja="忍者", en="Ninja", position=1, attributes={}))
    await db.close()
    good = _row(世帯番号="1", 続柄="本人", 氏名="大槻 トシ子", 生年月日="S18.3.3")
    strange = _row(世帯番号="2", 続柄="本人", 氏名="髙橋 健一", 生年月日="S20.1.1", 仕事="忍者")
    file, errors = tmp_path / "l.csv", tmp_path / "e.csv"
    file.write_bytes(ledgers.as_csv([good, strange]))
    code, _ = await _import(url, file, errors)
    assert code == 0
    assert _refused_rows(errors) == [3]
    assert "仕事" in errors.read_text(encoding="utf-8-sig")
    assert await _names(url) == ["大槻 トシ子"]


async def test_a_known_person_whose_row_is_spoiled_later_is_not_missing(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh_database("intake")
    mother = _row(世帯番号="1", 世帯員番号="1", 続柄="母", 氏名="大槻 トシ子", 生年月日="S18.3.3", 同居="同居")
    son = _row(
        世帯番号="1", 世帯員番号="2", 続柄="長男", 氏名="大槻 一郎", 生年月日="S48.1.1", 同居="同居", 仕事="無職"
    )
    file, errors = tmp_path / "l.csv", tmp_path / "e.csv"
    file.write_bytes(ledgers.as_csv([mother, son]))
    await _import(url, file)
    file.write_bytes(ledgers.as_csv([mother, son | {"仕事": "忍者"}]))
    await _import(url, file, errors)
    assert _refused_rows(errors) == [3]
    assert await _incomplete(url) == [False]
    third = _row(世帯番号="1", 世帯員番号="3", 続柄="長女", 氏名="大槻 花子", 生年月日="平成0年")
    file.write_bytes(ledgers.as_csv([mother, son, third]))
    await _import(url, file, errors)
    assert await _incomplete(url) == [True]
    file.write_bytes(ledgers.as_csv([mother, son]))
    await _import(url, file, errors)
    assert await _incomplete(url) == [False]


async def test_the_stream_learns_no_name(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("intake")
    canary = _row(
        世帯番号="1",
        続柄="本人",
        氏名="金糸雀 鳴子",
        ふりがな="かなりあ",
        生年月日="S18.3.3",
        住所="金糸雀町1-2-3",
        相談内容="金糸雀",
    )
    file = tmp_path / "l.csv"
    file.write_bytes(ledgers.as_csv([canary]))
    _, told = await _import(url, file)
    db = Database(url, pool_size=1)
    async with db.read() as session:
        events = list(await session.execute(text("SELECT type, data::text FROM event_log ORDER BY log_id")))
    await db.close()
    assert {"intake.household_registered", "intake.consultation_received"} <= {name for name, _ in events}
    assert "金糸雀" not in told + "".join(data for _, data in events)


def _row(**values: str) -> dict[str, str]:
    return {heading: values.get(heading, "") for heading in ledgers.HEADINGS}


async def _verdicts(url: str) -> dict[str, str]:
    db = Database(url, pool_size=1)
    try:
        async with db.read() as session:
            rows = await session.execute(select(TypeFinding.code, TypeFinding.verdict))
            return {code: verdict for code, verdict in rows if verdict != "no" or code == "TDEM1"}
    finally:
        await db.close()


async def _incomplete(url: str) -> list[bool]:
    db = Database(url, pool_size=1)
    try:
        async with db.read() as session:
            return list(await session.scalars(select(Household.incomplete)))
    finally:
        await db.close()


async def _names(url: str) -> list[str]:
    db = Database(url, pool_size=1)
    try:
        async with db.read() as session:
            return list(await session.scalars(select(Member.name).order_by(Member.household_id, Member.position)))
    finally:
        await db.close()
