"""Chapter 9 and 10: the board shows what stands still; what nobody reads goes up to the manager."""

from __future__ import annotations

from typing import Any

import httpx

from services.story.stage import Stage, arrival, expect, notified

_BOARD_COLUMNS = {"hokatsu": "taken", "shakyo": "back", "jiritsu": "asked"}
_CLOSED_TO_STRANGERS = ("/casework/api/board", "/notify/api/inbox", "/outreach/api/visits", "/intake/events")
_QUESTION = "家計の見通しについて、会って聞いてもらえますか。"


async def leave_something_unread(stage: Stage) -> None:
    """A third agency is asked and does not read it; the manager learns of it."""
    manager, coordinator = stage.person("manager-1"), stage.person("coordinator-1")
    household = stage.ids["household"]
    stage.secrets.append(_QUESTION)
    rules = await manager.get("/notify/api/rules")
    before = next(rule["read"] for rule in rules if rule["kind"] == "agency_invited")
    async with stage.step(manager, "wants new requests read at once", "notify: the rule says so from now on"):
        await manager.ask("PUT", "/notify/api/rules/agency_invited/deadline", {"minutes": 0})
    try:
        async with stage.step(coordinator, "asks jiritsu in; nobody there reads it", "their inbox: past its deadline"):
            body = {"agency": "jiritsu", "question": _QUESTION, "basis": "internal_69_2_2"}
            await coordinator.post_to(f"/casework/api/cases/{stage.ids['case']}/invitations", body)
            head = stage.person("head-jiritsu")
            await head.sign_in()
            await notified(stage, head, "agency_invited", household)
        async with stage.step(
            "notify", "passes up what nobody read", f"{manager.name}: inbox, with the deadline missed"
        ):
            await arrival(lambda: _passed_up(stage, household), "the escalation")
            line = await notified(stage, manager, "unanswered", household)
            expect(line["unread_kind"] == "agency_invited", "it does not say what was not read")
    finally:
        calm = before.get("*") or {"working_days": 2}
        await manager.ask("PUT", "/notify/api/rules/agency_invited/deadline", calm)
    async with stage.step(manager, "acknowledges it", "notify: the receipt stands"):
        await manager.post_to(f"/notify/api/notifications/{line['id']}/read")


async def _passed_up(stage: Stage, household: str) -> bool:
    manager = stage.person("manager-1")
    await manager.post_to("/notify/api/pass-up")
    inbox = await manager.get("/notify/api/inbox?filter=all&limit=100")
    return any(line["kind"] == "unanswered" and line["household"] == household for line in inbox)


async def look_at_the_board(stage: Stage) -> None:
    """The manager sees case × agency, without a name; a look at the case is written down."""
    manager = stage.person("manager-1")
    async with stage.step(manager, "opens the board", "casework: case × agency, what waits, what came back"):
        row = await arrival(lambda: _row(stage), "the case on the board")
        for kind, light in _BOARD_COLUMNS.items():
            expect(row["cells"].get(kind, {}).get("light") == light, f"{kind} is {row['cells'].get(kind)}")
        stage.nobody_is_named(row, "the board")
    async with stage.step(manager, "asks what stands still", "casework: the longest without an answer first"):
        page = await manager.get("/casework/api/board?moving=false")
        expect(all(one["still"] for one in page["rows"]), "something that moves is among them")
        expect(page["still"] > 0 or not stage.own, "nothing stands still in the made-up ward")
        days = [one["waiting_days"] for one in page["rows"]]
        expect(days == sorted(days, reverse=True), "they are not in order")
    async with (
        stage.step("a stranger", "asks for board, household, inbox", "all four services: refused"),
        httpx.AsyncClient(base_url=stage.base_url, headers={"accept": "application/json"}) as stranger,
    ):
        for path in (*_CLOSED_TO_STRANGERS, f"/intake/api/households/{stage.ids['household']}"):
            answer = await stranger.get(path)
            hidden = path == "/intake/events" and answer.status_code == httpx.codes.NOT_FOUND  # by the edge
            expect(answer.status_code == httpx.codes.UNAUTHORIZED or hidden, f"{path} answered {answer.status_code}")


async def _row(stage: Stage) -> dict[str, Any] | None:
    key, manager = None, stage.person("manager-1")
    while True:
        path = "/casework/api/board" + (f"?key={key}" if key else "")
        page = await manager.get(path)
        for row in page["rows"]:
            if row["case"]["id"] == stage.ids["case"]:
                return dict(row)
        key = page["next"]
        if key is None:
            return None
