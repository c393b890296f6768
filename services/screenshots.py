"""``./kasane screenshots DIR``: the main pages of a small made-up ward in which the story has just been played."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.browser import find_chromium, open_browser, open_context, take_picture
from services.seeding import seed_ward
from services.stack import Stack as Running
from services.stack import stack
from services.story import asking, calling, visiting
from services.story.stage import Stage
from services.ward.staff import head_of
from shared import clock
from shared.calendar import add_working_days
from shared.telemetry import configure_logging

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

WIDTHS: Final = (1366, 390)
LOCALES: Final = ("ja", "en")
_HOUSEHOLDS: Final = 60
_TALLEST: Final = 2400
"""Pictures end here: a list goes on in the same way."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One page to photograph. ``path`` may name ids of the story in braces; ``post`` empty: nobody is signed in."""

    name: str
    post: str
    path: str


DOORSTEP: Final = (
    Shot("today", "worker", "/outreach/today"),
    Shot("visit", "worker", "/outreach/visits/{visit}"),
)
"""Taken while the visit is still ahead."""
SHOTS: Final = (
    Shot("sign-in", "", "/casework/sign-in"),
    Shot("home", "coordinator-1", "/casework/"),
    Shot("new-consultation", "caseworker-n1", "/intake/consultations/new"),
    Shot("households", "caseworker-n1", "/intake/households"),
    Shot("household", "caseworker-n1", "/intake/households/{household}"),
    Shot("case", "coordinator-1", "/casework/cases/{case}"),
    Shot("board", "manager-1", "/casework/board"),
    Shot("planner", "lead-n", "/outreach/planner"),
    Shot("inbox", "coordinator-1", "/notify/"),
)


def run(folder: Path) -> int:
    """Take every picture into ``folder`` as ``<page>-<width>-<language>.png``; 1 where there is no Chromium."""
    if find_chromium() is None:
        sys.stderr.write("no Chromium here: install Debian's package chromium, or name one in KASANE_CHROMIUM\n")
        return 1
    configure_logging(level=logging.ERROR)
    asyncio.run(_run(folder))
    return 0


async def _run(folder: Path) -> None:
    async def seed(running: Running) -> None:
        await seed_ward(running.settings, households=_HOUSEHOLDS)

    async with stack(prefix="pictures", seed=seed) as running:
        await photograph(running.base_url, folder)


async def photograph(base_url: str, folder: Path) -> None:
    """Play the story in the stack at ``base_url`` and take the pictures on the way."""
    stage = Stage(base_url)
    try:
        async with open_browser() as browser:
            await play_to_the_door(stage)
            for shot in DOORSTEP:
                await _take(browser, stage, shot, folder)
            await play_to_the_plan(stage)
            for shot in SHOTS:
                await _take(browser, stage, shot, folder)
    finally:
        await stage.close()


async def play_to_the_door(stage: Stage) -> None:
    """The story until two workers have accepted a visit; ``worker`` is then one of them."""
    today = clock.today()
    await calling.sign_everybody_in(stage)
    await calling.take_the_call(stage, today)
    await calling.see_the_case_open(stage)
    await asking.propose_and_ask(stage)
    await asking.answer(stage)
    await visiting.ask_for_a_visit(stage, today)
    await visiting.plan_and_publish(stage)
    visit = await stage.person("lead-n").get(f"/outreach/api/visits/{stage.ids['visit']}")
    stage.ids["worker"] = visit["workers"][0]["post"]
    await _ask_the_mother(stage)


async def _ask_the_mother(stage: Stage) -> None:
    """She agrees on the telephone; ``consent`` is what she said."""
    coordinator, household = stage.person("coordinator-1"), f"/intake/api/households/{stage.ids['household']}"
    mother = (await coordinator.get(household))["members"][0]
    said = {
        "member": mother["id"],
        "state": "oral",
        "purposes": ["support", "plan"],
        "recipients": ["hokatsu-n", "shakyo"],
        "items": ["identity", "family", "health", "care"],
        "limits": "兄には知らせない",
        "ends_on": (clock.today() + timedelta(days=365)).isoformat(),
        "text_version": "2026-04-01",
    }
    stage.ids["consent"] = (await coordinator.post_to(f"{household}/consents", said))["id"]


