"""開示請求 through all four services: one file with everything, others' names gone, and a line in every audit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from services.intake.tables import CaseOfHousehold, Consultation, Member
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared import clock
from shared.events import SERVICES
from tests.forms import Fields

if TYPE_CHECKING:
    from uuid import UUID

    from services.stack import Stack
    from shared.db import Database
    from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e
HTML = {"accept": "text/html"}


def database_of(running: Stack, service: str) -> Database:
    db: Database = running.apps[service].state.service.db
    return db


async def a_household_with_a_history(running: Stack) -> tuple[UUID, Member, list[str]]:
    """A household with a case and at least two named members: one who asks, and the names of the others."""
    async with database_of(running, "intake").read() as session:
        for household in await session.scalars(select(CaseOfHousehold.household_id).order_by(CaseOfHousehold.number)):
            members = list(
                await session.scalars(
                    select(Member).where(Member.household_id == household, Member.name != "").order_by(Member.position)
                )
            )
            said = await session.scalar(select(Consultation.id).where(Consultation.household_id == household))
            if len(members) > 1 and said is not None:
                return household, members[0], [one.name for one in members[1:]]
    raise AssertionError("the ward has no such household")


async def taken_in(manager: Person, household: UUID, member: UUID) -> str:
    answer = await manager.http.post(
        f"/intake/disclosures/new/{household}",
        data={
            "member": str(member),
            "asked_by": "self",
            "identity_check": "licence",
            "received_on": clock.today().isoformat(),
        },
        headers=HTML,
    )
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["location"].partition("?")[0]


async def test_a_file_has_everything_and_nothing_of_others(start_stack: StartStack) -> None:
    async with start_stack(households=6) as running:
        manager = Person(POST_BY_CODE["manager-1"], running.base_url)
        await manager.sign_in()
        household, asker, others = await a_household_with_a_history(running)
        request = await taken_in(manager, household, asker.id)
        number = "D-101"
        assert number in (await manager.http.get(request, headers=HTML)).text
        assert (await manager.http.get(f"{request}/file", headers=HTML)).status_code == 409, "nothing is decided"

        page = await manager.http.get(f"{request}/review", headers=HTML)
        assert page.status_code == 200
        for heading in ("住まいと連絡先", "相談の受付", "支援ケース", "職員への知らせ", "だれが見たか"):
            assert heading in page.text, heading
        fields = Fields(page.text, f"{request}/review").sent
        phrases = {value for name, value in fields.items() if name.endswith(".phrase") and value}
        assert any(name.split()[-1] in phrases for name in others if len(name.split()[-1]) > 1)
        saved = await manager.http.post(f"{request}/review", data=fields | {"idempotency_key": "r1"}, headers=HTML)
        assert saved.status_code == 303

        full = await manager.http.post(f"{request}/decide", data={"decision": "full"}, headers=HTML)
        assert full.status_code == 422, "something is black"
        decided = await manager.http.post(f"{request}/decide", data={"decision": "partial"}, headers=HTML)
        assert decided.status_code == 303
        paper = await manager.http.get(f"{request}/file", headers=HTML)
        assert paper.status_code == 200, paper.text
        told = (await manager.http.get(f"{request}/file.json")).json()
        everything = json.dumps(told, ensure_ascii=False)
        body = re.sub(r"<header class=\"top\">.*?</header>", "", paper.text, flags=re.DOTALL)
        for name in others:
            assert name not in body
            assert name not in everything
        staff = [post.name for post in POST_BY_CODE.values()]
        assert not [name for name in staff if name in everything or name in body]
        assert asker.name in everything
        assert {part["kind"] for part in told["parts"]} >= {"本人", "ほかの世帯員", "支援ケース", "相談の受付"}
        assert {line["by"] for line in told["accesses"]} >= {"地域福祉課 地域福祉課長"}
        assert "127.0.0.1" not in everything

        await a_line_in_every_audit(running, household, number)
        await manager.http.aclose()


async def a_line_in_every_audit(running: Stack, household: UUID, number: str) -> None:
    query = text(
        "SELECT action, basis, reason, origin, post FROM audit_entry WHERE household = :household AND reason = :number"
    )
    done: set[str] = set()
    for service in SERVICES:
        async with database_of(running, service).read() as session:
            rows = (await session.execute(query, {"household": household, "number": number})).all()
        assert rows, service
        assert {(row.basis, row.origin, row.post) for row in rows} == {
            ("appi_76", "127.0.0.1", POST_BY_CODE["manager-1"].id)
        }
        done |= {row.action for row in rows}
    assert done >= {"disclosure_received", "disclose", "disclosure_reviewed", "disclosure_decided", "print", "export"}


async def test_what_changed_since_it_was_looked_through_is_not_given(start_stack: StartStack) -> None:
    async with start_stack(households=6) as running:
        manager = Person(POST_BY_CODE["manager-1"], running.base_url)
        await manager.sign_in()
        household, asker, _ = await a_household_with_a_history(running)
        request = await taken_in(manager, household, asker.id)
        page = await manager.http.get(f"{request}/review", headers=HTML)
        fields = Fields(page.text, f"{request}/review").sent
        await manager.http.post(f"{request}/review", data=fields, headers=HTML)
        await manager.http.post(f"{request}/decide", data={"decision": "partial"}, headers=HTML)
        assert (await manager.http.get(f"{request}/file", headers=HTML)).status_code == 200
        async with database_of(running, "intake").transaction() as session:
            call = await session.scalar(select(Consultation).where(Consultation.household_id == household).limit(1))
            assert call is not None
            call.words += " あとから書き足した。"
        assert (await manager.http.get(f"{request}/file", headers=HTML)).status_code == 409
        await manager.http.aclose()


@pytest.mark.parametrize("code", ["caseworker-n1", "coordinator-1", "operator-1", "auditor-1"])
async def test_nobody_else_opens_it(start_stack: StartStack, code: str) -> None:
    async with start_stack(households=2) as running:
        other = Person(POST_BY_CODE[code], running.base_url)
        await other.sign_in()
        household, _, _ = await a_household_with_a_history(running)
        assert (await other.http.get("/intake/disclosures", headers=HTML)).status_code == 403
        assert (await other.http.get(f"/intake/disclosures/new/{household}", headers=HTML)).status_code == 403
        await other.http.aclose()


async def test_no_browser_asks_a_service_for_its_part(start_stack: StartStack) -> None:
    async with start_stack(households=2) as running:
        manager = Person(POST_BY_CODE["manager-1"], running.base_url)
        await manager.sign_in()
        household, _, _ = await a_household_with_a_history(running)
        for service in ("casework", "outreach", "notify"):
            answer: Any = await manager.http.get(f"/{service}/api/disclosure/{household}?number=D-101")
            assert answer.status_code == 403, service
        await manager.http.aclose()
