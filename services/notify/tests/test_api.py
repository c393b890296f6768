"""The inbox over HTTP: what waits, receipts, preferences, rules; each under rights."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.testing import statements_of

from .conftest import Ward
from .test_telling import invited, requested

pytestmark = pytest.mark.integration


async def ask(ward: Ward, client: httpx.AsyncClient, name: str, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {ward.token(name)}"} | more.pop("headers", {})
    return await client.request(method, f"/notify/api{path}", headers=headers, **more)


async def test_reading_leaves_a_receipt_once(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.open_case()
    await ward.hear(requested(ward), by=ward["coordinator"])
    (line,) = (await ask(ward, client, "lead", "GET", "/inbox", params={"lang": "en"})).json()
    assert line["text"] == "A visit is asked for. Decide who goes and when."
    assert line["case_number"] == "K26-0391"
    assert line["path"].startswith("/outreach/planner?after=casework:")
    assert (await ask(ward, client, "lead", "GET", "/count")).json() == {"waiting": 1, "late": 0}
    for _ in range(2):
        receipt = await ask(ward, client, "lead", "POST", f"/notifications/{line['id']}/read")
        assert receipt.status_code == 200, receipt.text
    (read,) = await ward.recorded("notify.notification_read")
    assert read["because"] == line["because"]
    assert (await ask(ward, client, "lead", "GET", "/inbox")).json() == []
    (seen,) = (await ask(ward, client, "lead", "GET", "/inbox", params={"filter": "all"})).json()
    assert seen["read_at"]


async def test_an_inbox_is_its_posts_alone(ward: Ward, client: httpx.AsyncClient) -> None:
    await ward.hear(requested(ward), by=ward["coordinator"])
    (line,) = (await ask(ward, client, "lead", "GET", "/inbox")).json()
    for name in ("manager", "lead_w", "worker"):
        assert (await ask(ward, client, name, "GET", "/inbox")).json() == []
        assert (await ask(ward, client, name, "POST", f"/notifications/{line['id']}/read")).status_code == 404
    assert (await client.get("/notify/api/inbox")).status_code == 401


async def test_pages_follow_one_another_without_gap_or_copy(ward: Ward, client: httpx.AsyncClient) -> None:
    for _ in range(7):
        await ward.hear(invited(ward), by=ward["coordinator"])
    for wanted in ("waiting", "all"):
        seen: list[str] = []
        while True:
            params = {"filter": wanted, "limit": 3} | ({"after_id": seen[-1]} if seen else {})
            lines = (await ask(ward, client, "shakyo", "GET", "/inbox", params=params)).json()
            seen += [line["id"] for line in lines]
            if len(lines) < 3:
                break
        assert len(seen) == len(set(seen)) == 7


async def test_the_number_of_queries_does_not_grow(ward: Ward, client: httpx.AsyncClient) -> None:
    service = client._transport.app.routes[0].app.state.service  # type: ignore[attr-defined]
    counts = []
    for size in (1, 12):
        for _ in range(size):
            await ward.hear(invited(ward), by=ward["coordinator"])
        with statements_of(service.db) as statements:
            await ask(ward, client, "shakyo", "GET", "/inbox")
        counts.append(len([s for s in statements if "notification" in s]))
    assert counts[0] == counts[1]


async def test_preferences_are_kept_and_refused_beside_their_field(ward: Ward, client: httpx.AsyncClient) -> None:
    wanted = {"channels": ["email"], "email": "h.tsuchi@example.jp", "quiet_since": "22:00", "quiet_until": "07:00"}
    kept = await ask(ward, client, "worker", "PUT", "/preferences", json=wanted)
    assert kept.status_code == 200, kept.text
    assert kept.json()["channels"] == ["inbox", "email"]
    assert (await ask(ward, client, "worker", "GET", "/preferences")).json() == kept.json()
    stale = await ask(ward, client, "worker", "PUT", "/preferences", json=wanted | {"version": 99})
    assert stale.status_code == 409
    for wrong, field in (
        ({"channels": ["email"]}, "email"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"quiet_since": "22:00"}, "quiet_until"),
        ({"email": "a@b\r\nBcc: x@y"}, "email"),
        ({"email": "山田@example.jp"}, "email"),
    ):
        refused = await ask(ward, client, "worker", "PUT", "/preferences", json=wrong)
        assert refused.status_code == 422
        assert [e["field"] for e in refused.json()["errors"]] == [field]


async def test_a_manager_may_shorten_a_deadline_and_pass_up_at_once(ward: Ward, client: httpx.AsyncClient) -> None:
    assert (
        await ask(ward, client, "lead", "PUT", "/rules/visit_requested/deadline", json={"minutes": 0})
    ).status_code == 403
    changed = await ask(ward, client, "manager", "PUT", "/rules/visit_requested/deadline", json={"minutes": 0})
    assert changed.status_code == 200, changed.text
    rules = {rule["kind"]: rule for rule in (await ask(ward, client, "operator", "GET", "/rules")).json()}
    assert rules["visit_requested"]["read"] == {"*": {"minutes": 0}}
    assert (await ask(ward, client, "manager", "PUT", "/rules/nothing/deadline", json={})).status_code == 404
    await ward.hear(requested(ward), by=ward["coordinator"])
    assert (await ask(ward, client, "lead", "POST", "/pass-up")).status_code == 403
    passed = (await ask(ward, client, "operator", "POST", "/pass-up")).json()
    assert passed["passed_up"] <= 1, "the service's own round may have been quicker"
    (line,) = (await ask(ward, client, "manager", "GET", "/inbox")).json()
    assert (line["kind"], line["unread_kind"]) == ("unanswered", "visit_requested")
