"""The weekly page of unusual access: four logs looked through, names compared where they live, a note kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from services.casework.tables import Household as CaseworkHousehold
from services.casework.tables import Person as Staff
from services.intake.tables import Member
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared import clock

if TYPE_CHECKING:
    from services.stack import Stack
    from shared.db import Database
    from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e
HTML = {"accept": "text/html"}


def database_of(running: Stack, service: str) -> Database:
    db: Database = running.apps[service].state.service.db
    return db


async def test_what_stands_out_is_listed_and_looked_at(start_stack: StartStack) -> None:
    async with start_stack(households=2) as running:
        curious = Person(POST_BY_CODE["coordinator-1"], running.base_url)  # 高梨 恵
        auditor = Person(POST_BY_CODE["auditor-1"], running.base_url)
        head = Person(POST_BY_CODE["coordinator-2"], running.base_url)
        for person in (curious, auditor, head):
            await person.sign_in()
        async with database_of(running, "intake").transaction() as session:
            member = (await session.scalars(select(Member).where(Member.name != "").limit(1))).one()
            member.name, household = "高梨 一郎", member.household_id
        async with database_of(running, "casework").transaction() as session:
            home = await session.get_one(CaseworkHousehold, household)
            district = home.district
            lives = update(Staff).where(Staff.id == curious.post.person)
            await session.execute(lives.values(home_district=district))
            await session.execute(
                text("UPDATE code SET attributes = '{\"odd_hours\": 1, \"opens_at\": 0, \"closes_at\": 0}' "
                     "WHERE list = 'UNUSUAL' AND code = 'odd_hours'")
            )  # fmt: skip
        assert (await curious.http.get(f"/intake/households/{household}", headers=HTML)).status_code == 200

        today = clock.today().isoformat()
        page = await auditor.http.get(f"/casework/audit/unusual?day={today}", headers=HTML)
        assert page.status_code == 200
        for words in ("同じ姓の人がいる世帯を見た", "夜間・休日に見た", "高梨 恵", str(household)[:8]):
            assert words in page.text, words
        assert district is None or "自分の住む地区の世帯を見た" in page.text
        assert "高梨 一郎" not in page.text
        looked = {"day": today, "rule": "same_name", "post": str(curious.post.id), "household": str(household)}
        noted = await auditor.http.post(
            "/casework/audit/unusual", data=looked | {"words": "親戚ではない"}, headers=HTML
        )
        assert noted.status_code == 303
        assert "親戚ではない" in (await auditor.http.get(noted.headers["location"], headers=HTML)).text
        again = looked | {"words": "本人に聞いた"}
        assert (await auditor.http.post("/casework/audit/unusual", data=again, headers=HTML)).status_code == 303
        page = await auditor.http.get(f"/casework/audit/unusual?day={today}", headers=HTML)
        assert "本人に聞いた" in page.text
        assert "親戚ではない" not in page.text

        await heads_see_no_household(running, head, today, str(household))
        for person in (curious, auditor, head):
            await person.http.aclose()


async def heads_see_no_household(running: Stack, other: Person, today: str, household: str) -> None:
    """The head of an agency sees its posts without households; who leads nothing, nothing."""
    refused = await other.http.get(f"/casework/audit/unusual?day={today}", headers=HTML)
    assert refused.status_code == 403
    boss = Person(POST_BY_CODE["coordinator-1"], running.base_url)
    await boss.sign_in()
    page = await boss.http.get(f"/casework/audit/unusual?day={today}", headers=HTML)
    assert page.status_code == 200
    assert "夜間・休日に見た" in page.text
    assert "同じ姓" not in page.text.partition("<table")[2]
    assert household[:8] not in page.text
    asked: Any = await boss.http.get(f"/intake/api/audit/unusual?day={today}")
    assert asked.status_code == 403, "a browser asks no service for it"
    post: Any = await boss.http.post("/casework/audit/unusual", data={"day": today, "rule": "many"}, headers=HTML)
    assert post.status_code == 403
    await boss.http.aclose()
