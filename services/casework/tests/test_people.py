"""The administrator's pages, and a person with several posts, over HTTP."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.casework.actions import people
from services.casework.requests import StartPost
from services.casework.tables import Account, Person, SignIn
from services.casework.tests.sample import JOBS, NOW, TODAY, Ward, actor_of
from shared import clock
from shared.identity import TOKEN_COOKIE

FORM = {"accept": "text/html"}


@pytest.fixture
async def operator(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await client.post("/casework/api/session", json={"post": "operator"})
    return client


async def test_a_person_is_registered_given_a_post_and_invited(ward: Ward, operator: httpx.AsyncClient) -> None:
    made = await operator.post(
        "/casework/people", data={"name": "新田 花", "email": "Hana@example.lg.jp", "employee_number": "0042"}
    )
    path = made.headers["location"].partition("?")[0]
    post = {"agency": "shakyo", "role": "agency_worker", "areas": ["n"], "starts_on": str(TODAY), "head": "true"}
    assert (await operator.post(f"{path}/posts", data=post)).status_code == 303
    letter = await operator.post(f"{path}/account", data={"login": "Hana"}, headers=FORM)
    (code,) = re.findall(r"letter#([A-Z0-9-]{24})", letter.text)
    shown = await operator.get(path, headers=FORM)
    assert all(word in shown.text for word in ("新田 花", "社協", "hana", "0042"))
    assert code not in shown.text, "shown once"
    async with ward.db.read() as session:
        person = (await session.scalars(select(Person).where(Person.name == "新田 花"))).one()
        assert (await session.get_one(Account, person.id)).login == "hana"
    assert person.email == "hana@example.lg.jp"
    started = (await ward.recorded("casework.post_started"))[-1]
    assert (started["agency"], started["areas"], started["person"]) == ("shakyo", ["n"], str(person.id))
    log = str(await ward.recorded())
    assert not any(word in log for word in ("新田", "hana", "0042")), "names stay here"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"agency": "nowhere"}, "agency"),
        ({"role": "king"}, "role"),
        ({"starts_on": "2026-13-01"}, "starts_on"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"areas": ["n", "moon"]}, "areas"),
    ],
)
async def test_a_wrong_post_is_refused_beside_its_field(
    operator: httpx.AsyncClient, form: dict[str, object], field: str
) -> None:
    good = {"agency": "shakyo", "role": "agency_worker", "starts_on": str(TODAY)}
    refused = await operator.post(f"/casework/people/{JOBS['lead'].person}/posts", data=good | form, headers=FORM)
    assert refused.status_code == 422
    assert f"#f-{field}" in refused.text


@pytest.mark.parametrize("code", ["caseworker-n", "coordinator", "manager", "worker"])
async def test_nobody_else_administers(ward: Ward, client: httpx.AsyncClient, code: str) -> None:
    person, post, headers = JOBS["lead"].person, JOBS["lead"].id, ward.headers(code) | FORM
    tries = [
        await client.get("/casework/people", headers=headers),
        await client.get(f"/casework/people/{person}", headers=headers),
        await client.post("/casework/people", headers=headers, data={"name": "x"}),
        await client.post(f"/casework/people/{person}/account", headers=headers, data={"login": "x1"}),
        await client.post(f"/casework/people/{person}/posts/{post}/end", headers=headers),
        await client.post(f"/casework/people/{person}/sessions/end", headers=headers),
        await client.post(
            f"/casework/people/{person}/identities", headers=headers, data={"issuer": "i", "subject": "s"}
        ),
    ]
    assert {answer.status_code for answer in tries} == {403}


async def test_an_administrator_ends_a_post_and_a_session_at_once(ward: Ward, client: httpx.AsyncClient) -> None:
    await client.post("/casework/api/session", json={"post": "lead"})
    token = {"authorization": f"Bearer {client.cookies[TOKEN_COOKIE]}"}
    await client.post("/casework/api/session", json={"post": "operator"})
    async with ward.db.read() as session:
        (begun,) = await session.scalars(select(SignIn.id).where(SignIn.person == JOBS["lead"].person))
    assert (await client.get("/casework/api/me", headers=token)).status_code == 200
    await client.post(f"/casework/people/{JOBS['lead'].person}/sessions/{begun}/end")
    assert (await client.get("/casework/api/me", headers=token)).status_code == 401
    ended = await client.post(f"/casework/people/{JOBS['worker'].person}/posts/{JOBS['worker'].id}/end")
    assert ended.status_code == 303
    assert (await client.get("/casework/api/me", headers=ward.headers("worker"))).status_code == 401
    missing = await client.post(f"/casework/people/{JOBS['lead'].person}/sessions/{begun}/end", headers=FORM)
    assert missing.status_code in {303, 404}


async def test_a_person_changes_between_their_posts(ward: Ward, client: httpx.AsyncClient) -> None:
    body = StartPost(agency="coordination", role="coordinator", starts_on=TODAY)
    second = await ward.do(lambda s: people.start_post(s, actor_of("operator"), JOBS["caseworker-n"].person, body))
    later = body.model_copy(update={"starts_on": TODAY + timedelta(days=1)})
    third = await ward.do(lambda s: people.start_post(s, actor_of("operator"), JOBS["caseworker-n"].person, later))
    await client.post("/casework/api/session", json={"post": "caseworker-n"})
    before = {"authorization": f"Bearer {client.cookies[TOKEN_COOKIE]}"}
    assert str(third.id) not in (await client.get("/casework/me", headers=FORM)).text, "not begun yet"
    changed = await client.post("/casework/me/post", data={"post": str(second.id)})
    assert changed.headers["location"] == "/casework/"
    assert (await client.get("/casework/api/me")).json()["role"] == "coordinator"
    assert (await client.get("/casework/api/me", headers=before)).status_code == 401, "the other post's token"
    for wrong in (third.id, JOBS["manager"].id):
        assert (await client.post("/casework/me/post", data={"post": str(wrong)})).status_code == 404
    with clock.at(NOW + timedelta(seconds=ward.settings.session_absolute_seconds + 1)):
        assert (await client.post("/casework/session/renew")).status_code == 401, (
            "changing posts makes no session longer"
        )


async def test_one_ends_ones_own_other_sessions(ward: Ward, client: httpx.AsyncClient) -> None:
    await client.post("/casework/api/session", json={"post": "manager"}, headers={"user-agent": "Edg/1 Windows"})
    first = {"authorization": f"Bearer {client.cookies[TOKEN_COOKIE]}"}
    await client.post("/casework/api/session", json={"post": "manager"}, headers={"user-agent": "Safari/1 iPad"})
    shown = (await client.get("/casework/me", headers=FORM)).text
    assert "Edge / Windows" in shown
    assert "Safari / iPad" in shown
    assert (await client.post("/casework/me/sessions/end-others")).status_code == 303
    assert (await client.get("/casework/api/me", headers=first)).status_code == 401
    assert (await client.get("/casework/api/me")).status_code == 200
    async with ward.db.read() as session:
        others = await session.scalar(select(SignIn.id).where(SignIn.person != JOBS["manager"].person))
    assert others is None
    assert (await client.post(f"/casework/me/sessions/{UUID(int=1)}/end", headers=FORM)).status_code == 404
