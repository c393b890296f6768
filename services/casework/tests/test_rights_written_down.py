"""Whoever signs in, or changes what somebody may, leaves a line: who, in which post, when, from where, about whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from services.casework.tables import Person, Post
from services.casework.tests.sample import JOBS, NOW, TODAY, Ward
from shared.audit import AuditEntry

if TYPE_CHECKING:
    import httpx

HTML = {"accept": "text/html"}


async def lines(ward: Ward, after: int = 0) -> list[AuditEntry]:
    async with ward.db.read() as session:
        return list(await session.scalars(select(AuditEntry).where(AuditEntry.id > after).order_by(AuditEntry.id)))


async def test_each_change_of_rights_is_written_down(ward: Ward, client: httpx.AsyncClient) -> None:
    headers = ward.headers("operator") | HTML

    async def send(path: str, expected: str, **form: object) -> AuditEntry:
        before = (await lines(ward))[-1:]
        answer = await client.post(f"/casework/people{path}", data=form, headers=headers)
        assert answer.status_code == 303, answer.text[:2000]
        found = [row for row in await lines(ward, before[0].id if before else 0) if row.action == expected]
        assert found, f"{path} left no line {expected}"
        return found[-1]

    rows = [await send("", "person_registered", name="新人 一郎")]
    async with ward.db.read() as session:
        person = (await session.scalars(select(Person.id).where(Person.name == "新人 一郎"))).one()
    path, last = f"/{person}", (TODAY + timedelta(days=9)).isoformat()
    starts = {"agency": "sukoyaka-n", "role": "caseworker", "starts_on": TODAY.isoformat(), "title_ja": "相談支援員"}
    rows.append(await send(f"{path}/posts", "post_started", **starts))
    async with ward.db.read() as session:
        post = (await session.scalars(select(Post.id).where(Post.person == person))).one()
    heir = str(JOBS["caseworker-c"].id)
    rows.append(await send(f"{path}/posts/{post}", "post_limited", ends_on=last, successor=heir))
    assert [row.action for row in await lines(ward)][-2:] == ["successor_named", "post_limited"]
    rows.append(await send(f"{path}/identities", "identity_bound", issuer="https://id.example", subject="s-1"))
    rows.append(await send(f"{path}/home", "home_district", district=""))
    assert (await client.post("/casework/api/session", json={"post": str(post)})).status_code == 200
    client.cookies.clear()
    rows.append(await send(f"{path}/sessions/end", "session_ended"))
    rows.append(await send(f"{path}/posts/{post}/end", "post_ended"))

    operator = JOBS["operator"]
    for row in rows:
        assert (row.post, row.person, row.at, row.origin) == (operator.id, operator.person, NOW, "127.0.0.1"), (
            row.action
        )
        assert row.basis in {f"person:{person}", f"post:{post}"}, "about whom"


async def test_signing_in_and_out_is_written_down(ward: Ward, client: httpx.AsyncClient) -> None:
    signed = await client.post("/casework/api/session", json={"post": str(JOBS["caseworker-n"].id)})
    assert signed.status_code == 200
    assert (await client.post("/casework/sign-out", headers=HTML)).status_code == 303
    found = [(row.action, row.post, row.basis, row.origin) for row in await lines(ward)]
    assert found == [
        ("sign_in", JOBS["caseworker-n"].id, "demo", "127.0.0.1"),
        ("sign_out", JOBS["caseworker-n"].id, "demo", "127.0.0.1"),
    ]
