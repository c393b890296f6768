"""The auditor's view of a log: narrowed, paged, for auditors alone, and itself written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared import clock
from shared.audit import note
from shared.audit.reading import PAGE
from shared.audit.words import GROUPS, action_word, actions_of

if TYPE_CHECKING:
    from tests.web.conftest import House

HOME, OTHER = UUID(int=77), UUID(int=78)


async def write(house: House, *deeds: tuple[str, UUID | None], **more: Any) -> None:
    async with house.service.db.transaction() as session:
        for action, household in deeds:
            await note(session, house.actor, action, [household], **more)


def become_auditor(house: House) -> None:
    house.sign_in(replace(house.actor, role="auditor", post=clock.new_id(), person=clock.new_id()))


async def ask(house: House, query: str = "") -> list[dict[str, Any]]:
    answer = await house.client.get(f"/casework/api/audit?{query}")
    assert answer.status_code == 200
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return [row for row in rows if row["action"] != "audit"]


@pytest.mark.parametrize("role", ["caseworker", "coordinator", "manager", "operator", "agency_worker", "outreach_lead"])
async def test_nobody_else_reads_it(house: House, role: str) -> None:
    house.sign_in(replace(house.actor, role=role))
    for path in ("/casework/api/audit", "/casework/fragments/audit"):
        assert (await house.client.get(path)).status_code == 403


async def test_it_is_narrowed_by_household_post_person_action_and_day(house: House) -> None:
    await write(house, ("view", HOME), ("print", OTHER), ("sign_in", None))
    with clock.shifted(timedelta(days=-3)):
        await write(house, ("search", None), basis="x", reason="電話のため")
    become_auditor(house)
    assert [row["action"] for row in await ask(house)] == ["search", "sign_in", "print", "view"]
    assert [row["action"] for row in await ask(house, f"household={HOME}")] == ["view"]
    assert [row["action"] for row in await ask(house, "group=taken_out")] == ["print"]
    assert await ask(house, "group=nothing") == []
    assert len(await ask(house, f"who={house.actor.post}")) == len(await ask(house, f"who={house.actor.person}")) == 4
    assert await ask(house, f"who={uuid4()}") == []
    today, before = clock.today(), clock.today() - timedelta(days=3)
    assert [row["action"] for row in await ask(house, f"from_day={before}&to_day={before}")] == ["search"]
    assert len(await ask(house, f"from_day={today}&to_day=&household=&who=")) == 3
    (found,) = await ask(house, f"to_day={before}")
    assert (found["basis"], found["reason"], found["origin"], found["household"]) == ("x", "電話のため", None, None)


@pytest.mark.parametrize("wrong", ["household=x", "who=1", "before=0", "from_day=2026-02-30", "group=あ"])
async def test_what_is_no_filter_is_refused(house: House, wrong: str) -> None:
    become_auditor(house)
    assert (await house.client.get(f"/casework/api/audit?{wrong}")).status_code == 422


async def test_it_comes_a_page_at_a_time_without_gap_or_repetition(house: House) -> None:
    count = 2 * PAGE + 7
    async with house.service.db.transaction() as session:
        await note(session, house.actor, "view", [UUID(int=n) for n in range(count)])
    become_auditor(house)
    seen: list[str] = []
    query = ""
    while True:
        found = (await house.client.get(f"/casework/api/audit?group=seen{query}")).json()
        seen += [row["household"] for row in found["rows"]]
        if found["before"] is None:
            break
        query = f"&before={found['before']}"
    assert seen == [str(UUID(int=n)) for n in reversed(range(count))]


async def test_looking_is_written_down_and_where_from(house: House) -> None:
    become_auditor(house)
    await house.client.get(f"/casework/fragments/audit?household={HOME}")
    async with house.service.db.read() as session:
        rows = (await session.execute(text("SELECT action, household, origin FROM audit_entry"))).all()
    assert [tuple(row) for row in rows] == [("audit", HOME, "127.0.0.1")]


async def test_the_piece_of_the_page_says_who_did_what(house: House) -> None:
    await write(house, ("open_with_reason", HOME), reason="苦情への<b>返事</b>")
    await write(house, *[("view", OTHER)] * PAGE)
    become_auditor(house)
    page = (await house.client.get("/casework/fragments/audit?group=seen", headers={"accept": "text/html"})).text
    assert f'data-label="post" data-id="{house.actor.post}"' in page
    assert "/casework/fragments/audit?group=seen&amp;before=" in page
    assert f"group=seen&amp;household={OTHER}" in page
    narrow = await house.client.get(f"/casework/fragments/audit?household={HOME}", headers={"accept": "text/html"})
    assert "理由を書いてひらいた" in narrow.text
    assert "苦情への&lt;b&gt;返事&lt;/b&gt;" in narrow.text
    english = await house.client.get(f"/casework/fragments/audit?household={uuid4()}&lang=en")
    assert "No record fits this" in english.text


def test_every_action_stands_in_one_group_and_has_a_word() -> None:
    actions = [action for _, actions in GROUPS.values() for action in actions]
    assert len(actions) == len(set(actions))
    assert [action for action in actions if action_word(action) == action] == []
    assert action_word("of tomorrow") == "of tomorrow"
    assert actions_of("nothing") == ()
