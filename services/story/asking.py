"""Chapter 3 and 4: agencies are proposed, asked on a ground in law, and answer."""

from __future__ import annotations

import httpx

from services.story.stage import Person, Stage, expect, notified, seen

_HOKATSU_QUESTION = "お母さんの介護と受診につながるために、最初に何から始められますか。"
_SHAKYO_QUESTION = "息子さんが外に出るきっかけを、いっしょに考えてもらえますか。"


async def propose_and_ask(stage: Stage) -> None:
    """The coordinator asks two agencies with question and area only."""
    coordinator, case = stage.person("coordinator-1"), stage.ids["case"]
    stage.secrets += [_HOKATSU_QUESTION, _SHAKYO_QUESTION]
    async with stage.step(coordinator, "asks whom to ask in", "casework: 地域包括 and 社協 with their reasons"):
        proposals = await coordinator.get(f"/casework/api/cases/{case}/proposals")
        found = {one["agency"]: one for one in proposals}
        for agency in ("hokatsu-n", "shakyo"):
            expect(bool(found.get(agency, {}).get("reasons")), f"{agency} is not proposed with a reason")
        expect("hokatsu-s" not in found, "an agency of another area is proposed")
    async with stage.step(coordinator, "forgets the legal ground", "casework: refused with a sentence"):
        body = {"agency": "hokatsu-n", "question": _HOKATSU_QUESTION, "basis": "none"}
        refused = await coordinator.send("POST", f"/casework/api/cases/{case}/invitations", body)
        expect(refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, f"answered {refused.status_code}")
    await _ask(stage, "hokatsu-n", {"question": _HOKATSU_QUESTION, "basis": "internal_69_2_2"}, "internal use, 69-2-2")
    await _ask(
        stage, "shakyo",
        {"question": _SHAKYO_QUESTION, "basis": "support_council_106_6", "reason": "not_contacted"},
        "support council, 106-6, because nobody was met yet",
    )  # fmt: skip


async def _ask(stage: Stage, agency: str, body: dict[str, str], ground: str) -> None:
    coordinator, head = stage.person("coordinator-1"), stage.person(f"head-{agency}")
    async with stage.step(coordinator, f"asks {agency} in ({ground})", f"{head.name}: inbox, without a name"):
        asked = await coordinator.post_to(
            f"/casework/api/cases/{stage.ids['case']}/invitations", {"agency": agency, **body}
        )
        stage.ids[f"invitation-{agency}"] = asked["id"]
        line = await notified(stage, head, "agency_invited", stage.ids["household"])
        stage.ids[f"notification-{agency}"] = line["id"]


async def answer(stage: Stage) -> None:
    """One accepts and then sees the household; the other returns it with a reason."""
    hokatsu, shakyo = stage.person("head-hokatsu-n"), stage.person("head-shakyo")
    household, asked = stage.ids["household"], stage.ids["invitation-hokatsu-n"]
    async with stage.step(hokatsu, "opens the request", "casework: question and area only; intake: nothing"):
        request = await hokatsu.get(f"/casework/api/invitations/{asked}")
        expect(request["question"] == _HOKATSU_QUESTION, "the question is not there")
        expect(request["area"] == "n", "the area is not there")
        expect(request["household"] is None and request["case"] is None, "the household is shown before acceptance")
        expect(not await _knows(hokatsu, household), "intake shows the household before acceptance")
    async with stage.step(hokatsu, "acknowledges the notification", "notify: the receipt stands"):
        note = stage.ids["notification-hokatsu-n"]
        await hokatsu.post_to(f"/notify/api/notifications/{note}/read")
        inbox = await hokatsu.get("/notify/api/inbox?filter=all&limit=100")
        expect(any(line["id"] == note and line["read_at"] for line in inbox), "the receipt is not there")
    async with stage.step(hokatsu, "accepts", "intake: the household is shown to them now"):
        await hokatsu.post_to(f"/casework/api/invitations/{asked}/answer", {"answer": "accepted"})
        await seen(hokatsu, f"/intake/api/households/{household}", lambda home: not home["masked"], "the right to see")
        expect(await _knows(hokatsu, household), "their pages can't show the name")
    coordinator = stage.person("coordinator-1")
    async with stage.step("notify", "tells who asked", f"{coordinator.name}: accepted"):
        await notified(stage, coordinator, "agency_accepted", household)
    async with stage.step(shakyo, "returns it: consent first", f"{coordinator.name}: the reason to decide on"):
        body = {
            "answer": "returned",
            "reason": "needs_consent",
            "text": "本人に会えてから、あらためて声をかけてください。",
        }
        stage.secrets.append(body["text"])
        await shakyo.post_to(f"/casework/api/invitations/{stage.ids['invitation-shakyo']}/answer", body)
        await notified(stage, coordinator, "agency_returned", household)
        expect(not await _knows(shakyo, household), "who has returned it sees the household")


async def _knows(person: Person, household: str) -> bool:
    """Whether intake gives a person the household's name for their pages."""
    names = await person.post_to("/intake/labels", {"households": [household], "members": []})
    return household in names
