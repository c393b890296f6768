"""Chapter 1 and 2: somebody calls; intake finds what it may be, and states it without a name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from services.story import households
from services.story.stage import Person, Stage, StepFailedError, expect, notified, seen

_FIRST_FACTS = (
    "intake.household_registered",
    "intake.consultation_received",
    "intake.type_matched",
    "intake.consultation_screened",
)


async def sign_everybody_in(stage: Stage) -> None:
    """Each person at their own screen."""
    for code in ("caseworker-n1", "coordinator-1", "head-hokatsu-n", "head-shakyo", "lead-n", "manager-1"):
        person = stage.person(code)
        async with stage.step(person, "signs in", "casework: a session, a token for all four services"):
            await person.sign_in()


async def take_the_call(stage: Stage, today: date) -> None:
    """The telephone rings: what is typed is kept, and saved once."""
    caseworker = stage.person("caseworker-n1")
    request = households.eighty_fifty(today)
    stage.secrets += households.secrets_of(request)
    draft = f"/intake/drafts/consultation/{uuid4()}"
    async with stage.step(caseworker, "types while the caller speaks", "intake: the draft is found on another device"):
        fields = {"words": request["words"], "caller_name": request["caller_name"]}
        await caseworker.ask("PUT", draft, {"fields": fields})
        kept = await caseworker.get("/intake/drafts/consultation")
        expect(any(one["fields"].get("words") == request["words"] for one in kept), "the draft is not there")
    key = uuid4().hex
    async with stage.step(caseworker, "logs the household: mother 84, son 56, no consent", "intake: registered"):
        made = await caseworker.post_to("/intake/api/consultations", request, key=key)
        stage.ids |= {"household": made["household"], "consultation": made["consultation"]}
        expect(made["urgency"] == "B", f"the urgency is {made['urgency']}")
    async with stage.step(caseworker, "presses save twice", "intake: one household, one consultation"):
        again = await caseworker.post_to("/intake/api/consultations", request, key=key)
        expect(again["repeated"] and again["household"] == made["household"], "a second one was made")
        await caseworker.http.delete(draft)
    async with stage.step(caseworker, "looks at the household", "intake: T8050 with reasons, questions, urgency B"):
        home = await caseworker.get(f"/intake/api/households/{made['household']}")
        found = {one["code"]: one for one in home["types"]}
        expect(found.get("T8050", {}).get("verdict") == "match", "T8050 was not found")
        expect(bool(found["T8050"]["reasons"]), "T8050 has no reasons")
        expect(bool(home["questions"]), "no question is open")
        expect(home["consultations"][0]["urgency_proposed"] == "B", "urgency B is not what the rules propose")


async def look_into_the_log(stage: Stage) -> None:
    """What intake states: four facts about the household, and nobody's name in them."""
    household = stage.ids["household"]
    if stage.show_to_feed is None:
        caseworker = stage.person("caseworker-n1")
        async with stage.step(caseworker, "asks for the event feed without a credential", "edge or intake: refused"):
            # The composition's edge does not even say that there is a feed.
            refused = await caseworker.send("GET", "/intake/events?after=0")
            refusals = (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)
            expect(refused.status_code in refusals, f"answered {refused.status_code}")
        return
    async with stage.step("notify", "reads intake's feed with its credential", "intake's log: four facts, no name"):
        events = await _events(stage, stage.show_to_feed)
        ours = [event for event in events if household in event.get("subjects", "")]
        kinds = [event["type"] for event in ours]
        missing = [kind for kind in _FIRST_FACTS if kind not in kinds]
        expect(not missing, f"not in the log: {', '.join(missing)}")
        stage.nobody_is_named(events, "the event log")


async def _events(stage: Stage, show: Callable[[], str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=stage.base_url) as feed:
        while True:
            after = found[-1]["position"] if found else 0
            headers = {"authorization": f"Bearer {show()}"}
            answer = await feed.get("/intake/events", params={"after": after, "limit": 1000}, headers=headers)
            if answer.is_error:
                raise StepFailedError(f"the feed answered {answer.status_code}")
            page = answer.json()
            if not page:
                return found
            found += page


async def see_the_case_open(stage: Stage) -> None:
    """Casework hears of it: a case with an owner, and the coordinator learns that it waits."""
    coordinator, household = stage.person("coordinator-1"), stage.ids["household"]
    caseworker = stage.person("caseworker-n1")
    async with stage.step("casework", "hears of the screening", "casework: a case with an owner, not shared yet"):
        listing = f"/casework/api/cases?household={household}"
        case = await seen(coordinator, listing, lambda told: next(iter(told["cases"]), None), "the case")
        stage.ids |= {"case": case["id"], "number": case["number"]}
        expect(case["owner"] == str(caseworker.post.id), "somebody else owns it")
        expect(case["share_track"] == "none", "it counts as shared")
        stage.nobody_is_named(case, "the case")
    async with stage.step("notify", "tells who is on duty", f"{coordinator.name}: inbox, without a name"):
        await notified(stage, coordinator, "consultation_screened", household)


async def take_three_more_calls(stage: Stage, today: date) -> None:
    """A second, third and fourth household go through screening to their types."""
    await _another(
        stage, stage.person("caseworker-c1"), households.alone_with_dementia(today), "72, alone, dementia diagnosed",
        ("TDEM1", "match"),
    )  # fmt: skip
    await _another(
        stage, stage.person("caseworker-s1"), households.single_mother(today), "a mother with two children",
        ("TSP20", "match"),
    )  # fmt: skip
    home = await _another(
        stage, stage.person("caseworker-w1"), households.unknown_ages(), "a mother and a son of unknown ages",
        ("T8050", "possible"),
    )  # fmt: skip
    async with stage.step(stage.person("caseworker-w1"), "looks what to ask next", "intake: the question that decides"):
        possible = next(one for one in home["types"] if one["code"] == "T8050")
        expect(bool(possible["questions"]), "no question stands beside the possible type")


async def _another(
    stage: Stage, who: Person, request: dict[str, Any], said: str, wanted: tuple[str, str]
) -> dict[str, Any]:
    stage.secrets += households.secrets_of(request)
    code, verdict = wanted
    async with stage.step(who, f"logs {said}", f"intake: {code} {verdict}; casework: a case"):
        if not who.http.cookies:
            await who.sign_in()
        made = await who.post_to("/intake/api/consultations", request)
        home: dict[str, Any] = await who.get(f"/intake/api/households/{made['household']}")
        found = {one["code"]: one["verdict"] for one in home["types"]}
        expect(found.get(code) == verdict, f"{code} is {found.get(code)}")
        listing = f"/casework/api/cases?household={made['household']}"
        await seen(stage.person("coordinator-1"), listing, lambda told: told["cases"], "its case")
    return home
