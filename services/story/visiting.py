"""Chapter 5 to 8: a visit is asked for, planned, accepted, made; nobody opens; the second time the mother does."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from services.story.stage import Person, Stage, expect, notified, seen
from services.ward.staff import POSTS
from shared import clock
from shared.calendar import add_working_days

_AIM = "息子さんの声か姿をひとつ。会話は求めない。お母さんの体調を見る。"
_FIRST_NOTE = "呼びかけに返事なし。台所の小窓が明るく、水の音がした。"
_SECOND_NOTE = "母親が戸を開けた。息子は奥の部屋にいて、足音だけ聞こえた。"


async def ask_for_a_visit(stage: Stage, today: date) -> None:
    """The coordinator asks; outreach learns codes, not words."""
    coordinator, lead = stage.person("coordinator-1"), stage.person("lead-n")
    stage.secrets += [_AIM, _FIRST_NOTE, _SECOND_NOTE]
    async with stage.step(coordinator, "asks for a visit: aim, deadline, two persons", f"{lead.name}: planner, inbox"):
        body = {
            "aim": _AIM, "purpose": "contact", "due_on": add_working_days(today, 5).isoformat(), "persons": 2,
            "slots": ["afternoon"], "skills": ["hikikomori"],
        }  # fmt: skip
        asked = await coordinator.post_to(f"/casework/api/cases/{stage.ids['case']}/visit-requests", body)
        stage.ids["request"] = asked["id"]
        request = await seen(lead, "/outreach/api/requests?limit=100", _find(asked["id"]), "the request")
        stage.nobody_is_named(request, "the planner")
        await notified(stage, lead, "visit_requested", stage.ids["household"])


async def plan_and_publish(stage: Stage) -> None:
    """Outreach proposes team and slot; the lead publishes; the workers have it on their phones."""
    lead, workers = stage.person("lead-n"), []
    async with stage.step(lead, "lets the planner propose", "outreach: team, two workers, a slot, with reasons"):
        planned = await lead.post_to("/outreach/api/plan", {"requests": [stage.ids["request"]]})
        request = _find(stage.ids["request"])(planned)
        proposal: dict[str, Any] = (request or {}).get("proposal") or {}
        expect(bool(proposal), f"there is no proposal: {(request or {}).get('obstacle')}")
        expect(len(proposal["workers"]) == 2, f"{len(proposal['workers'])} workers are proposed")  # noqa: PLR2004
        expect(bool(proposal["reasons"]), "the proposal gives no reasons")
        stage.nobody_is_named(planned, "the proposal")
        stage.ids["visit"] = proposal["visit"]
        workers = [one["post"] for one in proposal["workers"]]
    going = await _people_of(stage, workers)
    async with stage.step(lead, "publishes it", "both workers: inbox and phone page"):
        await lead.post_to("/outreach/api/visits/publish", {"visits": [stage.ids["visit"]]})
        for worker in going:
            if worker is not lead:  # who publishes need not be told
                await notified(stage, worker, "visit_assigned", stage.ids["household"])
            mine = await worker.get("/outreach/api/visits?mine=true&limit=100")
            expect(any(one["id"] == stage.ids["visit"] for one in mine), f"{worker.name} does not have it")
            await _opens(worker, "/outreach/today")
    await _accept(stage, going)
    async with stage.step(going[0], "looks whose door it is", "intake: the name, by their own right"):
        household = stage.ids["household"]
        await seen(going[0], f"/intake/api/households/{household}", lambda home: not home["masked"], "the right to see")


async def visit_twice(stage: Stage, today: date) -> None:
    """First nobody opens, a card is left; then the mother talks at the door."""
    lead, household = stage.person("lead-n"), stage.ids["household"]
    coordinator = stage.person("coordinator-1")
    visit = await lead.get(f"/outreach/api/visits/{stage.ids['visit']}")
    going = await _people_of(stage, [one["post"] for one in visit["workers"]])
    again = add_working_days(today, 3)
    await _go(
        stage, going[0], "absent_signs", "不在(在宅の形跡あり), card left",
        {"card_left": True, "next_on": again.isoformat(), "words": _FIRST_NOTE, "observations": ["meters"]},
    )  # fmt: skip
    async with stage.step("casework", "hears the result", f"{coordinator.name}: case and inbox"):
        await _case_shows(stage, lambda case: case["last_result"] == "absent_signs" and case["absences"] == 1)
        await notified(stage, coordinator, "visit_reported", household)
    async with stage.step(lead, "plans the second visit by hand, with the same two", "both workers: inbox"):
        await seen(lead, "/outreach/api/requests?limit=100", _open_again(stage.ids["request"]), "the open request")
        starts = _tokyo(again, 17, 30)
        body = {
            "workers": [str(worker.post.id) for worker in going],
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(minutes=45)).isoformat(),
        }
        made = await lead.post_to(f"/outreach/api/requests/{stage.ids['request']}/visits", body)
        stage.ids["visit"] = made["visit"]
        for worker in [one for one in going if one is not lead]:
            await seen(
                worker, "/notify/api/inbox?filter=waiting&limit=100",
                lambda inbox: [line for line in inbox if line["kind"] == "visit_assigned"], "the second assignment",
            )  # fmt: skip
    await _accept(stage, going)
    await _go(
        stage, going[1], "family", "家族のみ面接",
        {"next_on": add_working_days(today, 8).isoformat(), "trust_stage": 2, "words": _SECOND_NOTE},
    )  # fmt: skip
    async with stage.step("casework", "counts", "casework: two visits, trust stage 2, no absence in a row"):
        await _case_shows(
            stage, lambda case: [case[name] for name in ("visits", "trust_stage", "absences")] == [2, 2, 0]
        )


async def _accept(stage: Stage, going: list[Person]) -> None:
    lead = stage.person("lead-n")
    for worker in going:
        async with stage.step(worker, "accepts with one tap", "outreach, casework: they will go"):
            await worker.post_to(f"/outreach/api/visits/{stage.ids['visit']}/answer", {"answer": "accepted"})
            await _case_shows(stage, lambda case, post=str(worker.post.id): _accepted(case, stage.ids["visit"], post))
    visit = await lead.get(f"/outreach/api/visits/{stage.ids['visit']}")
    expect(visit["state"] == "accepted", f"the visit is {visit['state']}")


async def _go(stage: Stage, worker: Person, result: str, said: str, told: dict[str, Any]) -> None:
    visit = f"/outreach/api/visits/{stage.ids['visit']}"
    async with stage.step(worker, "is at the door (着いた)", "outreach: the check-out clock runs"):
        expect((await worker.post_to(f"{visit}/arrive"))["state"] == "started", "the visit has not begun")
    async with stage.step(worker, f"records at the doorstep: {said}", "outreach: result, note, next date"):
        await worker.post_to(f"{visit}/report", {"result": result, **told})
        found = await worker.get(visit)
        expect(found["result"] == result and found["next_on"] is not None, "the result is not there")


async def _case_shows(stage: Stage, holds: Any) -> None:
    path = f"/casework/api/cases/{stage.ids['case']}"
    await seen(stage.person("coordinator-1"), path, holds, "what happened at the door")


def _accepted(case: dict[str, Any], visit: str, post: str) -> bool:
    return any(one["id"] == visit and post in one["accepted"] for one in case["visits_made"])


def _find(request: str) -> Any:
    return lambda found: next((one for one in found if one["id"] == request), None)


def _open_again(request: str) -> Any:
    return lambda found: next((one for one in found if one["id"] == request and one["state"] == "open"), None)


async def _people_of(stage: Stage, posts: list[str]) -> list[Person]:
    """The two who go, each at their own phone; whoever was chosen signs in now."""
    going = [stage.person(post.code) for wanted in posts for post in POSTS if str(post.id) == wanted]
    for worker in going:
        if not worker.http.cookies:
            await worker.sign_in()
    return going


async def _opens(person: Person, path: str) -> None:
    answer = await person.http.get(path, headers={"accept": "text/html"})
    expect(answer.is_success, f"{path} answered {answer.status_code}")


def _tokyo(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.TOKYO)
