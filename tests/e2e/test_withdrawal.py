"""A consent is taken back at intake: within ten seconds the other agency sees the household no more, anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from services.story.households import eighty_fifty
from services.story.stage import Person, arrival, seen
from services.ward.staff import POST_BY_CODE, head_of
from shared import clock

if TYPE_CHECKING:
    from services.stack import Stack
    from tests.e2e.conftest import StartStack

pytestmark = pytest.mark.e2e
WITHIN = 10.0
EVERYTHING = ["identity", "family", "health", "care", "economy", "work", "words"]


@contextlib.asynccontextmanager
async def people(running: Stack, *codes: str) -> AsyncIterator[list[Person]]:
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for code in codes:
            one = Person(POST_BY_CODE[code], running.base_url)
            stack.push_async_callback(one.http.aclose)
            await one.sign_in()
            found.append(one)
        yield found


async def log_household(caseworker: Person) -> dict[str, Any]:
    """A household with a case; its id, its case, its first member."""
    made = await caseworker.post_to("/intake/api/consultations", eighty_fifty(clock.today()))
    household = made["household"]
    home = await caseworker.get(f"/intake/api/households/{household}")

    def opened(found: dict[str, Any]) -> str | None:
        return found["cases"][0]["id"] if found["cases"] else None

    await caseworker.post_to(
        f"/intake/api/consultations/{made['consultation']}/screening", {"urgency": "B", "result": "toward_consent"}
    )
    case = await seen(caseworker, f"/casework/api/cases?household={household}", opened, "the case")
    return {"household": household, "case": case, "member": home["members"][0]["id"]}


async def test_the_other_agency_sees_nothing_ten_seconds_after_the_withdrawal(start_stack: StartStack) -> None:
    shakyo_post = head_of("shakyo")
    async with (
        start_stack() as running,
        people(running, "caseworker-n1", "coordinator-1", str(shakyo_post.code)) as (caseworker, coordinator, shakyo),
    ):
        ids = await log_household(caseworker)
        consent = await caseworker.post_to(
            f"/intake/api/households/{ids['household']}/consents",
            {"member": ids["member"], "state": "signed", "purpose": "support", "recipients": ["shakyo"],
             "items": EVERYTHING},
        )  # fmt: skip
        body = {"agency": "shakyo", "question": "居場所を探せますか。", "basis": "consent_69_2_1"}

        async def asked() -> Any:
            answer = await coordinator.send("POST", f"/casework/api/cases/{ids['case']}/invitations", body)
            return answer.json() if answer.is_success else None

        invitation = await arrival(asked, "the consent at casework")
        await shakyo.post_to(f"/casework/api/invitations/{invitation['id']}/answer", {"answer": "accepted"})
        for path in (f"/casework/api/cases/{ids['case']}", f"/intake/api/households/{ids['household']}"):
            await seen(shakyo, path, bool, f"the household at {path}")
        still = f"/casework/fragments/cases/{ids['case']}/still"
        assert (await shakyo.send("GET", still)).status_code == 204

        await caseworker.post_to(f"/intake/api/consents/{consent['id']}/withdrawal", {"reason": "本人の申し出"})

        async def shut(path: str) -> bool:
            return (await shakyo.send("GET", path)).status_code in {403, 404}

        async with asyncio.timeout(WITHIN):
            for path in (
                still,
                f"/casework/api/cases/{ids['case']}",
                f"/casework/cases/{ids['case']}",
                f"/intake/api/households/{ids['household']}",
                f"/intake/households/{ids['household']}",
            ):
                await arrival(functools.partial(shut, path), f"the end of {path}", WITHIN)
        labels = await shakyo.post_to("/intake/labels", {"households": [ids["household"]]})
        assert labels == {} or ids["household"] not in str(labels)

        def ended(inbox: list[dict[str, Any]]) -> Any:
            return next((line for line in inbox if line["kind"] == "sharing_ended"), None)

        line = await seen(shakyo, "/notify/api/inbox?filter=all&limit=100", ended, "word of it in the inbox")
        assert "鷲尾" not in str(line)
        page = (await caseworker.send("GET", f"/casework/cases/{ids['case']}")).text
        assert 'id="told"' in page
        assert "同意が取り下げられた" in page.split('id="told"')[1]


async def test_a_named_member_learns_the_name_in_the_meeting_and_no_more(start_stack: StartStack) -> None:
    hokatsu_post = head_of("hokatsu-n")
    async with (
        start_stack() as running,
        people(running, "caseworker-n1", "coordinator-1", str(hokatsu_post.code)) as (caseworker, coordinator, hokatsu),
    ):
        ids = await log_household(caseworker)
        meeting = await coordinator.post_to(
            f"/casework/api/cases/{ids['case']}/meetings",
            {"kind": "support_council", "starts_at": clock.now().isoformat(), "reason": "not_contacted",
             "members": [str(hokatsu_post.id)]},
        )  # fmt: skip

        def named(inbox: list[dict[str, Any]]) -> Any:
            return next((line for line in inbox if line["kind"] == "meeting_member_named"), None)

        await seen(hokatsu, "/notify/api/inbox?filter=all&limit=100", named, "word of the meeting")
        wanted = {"households": [ids["household"]]}
        assert "鷲尾" not in str(await hokatsu.post_to("/intake/labels", wanted))
        await hokatsu.post_to(f"/casework/api/meetings/{meeting['id']}/secrecy")

        async def known() -> bool:
            return "鷲尾" in str(await hokatsu.post_to("/intake/labels", wanted))

        await arrival(known, "the name")
        assert (await hokatsu.send("GET", f"/intake/api/households/{ids['household']}")).status_code == 404
        assert (await hokatsu.send("GET", f"/intake/households/{ids['household']}")).status_code == 404
        assert (await hokatsu.send("GET", f"/casework/meetings/{meeting['id']}")).status_code == 200
        await coordinator.post_to(f"/casework/api/meetings/{meeting['id']}/recall")

        async def forgotten() -> bool:
            return not await known()

        await arrival(forgotten, "the end of the meeting at intake", WITHIN)
