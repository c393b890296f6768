"""The guard against マイナンバー: what is found, what is not, that no field escapes it, and what drafts keep."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from services.parts import load_app
from services.stack import make_settings
from shared.events import SERVICES
from shared.i18n import gettext
from shared.my_number import (
    LENGTH,
    REFUSAL,
    STRUCK,
    check_digit,
    contains_my_number,
    find_field,
    is_my_number,
    is_telephone_field,
    strike_out,
)
from tests.e2e.routes import routes_of

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from tests.web.conftest import House

NUMBER = "123456789018"
ABROAD = "+819012345678"
"""A telephone number of twelve digits that carries a valid check digit."""
BETWEEN = ["", " ", "-", "　", "ー", "–", "\u200b", "\u00a0", " - ", "\u2011"]


def valid(eleven: int) -> str:
    digits = f"{eleven:011}"
    return f"{digits}{check_digit(digits)}"


numbers = st.integers(0, 10**11 - 1).map(valid)


def test_the_check_digit_by_its_formula() -> None:
    assert check_digit("12345678901") == 8
    assert is_my_number(NUMBER)
    assert not is_my_number("123456789012")
    assert not is_my_number("１２３４５６７８９０１８")
    assert not is_my_number(NUMBER[:-1])


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        f"番号は{NUMBER}です",
        "1234 5678 9018",
        "1234-5678-9018",
        "１２３４　５６７８　９０１８",
        "1234ー5678ー9018",
        "1234\u200b56\u00ad789018",
        "١٢٣٤٥٦٧٨٩٠١٨",
        "①②③④⑤⑥⑦⑧⑨018",
        f"電話 090-1234-5678 {NUMBER}",
        f"1234-5678-9018 {ABROAD[1:]}0",
        f"a{NUMBER}b",
    ],
)
def test_a_my_number_is_found_and_struck_out(written: str) -> None:
    assert contains_my_number(written)
    struck = strike_out(written)
    assert not contains_my_number(struck)
    assert STRUCK in struck
    assert len(struck) == len(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "090-1234-5678",
        "123456789012",
        f"{NUMBER}0",
        f"9{NUMBER}",
        f"9-{NUMBER[:4]}-{NUMBER[4:]}",
        "1234\n5678\n9018",
        "2026-06-18",
        "12人と3456円",
        f"01890000-0000-7000-8000-{NUMBER}",
        f"01890000000070008000{NUMBER}",
    ],
)
def test_other_numbers_are_not(written: str) -> None:
    assert not contains_my_number(written)
    assert strike_out(written) == written


@given(numbers, st.sampled_from(BETWEEN), st.sampled_from(["番号 {} です", "{}", "({})", "\n{}\n"]))
def test_every_valid_number_is_found_in_groups_of_four(number: str, between: str, around: str) -> None:
    grouped = between.join(number[n : n + 4] for n in range(0, LENGTH, 4))
    written = around.format(grouped)
    assert contains_my_number(written)
    assert not re.search(r"\d", strike_out(written))
    wrong = f"{number[:-1]}{(int(number[-1]) + 1) % 10}"
    assert not contains_my_number(around.format(wrong))


@given(numbers, st.text(st.characters(codec="utf-8"), max_size=8), st.text(st.characters(codec="utf-8"), max_size=8))
def test_what_is_struck_out_is_found_no_more(number: str, before: str, after: str) -> None:
    written = f"{before}{number}{after}"
    struck = strike_out(written)
    assert not contains_my_number(struck)
    assert len(struck) == len(written)
    if contains_my_number(written):
        assert number not in struck


@given(st.uuids(), st.booleans())
def test_no_id_of_ours_is_taken_for_one(identity: Any, bare: bool) -> None:
    assert not contains_my_number(identity.hex if bare else str(identity))


@pytest.mark.parametrize(
    ("written", "telephone"),
    [
        (ABROAD, True),
        ("+81 90-1234-5678", True),
        ("03-1234-5678-18", True),
        ("0312345678 18", True),
        (NUMBER, False),
        ("0123 4567 8902", False),
        ("012345678902", False),
    ],
)
def test_a_telephone_number_is_let_through_where_one_belongs(written: str, telephone: bool) -> None:
    digits = re.sub(r"\D", "", written)
    right = f"{written[:-1]}{check_digit(digits[:-1])}"
    assert contains_my_number(right)
    assert contains_my_number(right, telephone=True) is not telephone
    assert (find_field({"members": [{"phone": right}]}) is None) is telephone
    assert find_field({"members": [{"name": right}]}) == "members.0.name"


def test_which_fields_are_for_telephones() -> None:
    assert is_telephone_field("members.0.phone")
    assert is_telephone_field("caller_phone")
    assert not is_telephone_field("telephone_note")
    assert not is_telephone_field("headphone")


def test_the_field_is_named_wherever_it_stands() -> None:
    assert find_field({"a": {"b": ["x", {"c": NUMBER}]}}) == "a.b.1.c"
    assert find_field({"a": int(NUMBER), "b": True, "c": 1.5, "d": None}) == "a"
    assert find_field({NUMBER: "x"}) == STRUCK * LENGTH
    assert find_field(["a", NUMBER]) == "1"


def fields_of(app: FastAPI) -> Iterator[tuple[str, str, str, list[str | int]]]:
    """Every text field of every described body: method, path, kind of body, and the way to it."""
    description = app.openapi()
    schemas = description.get("components", {}).get("schemas", {})
    for path, methods in description["paths"].items():
        for method, about in methods.items():
            for kind, content in about.get("requestBody", {}).get("content", {}).items():
                for way in text_fields(content["schema"], schemas, [], frozenset()):
                    yield method.upper(), path, kind, way


def text_fields(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], way: list[str | int], seen: frozenset[str]
) -> Iterator[list[str | int]]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from text_fields(schemas[name], schemas, way, seen | {name})
        return
    if schema.get("type") == "string":
        yield way
    below = [(choice, way) for kind in ("anyOf", "oneOf", "allOf") for choice in schema.get(kind, ())]
    below += [(one, [*way, name]) for name, one in schema.get("properties", {}).items()]
    if isinstance(more := schema.get("additionalProperties"), dict):
        below.append((more, [*way, "some"]))
    if "items" in schema:
        below.append((schema["items"], [*way, 0]))
    for one, there in below:
        yield from text_fields(one, schemas, there, seen)


def body_with(value: str, way: list[str | int]) -> Any:
    for step in reversed(way):
        value = [value] if step == 0 else {step: value}  # type: ignore[assignment] # from text to what holds it
    return value


@pytest.mark.parametrize("service", SERVICES)
async def test_no_field_of_any_service_takes_one(service: str, tmp_path: Path) -> None:
    nowhere = dict.fromkeys(SERVICES, "postgresql+asyncpg://nobody@localhost/nothing")
    app = load_app(service, make_settings(tmp_path, "http://localhost", nowhere, "redis://localhost")[service])
    wrong, seen = [], 0
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://ward.test"
    ) as client:

        async def judge(method: str, path: str, field: str | None, **sent: Any) -> None:
            nonlocal seen
            seen += 1
            answer = await client.request(method, path, **sent)
            said = answer.json() if "json" in answer.headers["content-type"] else {}
            fields = [error["field"] for error in said.get("errors", [])]
            right = answer.status_code == 422 and said["title"] == gettext(REFUSAL)
            if not right or NUMBER in answer.text or (field is not None and fields != [field]):
                wrong.append(f"{method} {path} {field}: {answer.status_code} {fields}")

        paths = {route.template: route.path.removeprefix(f"/{service}") for route in routes_of(app)}
        for method, path, kind, way in fields_of(app):
            field = ".".join(map(str, way))
            if "/drafts/" in path or is_telephone_field(field):
                continue
            sent = {"json": body_with(NUMBER, way)} if "json" in kind else {"data": {field: NUMBER}}
            await judge(method, paths[path], field, **sent)
        for route in routes_of(app):
            if "/drafts/" not in route.template and route.method != "GET":
                path = route.path.removeprefix(f"/{service}")
                await judge(route.method, path, "any", data={"any": NUMBER})
                await judge(
                    route.method, path, None, files={"any": (f"{NUMBER}.csv", io.BytesIO(b"x"))}, data={"f": NUMBER}
                )
                await judge(route.method, path, "Idempotency-Key", json={}, headers={"idempotency-key": NUMBER})
            if "{" in route.template:
                path = re.sub(r"\{(\w+)(?::\w+)?\}", NUMBER, route.template)
                await judge(route.method, path, None)
    assert seen > 40
    assert not wrong, "\n".join(wrong)


async def test_a_refusal_keeps_nothing_and_repeats_nothing(house: House) -> None:
    house.sign_in()
    with capture_logs() as logs:
        for written in (NUMBER, "１２３４　５６７８　９０１８", "1234‐5678‐9018"):
            answer = await house.client.post(
                "/casework/api/notes", json={"line": f"番号 {written}"}, headers={"idempotency-key": "k1"}
            )
            assert answer.status_code == 422
            assert answer.json()["errors"] == [{"field": "line", "text": gettext(REFUSAL)}]
            assert "5678" not in answer.text
            assert "５６７８" not in answer.text
        broken = await house.client.post(
            "/casework/api/notes", content=f'{{"line": {NUMBER}', headers={"content-type": "application/json"}
        )
        odd = await house.client.post("/casework/api/notes", json={"line": {"deep": [1, {"x": NUMBER}]}})
        shown = await house.client.post("/casework/api/notes", json={"line": NUMBER}, headers={"accept": "text/html"})
    assert {broken.status_code, odd.status_code, shown.status_code} == {422}
    assert not [one for one in (broken, odd, shown) if NUMBER in one.text]
    assert NUMBER not in str(logs)
    assert await house.notes() == 0
    assert await _places_of(house, "5678") == []
    assert (await house.client.post("/casework/api/notes", json={"line": "番号 123456789012"})).status_code == 200


async def test_a_draft_keeps_the_text_without_the_digits(house: House) -> None:
    house.sign_in()
    address = "/casework/drafts/entry/01890000-0000-7000-8000-000000000001"
    fields = {
        "words": f"母の番号は {NUMBER} と聞いた",
        "members.0.phone": ABROAD,
        "ticks": ["a", "1234-5678-9018"],
        f"f{NUMBER}": "x",
    }
    answer = await house.client.put(address, json={"fields": fields})
    kept = {
        "words": f"母の番号は {STRUCK * 12} と聞いた",
        "members.0.phone": ABROAD,
        "ticks": ["a", "■■■■-■■■■-■■■■"],
        f"f{STRUCK * 12}": "x",
    }
    assert answer.json()["fields"] == kept
    assert (await house.client.get("/casework/drafts/entry")).json()[0]["fields"] == kept
    assert await _places_of(house, NUMBER) == []


async def _places_of(house: House, mark: str) -> list[str]:
    """The tables of the service in which the mark stands anywhere."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    async with house.service.db.read() as session:
        names = list(await session.scalars(text(tables)))
        found = []
        for name in names:
            query = f'SELECT count(*) FROM "{name}" AS row WHERE row::text LIKE :mark'  # noqa: S608 - the catalogue's own
            if await session.scalar(text(query), {"mark": f"%{mark}%"}):
                found.append(name)
    return found
