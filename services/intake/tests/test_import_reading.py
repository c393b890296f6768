"""Files as wards keep them, and files that can't be used: each with its sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from services.intake.importing import reading
from services.intake.importing.columns import COLUMNS, REQUIRED
from services.intake.importing.households import Ledger, join_rows
from services.intake.importing.reading import LedgerError, read_ledger
from services.intake.importing.report import sentence, write_errors
from services.intake.importing.rows import RefusedRow, Trouble
from services.intake.importing.run import make_template
from services.intake.importing.vocabulary import Vocabulary
from shared.codes import Codes, read_codes

ON = date(2026, 6, 18)
CODES = Codes(list(read_codes(Path(reading.__file__).parents[1] / "codes")))
VOCABULARY = Vocabulary.from_codes(CODES)
HEAD = "世帯番号,世帯員番号,続柄,氏名,生年月日,仕事,住所,困りごと,相談内容,同居"
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(content: str | bytes) -> Path:
        file = tmp_path / "ledger.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return make


def _ledger(file: Path) -> Ledger:
    return join_rows(read_ledger(file), VOCABULARY, ON)


def _workbook(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _told(error: LedgerError) -> str:
    return error.text.format(**error.params)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空"),
        (b"  \r\n \n", "空"),
        (b"\xef\xbb\xbf", "見出し"),
        ("氏名,続柄\n大槻,母\n", "世帯番号、生年月日"),
        (HEAD + "\n", "データの行がありません"),
        (HEAD + ",氏名\n1,1,母,大槻,84,,,,,,大槻\n", "「氏名」が2つ"),
        (HEAD.encode("utf-16"), "UTF-16"),
        (HEAD.encode() + b"\n1,1,\xff\xfe\x80\xa0\xfd,x,84,,,,,\n", "UTF-8でもShift_JISでもありません"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "パスワード"),
        (b"PK\x03\x04 this is no workbook", "Excelファイルとして開けません"),
    ],
)
def test_an_unusable_file_is_named(write: Write, content: str | bytes, words: str) -> None:
    with pytest.raises(LedgerError) as refused:
        _ledger(write(content))
    assert words in _told(refused.value)
    assert refused.value.field == "file"


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as missing:
        read_ledger(tmp_path / "no.csv")
    assert "開けません" in _told(missing.value)
    with pytest.raises(LedgerError) as folder:
        read_ledger(tmp_path)
    assert "ファイルではありません" in _told(folder.value)


def test_limits(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(HEAD + "\n" + "1,1,母,大槻,84,,,,,\n" * 5)
    monkeypatch.setattr(reading, "MOST_ROWS", 4)
    with pytest.raises(LedgerError, match="行が多すぎます"):
        read_ledger(file)
    monkeypatch.setattr(reading, "MOST_BYTES", 50)
    with pytest.raises(LedgerError, match="大きすぎます"):
        read_ledger(file)


def test_a_packed_file_that_unfolds_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(LedgerError, match="中身が大きすぎます"):
        read_ledger(write(packed.getvalue()))


def test_a_workbook_with_dates_numbers_and_a_title(write: Write) -> None:
    ledger = _ledger(
        write(
            _workbook(
                ["令和8年度 台帳"],
                HEAD.split(","),
                [1, 1, "母", "大槻 トシ子", datetime(1943, 3, 3), "年金", "桜台2-3-4", "介護", "", "同居"],  # noqa: DTZ001 - as Excel has it
                [1, 2, "長男", "大槻 一郎", 53.0, "無職", "", "", "", "○"],
                [None] * 10,
            )
        )
    )
    (home,) = ledger.households
    assert [row.number for row in home.rows] == [3, 4]
    assert home.rows[0].member["birth"] == "1943-03-03"
    assert home.rows[1].member == {
        "relation": "eldest_son", "name": "大槻 一郎", "birth": "53", "work": "not_working", "coresident": "yes",
    }  # fmt: skip
    assert home.home["worries"] == ["care"]


def test_formulas_are_refused_with_their_place(write: Write) -> None:
    book = _workbook(HEAD.split(","), ["1", "1", "母", "=A1&B1", "S18.3.3"] + [""] * 5)
    for file in (write(book), write(HEAD + "\n1,1,母,=A1,S18.3.3,,,,,\n")):
        (bad,) = _ledger(file).refused
        assert bad.number == 2
        assert "数式が入っています(D2)" in sentence(bad)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_encodings_and_half_width_kana(write: Write, encoding: str) -> None:
    text = "世帯番号\t続柄\t氏名\tﾌﾘｶﾞﾅ\t生年月日\n７\t母\t大槻\tｵｵﾂｷ\tＳ１８．３．３\n"
    (home,) = _ledger(write(text.encode(encoding))).households
    assert home.number == "7"
    assert home.rows[0].member == {"relation": "mother", "name": "大槻", "kana": "ｵｵﾂｷ", "birth": "Ｓ１８．３．３"}


def test_every_trouble_of_a_row_is_told(write: Write) -> None:
    (bad,) = _ledger(write(HEAD + "\n1,1,隣人の犬,大槻,昭和65年,忍者,,,,\n")).refused
    assert [trouble.heading for trouble in bad.troubles] == ["続柄", "生年月日", "仕事"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,1,,,,,,,,", "だれの行か分かりません"),
        ("1,1,母,大槻,84,,,,,,余分", "列が多い"),
        ("1,1,母,大槻", "列が少ない"),
        ('"1,1,母,大槻,84,,,,,', "列が少ない"),
        ("1,1,母,大\u0000槻,84,,,,,", "制御文字"),
        ("1,1,母,大槻 1234-5678-9018,84,,,,,", "マイナンバー"),
        ("1,1,母,大槻,84,,,,,ときどき", "「同居」の一覧にありません"),
    ],
)
def test_bad_rows(write: Write, row: str, words: str) -> None:
    (bad,) = _ledger(write(f"{HEAD}\n{row}\n")).refused
    assert words in sentence(bad)


def test_rows_that_contradict_their_household(write: Write) -> None:
    ledger = _ledger(
        write(
            f"{HEAD}\n1,1,母,大槻,84,,桜台1-2-3,介護,はじめ,\n1,2,子,大槻,56,,榎1-2-3,,,\n"
            "1,1,母,別人,70,,,,,\n1,3,子,大槻,50,,,収入・生活費,つづき,\n"
        )
    )
    (home,) = ledger.households
    assert home.home["worries"] == ["care", "income"]
    assert home.home["words"] == "はじめ\nつづき"
    assert home.incomplete
    assert [(bad.number, bad.troubles[0].heading) for bad in ledger.refused] == [(3, "住所"), (4, "世帯員番号")]


def test_a_household_of_ten_thousand(write: Write) -> None:
    lines = "".join(f"1,{n},子,大槻 {n},S40.1.1,,,,,\n" for n in range(10_000))
    ledger = _ledger(write(f"{HEAD}\n{lines}"))
    assert len(ledger.households[0].rows) == 40
    assert len(ledger.refused) == 9_960
    assert "40人まで" in sentence(ledger.refused[0])


def test_area_follows_from_the_district_or_is_refused(write: Write) -> None:
    head = "世帯番号,続柄,氏名,生年月日,地区,圏域"
    ledger = _ledger(write(f"{head}\n1,母,大槻,84,榎,\n2,母,大槻,84,榎,北\n"))
    assert ledger.households[0].home["area"] == "w"
    assert sentence(ledger.refused[0]) == "圏域と地区が合いません。"


def test_repeated_rows_count_once_and_strange_headings_are_told(write: Write) -> None:
    file = write(f"{HEAD},好きな色\n" + "1,,母,大槻,84,,,,,,青\n" * 2)
    assert read_ledger(file).unused == ("好きな色",)
    ledger = _ledger(file)
    assert ledger.repeated == 1
    assert len(ledger.households[0].rows) == 1


def test_the_same_row_has_the_same_identity_in_csv_and_excel(write: Write) -> None:
    values = ["1", "", "母", "大槻 トシ子", "1943-03-03", "年金", "桜台2-3-4", "介護", "話", "同居"]
    csv_row = _ledger(write(f"{HEAD}\n{','.join(values)}\n".encode("cp932"))).households[0].rows[0]
    book_row = _ledger(write(_workbook(HEAD.split(","), values))).households[0].rows[0]
    assert (csv_row.id, csv_row.content) == (book_row.id, book_row.content)
    other = _ledger(write(f"{HEAD}\n{','.join(values).replace('トシ子', 'トシエ')}\n")).households[0].rows[0]
    assert other.id != book_row.id


def test_the_error_file_holds_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    write_errors(file, [RefusedRow(3, (Trouble("氏名", "=HYPERLINK({x})", {"x": 1}),))])
    assert file.read_text(encoding="utf-8-sig").splitlines()[1] == "3,氏名,'=HYPERLINK(1)"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(LedgerError, match="書き込めません"):
        write_errors(tmp_path / "no" / "e.csv", [])


def test_the_template_can_be_filled_in_and_read(tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    make_template(file)
    book = load_workbook(file)
    assert book.sheetnames == ["台帳", "説明", "一覧"]
    sheet = book["台帳"]
    assert [cell.value for cell in sheet[1]] == [column.heading for column in COLUMNS]
    with pytest.raises(LedgerError, match="データの行がありません"):
        read_ledger(file)
    for number, column in enumerate(COLUMNS, start=1):
        sheet.cell(2, number, column.example)
    book.save(file)
    ledger = _ledger(file)
    assert ledger.refused == []
    assert len(ledger.households[0].rows) == 1
    assert {column.heading for column in REQUIRED} == {"世帯番号", "続柄", "氏名", "生年月日"}
    with pytest.raises(LedgerError, match="書き込めません"):
        make_template(tmp_path / "no" / "template.xlsx")


WIDE = (
    "世帯番号,続柄,氏名,生年月日,年齢,ひきこもり月数,世話の時間(平日),就学,相談日,圏域,地区,"
    "避けること,世帯分離,ほかに世帯員,障害"
)


@pytest.mark.parametrize(
    ("cells", "member", "around"),
    [
        ("1,子,大槻,,５３歳", {"birth": "５３歳"}, {}),
        ("1,子,大槻,不明,84", {"birth": "84"}, {}),
        ("1,子,大槻,S48.1.1,84", {"birth": "S48.1.1"}, {}),
        ("1,子,大槻,84,,12か月,2.5時間,○", {"withdrawn_months": 12, "care_hours_weekday": 2.5, "studies": "yes"}, {}),
        ("1,子,大槻,84,,不明,不明,?", {}, {}),
        ("1,子,大槻,84,,0,0,×", {"withdrawn_months": 0, "care_hours_weekday": 0.0, "studies": "no"}, {}),
        (
            "1,子,大槻,84,,,,,R8.4.10,,桜台,夜は電話しない,○,なし",
            {},
            {"area": "c", "registry_split": "yes", "avoid": "夜は電話しない"},
        ),
        ("1,子,大槻,84,,,,,不明,中央,,,,○", {}, {"area": "c", "more_people": "yes"}),
        ("1,子,大槻,84,,,,,,,,,,,身体1級;愛の手帳4度、精神2級", {"disability": ["physical_1", "ai_4", "mental_2"]}, {}),
    ],
)
def test_cells_as_people_write_them(
    write: Write, cells: str, member: dict[str, object], around: dict[str, object]
) -> None:
    row = cells + "," * (WIDE.count(",") - cells.count(","))
    ledger = _ledger(write(f"{WIDE}\n{row}\n"))
    assert [sentence(bad) for bad in ledger.refused] == []
    (home,) = ledger.households
    assert member.items() <= home.rows[0].member.items()
    assert around.items() <= home.home.items()
    assert home.request().more_people == (around.get("more_people") == "yes")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("1,子,大槻,84,,たくさん", "数ではありません"),
        ("1,子,大槻,84,,-3", "0〜1200の数ではありません"),
        ("1,子,大槻,84,,1.5", "整数ではありません"),
        ("1,子,大槻,84,,nan", "0〜1200の数ではありません"),
        ("1,子,大槻,84,,,25", "0〜24の数ではありません"),
        ("1,子,大槻,84,,,,たぶん", "○か×か不明で"),
        ("1,子,大槻,84,,,,,令和8年4月", "日まで書いて"),
        ("1,子,大槻,84,,,,,R9.4.1", "日付として読めません"),
        ("1,子,大槻,84,,,,,,,," + "あ" * 501, "500字までです"),
        ("1,子,大槻,84,,,,,,北,桜台", "圏域と地区が合いません"),
    ],
)
def test_cells_that_cannot_be_read(write: Write, cells: str, words: str) -> None:
    row = cells + "," * (WIDE.count(",") - cells.count(","))
    (bad,) = _ledger(write(f"{WIDE}\n{row}\n")).refused
    assert words in sentence(bad)


def test_words_that_grow_too_long_and_an_area_that_does_not_fit(write: Write) -> None:
    head = "世帯番号,続柄,氏名,生年月日,相談内容,地区,圏域"
    long = "あ" * 3000
    ledger = _ledger(write(f"{head}\n1,母,大槻,84,{long},桜台,\n1,子,大槻,50,い{long},,\n1,子,大槻,40,{long},,北\n"))
    assert [bad.troubles[0].heading for bad in ledger.refused] == ["相談内容", "圏域"]
    assert "6002字" in sentence(ledger.refused[0])


def test_too_many_columns_and_no_heading_far_below(write: Write) -> None:
    with pytest.raises(LedgerError, match="列が多すぎます"):
        read_ledger(write(_workbook(["x"] * 301)))
    with pytest.raises(LedgerError, match="見出しがありません"):
        read_ledger(write("題名\n" * 12 + HEAD + "\n1,1,母,大槻,84,,,,,\n"))
