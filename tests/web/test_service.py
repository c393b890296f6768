"""What every service promises, whatever it is about: identity, once only, positions, refusals, drafts, pages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from shared import clock
from shared.identity import TOKEN_COOKIE, end_access

if TYPE_CHECKING:
    from tests.web.conftest import House

NOTE = {"line": "弟は夜に出かける"}


async def test_a_stranger_is_refused_and_a_browser_is_led_to_sign_in(house: House) -> None:
    answer = await house.client.post("/casework/api/notes", json=NOTE)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    led = await house.client.get("/casework/page?after=intake:1", headers={"accept": "text/html"})
    assert led.status_code == 303
    assert led.headers["location"].startswith("/casework/session?return=%2Fcasework%2Fpage") or led.headers[
        "location"
    ].startswith("/casework/session?return=/casework/page")


@pytest.mark.parametrize("damage", ["cut", "forge", "empty", "nonsense"])
async def test_a_damaged_token_is_no_token(house: House, damage: str) -> None:
    good = house.tokens.sign(house.actor)
    token = {"cut": good.rsplit(".", 1)[0], "forge": good[:-4] + "AAAA", "empty": "", "nonsense": "a.b.c"}[damage]
    answer = await house.client.get("/casework/page", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_a_token_ends_with_its_time_its_session_and_its_post(house: House) -> None:
    with clock.shifted(timedelta(hours=-1)):
        old = house.tokens.sign(house.actor)
    assert house.tokens.read(old) is None
    house.sign_in()
    assert (await house.client.get("/casework/page")).status_code == 200
    for kind, identity in (("session", house.actor.session), ("post", house.actor.post)):
        async with house.service.db.transaction() as session:
            await end_access(session, kind, identity, clock.now())
        assert (await house.client.get("/casework/page")).status_code == 401
        house.actor = replace(house.actor, session=clock.new_id())
        house.sign_in()
        assert (await house.client.get("/casework/page")).status_code == (200 if kind == "session" else 401)


async def test_the_same_request_sent_many_times_at_once_is_done_once(house: House) -> None:
    house.sign_in()
    headers = {"idempotency-key": "k1"}
    sent = [house.client.post("/casework/api/notes", json=NOTE, headers=headers) for _ in range(8)]
    answers = await asyncio.gather(*sent)
    assert {a.status_code for a in answers} == {200}
    assert sum(not a.json()["repeated"] for a in answers) == 1
    assert {a.json()["length"] for a in answers} == {len(NOTE["line"])}
    assert await house.notes() == await house.facts() == 1


async def test_the_same_key_with_another_body_is_refused_and_nothing_is_saved(house: House) -> None:
    house.sign_in()
    headers = {"idempotency-key": "k1"}
    await house.client.post("/casework/api/notes", json=NOTE, headers=headers)
    answer = await house.client.post("/casework/api/notes", json={"line": "別の文"}, headers=headers)
    assert answer.status_code == 409
    assert await house.notes() == 1


async def test_an_answer_says_where_its_fact_stands(house: House) -> None:
    house.sign_in()
    first = (await house.client.post("/casework/api/notes", json=NOTE)).json()
    second = (await house.client.post("/casework/api/notes", json=NOTE)).json()
    assert (first["position"], second["position"]) == ("casework:1", "casework:2")


async def test_a_promised_fact_that_has_not_come_is_on_its_way_and_not_missing(house: House) -> None:
    house.sign_in()
    assert (await house.client.get("/casework/missing")).status_code == 404
    answer = await house.client.get("/casework/missing?after=intake:7")
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "line"),
        ({"line": "x" * 201}, "line"),
        ({"line": 7}, "line"),
        ({"line": "a\x00b"}, "line"),
        ({"line": ["a"]}, "line"),
    ],
)
async def test_bad_input_is_named_by_its_field(house: House, body: dict[str, object], field: str) -> None:
    house.sign_in()
    answer = await house.client.post("/casework/api/notes", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert await house.notes() == 0


@pytest.mark.parametrize("raw", [b"", b"{", b'{"line": "\\ud800"}', b"\xff\xfe", b"[]", b'{"line": NaN}'])
async def test_broken_json_is_refused_without_a_surprise(house: House, raw: bytes) -> None:
    house.sign_in()
    answer = await house.client.post("/casework/api/notes", content=raw, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert await house.notes() == 0


async def test_what_breaks_says_so_without_saying_what_somebody_typed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.sign_in()
    answer = await house.client.get("/casework/broken")
    assert answer.status_code == 500
    assert "大槻" not in answer.text
    assert "大槻" not in capsys.readouterr().err


async def test_a_refusal_names_its_field_in_the_readers_language(house: House) -> None:
    house.sign_in()
    japanese = (await house.client.get("/casework/refused")).json()
    english = (await house.client.get("/casework/refused?lang=en")).json()
    assert japanese["errors"] == [{"field": "line", "text": "この欄がありません。"}]
    assert english["title"].isascii()


async def test_drafts_are_kept_by_person_found_again_and_thrown_away(house: House) -> None:
    house.sign_in()
    draft = clock.new_id()
    path = f"/casework/drafts/consultation/{draft}"
    fields = {"words": "母は83、\x00弟は53", "worries": ["care", "income"], "anonymous": True}
    assert (await house.client.put(path, json={"fields": fields})).status_code == 200
    found = (await house.client.get("/casework/drafts/consultation")).json()
    assert [d["fields"]["words"] for d in found] == ["母は83、弟は53"]
    other = replace(house.actor, person=clock.new_id(), post=clock.new_id(), session=clock.new_id())
    house.sign_in(other)
    assert (await house.client.get("/casework/drafts/consultation")).json() == []
    assert (await house.client.put(path, json={"fields": {"words": "x"}})).status_code == 404
    assert (await house.client.delete(path)).status_code == 204
    house.sign_in()
    assert len((await house.client.get("/casework/drafts/consultation")).json()) == 1
    assert (await house.client.delete(path)).status_code == 204
    assert (await house.client.get("/casework/drafts/consultation")).json() == []


async def test_what_one_person_typed_is_never_kept_as_anothers(house: House) -> None:
    """Two people at one browser: the page of the first still stands when the second has signed in."""
    house.sign_in()
    first, path = house.actor, f"/casework/drafts/consultation/{clock.new_id()}"
    house.sign_in(replace(first, person=clock.new_id(), post=clock.new_id(), session=clock.new_id()))
    words, typist = {"fields": {"words": "母は83"}}, {"x-kasane-person": str(first.person)}
    assert (await house.client.put(path, json=words, headers=typist)).status_code == 409
    assert (await house.client.get("/casework/drafts/consultation")).json() == []
    house.sign_in(replace(first, post=clock.new_id(), session=clock.new_id()))  # the same person in another post
    assert (await house.client.put(path, json=words, headers=typist)).status_code == 200


async def test_drafts_about_two_cases_stand_apart(house: House) -> None:
    house.sign_in()
    one, two, draft = clock.new_id(), clock.new_id(), clock.new_id()
    for about, words in ((one, "一つめ"), (two, "二つめ"), (None, "はじめて")):
        body = {"fields": {"facts": words}, "about": str(about) if about else None, "household": str(two)}
        assert (await house.client.put(f"/casework/drafts/entry/{clock.new_id()}", json=body)).status_code == 200
    for query, words in ((f"?about={one}", "一つめ"), (f"?about={two}", "二つめ"), ("", "はじめて")):
        found = (await house.client.get(f"/casework/drafts/entry{query}")).json()
        assert [d["fields"]["facts"] for d in found] == [words]
    path = f"/casework/drafts/entry/{draft}"
    assert (await house.client.put(path, json={"fields": {}, "about": str(one)})).status_code == 200
    assert (await house.client.put(path, json={"fields": {}, "about": str(two)})).status_code == 404


@pytest.mark.parametrize(("lang", "word"), [("ja", "世帯"), ("en", "Household")])
async def test_a_page_speaks_both_languages_and_remembers(house: House, lang: str, word: str) -> None:
    house.sign_in()
    answer = await house.client.get(f"/casework/page?lang={lang}")
    assert answer.headers["content-language"] == lang
    assert f"<h1>{word}" in answer.text
    again = await house.client.get("/casework/page")
    assert again.headers["content-language"] == lang
    assert TOKEN_COOKIE not in answer.text


async def test_metrics_and_logs_hold_routes_and_no_queries(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.sign_in()
    await house.client.get("/casework/page?after=intake:1&who=canary-name")
    metrics = (await house.client.get("/casework/metrics")).text
    assert 'route="/page"' in metrics
    assert "canary" not in metrics + capsys.readouterr().err


async def test_the_log_names_the_post_of_who_was_refused_and_of_nobody_else(house: House) -> None:
    house.sign_in()
    with capture_logs() as lines:
        for path in ("page", "api/operations"):
            await house.client.get(f"/casework/{path}")
    told = {line["route"]: (line["status"], line.get("post")) for line in lines if line["event"] == "request"}
    assert told == {"/page": (200, None), "/api/operations": (403, str(house.actor.post))}


async def test_health_needs_no_sign_in(house: House) -> None:
    answer = await house.client.get("/casework/health")
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
