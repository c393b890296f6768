from datetime import timedelta

import httpx
import pytest

from services.casework.actions import handing, posts
from services.casework.tests.sample import JOBS, NOW, SmallWard, Ward, actor_of
from shared import clock
from shared.identity import TOKEN_COOKIE


async def test_installing_a_ward_states_every_post_once(ward: Ward) -> None:
    again = await ward.do(lambda s: posts.install_ward(s, SmallWard))
    assert again == 0
    started = await ward.recorded("casework.post_started")
    assert len(started) == len(SmallWard.POSTS)
    (lead,) = [row for row in started if row["post"] == str(JOBS["lead"].id)]
    assert (lead["agency"], lead["agency_kind"], lead["role"], lead["areas"]) == (
        "outreach-n", "outreach", "outreach_lead", ["n"],
    )  # fmt: skip


async def test_signing_in_by_code_gives_a_token_that_works(client: httpx.AsyncClient) -> None:
    offered = (await client.get("/casework/api/posts")).json()
    assert {post["code"] for post in offered} == set(JOBS)
    signed = await client.post("/casework/api/session", json={"post": "coordinator"})
    assert signed.json()["post"]["name"] == "高梨 恵"
    token = signed.json()["token"]
    client.cookies.clear()
    me = await client.get("/casework/api/me", headers={"authorization": f"Bearer {token}"})
    assert me.json()["role"] == "coordinator"


async def test_nobody_signs_in_by_choosing_where_that_is_not_offered(client: httpx.AsyncClient, ward: Ward) -> None:
    client._transport.app.routes[0].app.state.service.settings = ward.settings.model_copy(  # type: ignore[attr-defined]
        update={"demo_sign_in": False}
    )
    assert (await client.get("/casework/api/posts")).status_code == 404
    assert (await client.post("/casework/api/session", json={"post": "coordinator"})).status_code == 403
    assert (await client.post("/casework/sign-in", data={"post": "coordinator"})).status_code == 403


@pytest.mark.parametrize("wanted", ["nobody", "00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_post_is_refused(client: httpx.AsyncClient, wanted: str) -> None:
    assert (await client.post("/casework/api/session", json={"post": wanted})).status_code == 404


async def test_a_session_is_renewed_and_leads_back_to_local_paths_only(client: httpx.AsyncClient) -> None:
    await client.post("/casework/api/session", json={"post": "manager"})
    client.cookies.delete(TOKEN_COOKIE)
    back = await client.get("/casework/session", params={"return": "/casework/board?sort=due"})
    assert (back.status_code, back.headers["location"]) == (303, "/casework/board?sort=due")
    assert client.cookies[TOKEN_COOKIE]
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "/%2f/evil", "javascript:alert(1)", ""):
        away = await client.get("/casework/session", params={"return": evil})
        assert away.headers["location"] == "/casework/"
    assert (await client.post("/casework/session/renew")).status_code == 200


async def test_signing_out_ends_the_session_everywhere(client: httpx.AsyncClient, ward: Ward) -> None:
    token = (await client.post("/casework/api/session", json={"post": "manager"})).json()["token"]
    out = await client.post("/casework/sign-out")
    assert out.headers["location"] == "/casework/sign-in"
    refused = await client.get("/casework/api/me", headers={"authorization": f"Bearer {token}"})
    assert refused.status_code == 401
    (ended,) = await ward.recorded("casework.session_ended")
    assert ended["post"] == str(JOBS["manager"].id)
    assert (await client.post("/casework/session/renew")).status_code == 401


async def test_a_session_ends_by_rest_and_by_age(client: httpx.AsyncClient, ward: Ward) -> None:
    await client.post("/casework/api/session", json={"post": "manager"})
    with clock.at(NOW + timedelta(seconds=ward.settings.session_idle_seconds + 1)):
        assert (await client.post("/casework/session/renew")).status_code == 401


async def test_all_rights_end_with_the_post(client: httpx.AsyncClient, ward: Ward) -> None:
    token = (await client.post("/casework/api/session", json={"post": "manager"})).json()["token"]
    await handing.end_post(ward.db, actor_of("operator"), JOBS["manager"].id)
    await handing.end_post(ward.db, actor_of("operator"), JOBS["manager"].id)
    refused = await client.get("/casework/api/me", headers={"authorization": f"Bearer {token}"})
    assert refused.status_code == 401
    assert (await client.post("/casework/session/renew")).status_code == 401
    assert (await client.post("/casework/api/session", json={"post": "manager"})).status_code == 404
    assert len(await ward.recorded("casework.post_ended")) == 1
