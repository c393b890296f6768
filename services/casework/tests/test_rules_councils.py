from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.rules import councils
from services.casework.rules.councils import Kind, RecallTerm, SeatFacts
from shared.errors import Conflict, Forbidden, Refused

MET = date(2026, 6, 18)
COUNCIL = Kind.read("support_council", {"basis": "support_council_106_6", "named": True})
LAYERED = Kind.read("layered_conference", {"basis": "consent_69_2_1", "consent": True})
SIGNED, WAITING, GONE = SeatFacts(True, False), SeatFacts(False, False), SeatFacts(True, True)


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        (COUNCIL, {"reason": "refused"}, None),
        (COUNCIL, {"reason": "refused", "members": 0}, None),
        (COUNCIL, {"reason": "refused", "agencies": 1}, "agencies"),
        (COUNCIL, {}, "reason"),
        (COUNCIL, {"consented": True}, None),
        (LAYERED, {"consented": True, "agencies": 2, "members": 0}, None),
        (LAYERED, {"agencies": 2, "members": 0}, "kind"),
        (LAYERED, {"consented": True, "members": 0}, "agencies"),
        (LAYERED, {"consented": True, "agencies": 2}, "members"),
        (Kind.read("child_council", {"basis": "child_council", "named": True}), {}, None),
        (Kind.read("case_conference", {"basis": "internal_69_2_2"}), {"agencies": 1, "members": 0}, None),
    ],
)
def test_some_meetings_need_consent_and_a_council_without_it_a_reason(
    kind: Kind, more: dict[str, Any], field: str | None
) -> None:
    asked = {"agencies": 0, "members": 2, "consented": False, "reason": None} | more
    if field is None:
        councils.call(kind, **asked)
        return
    with pytest.raises(Refused) as refused:
        councils.call(kind, **asked)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("terms", "days"),
    [
        ([], 14),
        ([{"from": "2021-04-01", "days": 14}], 14),
        ([{"from": "2021-04-01", "days": 14}, {"from": "2026-06-18", "days": 7}], 7),
        ([{"from": "2021-04-01", "days": 14}, {"from": "2026-06-19", "days": 7}], 14),
        ([{"from": "2021-04-01", "days": 14}, {"from": "2021-04-01", "days": 3, "kinds": ["support_council"]}], 3),
        ([{"from": "2021-04-01", "days": 30, "kinds": ["child_council"]}], 14),
        ([{"days": 5}], 5),
    ],
)
def test_materials_are_recalled_by_the_newest_term_that_holds(terms: list[dict[str, Any]], days: int) -> None:
    found = councils.recall_on("support_council", MET, [RecallTerm.read(one) for one in terms])
    assert found == MET + timedelta(days=days)


@pytest.mark.parametrize(
    ("seat", "named", "signed", "laid", "released"),
    [
        (None, None, Forbidden, Forbidden, Conflict),
        (WAITING, Conflict, None, Forbidden, None),
        (SIGNED, Conflict, Conflict, None, None),
        (GONE, None, Forbidden, Forbidden, Conflict),
    ],
)
def test_what_a_seat_lets_one_do(
    seat: SeatFacts | None,
    named: type[Refused] | None,
    signed: type[Refused] | None,
    laid: type[Refused] | None,
    released: type[Refused] | None,
) -> None:
    deeds: list[tuple[type[Refused] | None, Callable[[], None]]] = [
        (named, lambda: councils.name_member(seat, in_force=True)),
        (signed, lambda: councils.sign(seat)),
        (laid, lambda: councils.lay(seat, ["", "動きました"], frozenset({"care"}))),
        (released, lambda: councils.release(seat, is_chair=False)),
    ]
    for refused, deed in deeds:
        if refused is None:
            deed()
        else:
            with pytest.raises(refused):
                deed()


def test_a_sheet_says_something_about_something_and_the_chair_stays() -> None:
    for boxes, items, field in ((["  ", ""], {"care"}, "known"), (["事実"], set(), "items")):
        with pytest.raises(Refused) as refused:
            councils.lay(SIGNED, boxes, frozenset(items))
        assert refused.value.field == field
    with pytest.raises(Refused):
        councils.release(SIGNED, is_chair=True)
    with pytest.raises(Refused):
        councils.name_member(None, in_force=False)


@given(st.booleans(), st.booleans(), st.booleans())
def test_only_the_chair_of_an_open_meeting_of_named_members_changes_it(
    chairs: bool, named: bool, is_open: bool
) -> None:
    def change() -> None:
        councils.demand_chair(chairs=chairs)
        councils.demand_named(named=named)
        councils.demand_open(is_open=is_open)

    if chairs and named and is_open:
        change()
    else:
        with pytest.raises(Refused):
            change()