async def play_to_the_plan(stage: Stage) -> None:
    """Two visits, then what a coordinator writes after them: an entry, a meeting with its tasks, a plan."""
    today = clock.today()
    await visiting.visit_twice(stage, today)
    coordinator, case = stage.person("coordinator-1"), f"/casework/api/cases/{stage.ids['case']}"
    now = clock.now()
    await coordinator.post_to(f"{case}/lead", {"agency": "hokatsu-n"})
    entry: dict[str, Any] = {
        "occurred_at": (now - timedelta(hours=3)).isoformat(),
        "kind": "visit",
        "with_whom": ["family"],
        "minutes": 40,
        "facts": "玄関に新聞の束、腰の高さ。長男の部屋の戸は閉まり、中で物音。母は戸口で立ったまま話した。",
        "words": "「夜になると台所に来るのよ。ごはんは食べてる」\n「わたしが死んだら、あの子はどうするの」",
        "judgement": "母とは話せる。長男には手紙を続け、返事は求めない。物忘れは受診につなぐ。",
    }
    await coordinator.post_to(f"{case}/entries", entry)
    meeting = await coordinator.post_to(
        f"{case}/meetings",
        {
            "kind": "support_council",
            "starts_at": (now - timedelta(hours=1)).isoformat(),
            "place": "本庁 3階 会議室",
            "reason": "not_contacted",
            "members": [str(head_of("hokatsu-n").id)],
        },
    )
    tasks = [
        {"title": "主治医に物忘れのことを相談する", "agency": "hokatsu-n", "due_on": add_working_days(today, 2)},
        {"title": "訪問を木曜の午後にそろえる", "agency": "outreach-n", "due_on": add_working_days(today, 5)},
    ]
    held = {"minutes": "母の受診と、長男への手紙を続けることを決めた。", "tasks": [_dated(task) for task in tasks]}
    await coordinator.post_to(f"/casework/api/meetings/{meeting['id']}/held", held)
    lines = [
        {
            "what": "週に一度、同じ曜日・同じ人で会いにいく",
            "agency": "outreach-n",
            "family_does": "手紙を戸の前に置いてもらう",
            "frequency": "週1・木曜",
        },
        {
            "what": "物忘れの診察につなぐ",
            "agency": "hokatsu-n",
            "family_does": "診察の日に家を出る用意",
            "frequency": "月内",
        },
    ]
    plan = {
        "goal": "このいえで、ふたりで、しずかに くらしたい。",
        "goal_by": "母のことば",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=180)).isoformat(),
        "monitoring_on": (today + timedelta(days=90)).isoformat(),
        "lines": lines,
    }
    await coordinator.post_to(f"{case}/plans", plan)


def _dated(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "due_on": task["due_on"].isoformat()}


async def _take(browser: Browser, stage: Stage, shot: Shot, folder: Path) -> None:
    for width in WIDTHS:
        for locale in LOCALES:
            async with open_context(browser, width=width) as context:
                await context.add_cookies([{"name": "kasane_lang", "value": locale, "url": stage.base_url}])
                if shot.post:
                    post = stage.ids.get(shot.post, shot.post)
                    await context.request.post(f"{stage.base_url}/casework/api/session", data={"post": post})
                page = await context.new_page()
                await page.goto(stage.base_url + shot.path.format(**stage.ids))
                if shot.name == "new-consultation":
                    await type_a_consultation(page)
                await page.wait_for_load_state("networkidle")
                await page.wait_for_timeout(500)  # names come from intake, sheets from other services
                await take_picture(page, folder / f"{shot.name}-{width}-{locale}.png", tallest=_TALLEST)
                sys.stdout.write(f"{shot.name}-{width}-{locale}.png\n")


async def type_a_consultation(page: Page) -> None:
    """Fill the form as while somebody is on the telephone; nothing is sent."""
    await page.fill("#f-caller_name", "大槻 由美")
    await page.select_option("#f-caller_relation", "child_apart")
    await page.fill("#f-caller_phone", "080-0000-4471")
    for worry in ("income", "family", "care", "withdrawal"):
        await page.check(f"input[name=worries][value={worry}]")
    await page.locator("input[name=main_worry][value=family]").check(force=True)
    await page.fill(
        "#f-words",
        "母は84、弟は56くらいで二人ぐらし。弟は20年、ほとんど外に出ていない。きのう母に会ったら腕にあざがあった。"
        "「ころんだだけ」と言うが、夜に弟のどなり声がすると隣の人から聞いた。",
    )
    await page.fill("#f-address", "水神二丁目9番4号 ゆうなぎ荘 203")
    await page.select_option("#f-district", "suijin")
    await page.select_option("#f-members-0-relation", "mother")
    await page.fill("#f-members-0-name", "鷲尾 フミヱ")
    await page.fill("#f-members-0-birth", "S17.3.3")
    await page.select_option("#f-members-0-work", "pensioner")
    await page.select_option("#f-members-0-coresident", "yes")
    await page.select_option("#f-members-1-relation", "eldest_son")
    await page.fill("#f-members-1-birth", "56")
    await page.select_option("#f-members-1-work", "not_working")
    await page.select_option("#f-members-1-coresident", "yes")
    await page.locator("#f-members-1-coresident").dispatch_event("input")
    await page.evaluate("document.activeElement.blur()")
    await page.wait_for_timeout(2500)  # the findings come while one types
