"""What is known of protected people is found with the allow-list and nowhere else, whoever drives what."""

import contextlib
import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from services.intake.importing.run import DONE, run_import
from services.stack import Stack
from services.story.stage import Person, arrival
from services.ward.staff import POST_BY_CODE, POSTS
from shared import clock
from tests.e2e import canaries
from tests.e2e.canaries import MESH, Marks
from tests.e2e.conftest import StartStack
from tests.e2e.routes import routes_of
from tests.e2e.test_canaries import Office, log_lines, with_ids

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.timeout(3600)]

__all__ = ["log_lines"]

ONLY_HERE = {
    ("intake", table, column)
    for table, columns in {
        "household": ("address", "address_key", "room", "phone", "mesh"),
        "member": ("name", "kana", "phone"),
        "search_key": ("value",),
        "consultation": ("caller_name", "caller_phone", "words", "avoid"),
        "protection": ("reason",),
        "allowance": ("reason",),
        "glass": ("reason",),
        "apart": ("address", "room", "phone", "places"),
    }.items()
    for column in columns
}
"""Where the marks of this test may lie; the reason for the glass is told to whoever must answer."""
OUTSIDE = (
    "caseworker-n2", "caseworker-w1", "coordinator-1", "manager-1", "lead-n", "worker-n1", "head-hokatsu-n",
)  # fmt: skip


WALKERS = ("coordinator-1", "caseworker-n2", "head-hokatsu-n")
"""Who opens every page there is: over the ward, of the same office, and of an agency."""


class Watched(Office):
    """Everything that somebody outside the list was answered: bodies, addresses, headers."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self.answers: list[tuple[str, str]] = []

    async def _see(self, answer: Any) -> None:
        body = await answer.aread()
        said = body.decode(errors="replace") + repr(answer.headers)
        self.answers.append((f"{answer.request.method} {answer.request.url.path} {answer.status_code}", said))
        await super()._see(answer)


async def test_where_the_protected_are_is_found_with_the_allow_list_alone(
    start_stack: StartStack,
    redis_url: str,
    log_lines: io.StringIO,
    tmp_path: Path,
) -> None:
    marks = Marks()
    async with (
        start_stack(households=2) as running,
        contextlib.aclosing(Office(running.base_url)) as inside,
        contextlib.aclosing(Watched(running.base_url)) as outside,
    ):
        setter = await inside.person("caseworker-n1")
        typed, ids = await shelter(setter, marks)
        listed = await listed_posts(setter, ids)
        nobody = [code for code in OUTSIDE if str(POST_BY_CODE[code].id) not in listed]
        assert len(nobody) > 5
        await bring_neighbours(running, typed.pop("own_phone"), tmp_path, outside)
        assert await joining_facts(running, ids["household"]) == ["intake.households_linked"], "from before"
        await remind(running)
        for code in nobody:
            person = await outside.person(code)
            await ask_for_them(person, ids, typed)
            if code in WALKERS:
                await walk(person, running, ids)
        seen = await setter.get(f"/intake/households/{ids['household']}")
        assert typed["address"] in str(seen), "who stands on the list sees it"
        assert len(outside.answers) > 250
        for what, said in outside.answers:
            found = [name for name, word in typed.items() if word in said]
            assert not found, f"{what} tells {found}"
        columns = await canaries.marked_columns(running)
        assert columns <= ONLY_HERE, f"a mark stands in {sorted(columns - ONLY_HERE)}"
        manager = await outside.person("manager-1")
        for where, texts in {
            "streams": await canaries.stream_entries(redis_url),
            "log lines": log_lines.getvalue().splitlines(),
            "addresses": outside.addresses + inside.addresses,
            "metrics": [await manager.get(f"/{service}/metrics") for service in running.apps],
        }.items():
            assert texts, f"no {where} were seen"
            assert not [text for text in texts if canaries.MARK.search(text) or MESH in text], where
        assert await areas_known(running, ids["household"]) == []


async def shelter(setter: Person, marks: Marks) -> tuple[dict[str, str], dict[str, str]]:
    """A mother and her son, linked to another record; then she is protected, and lives apart from him."""
    typed = {name: marks.word() for name in ("address", "room", "words", "avoid", "caller", "mother", "kana", "son")}
    typed |= {name: marks.phone() for name in ("phone", "caller_phone", "own_phone", "new_phone")}
    typed |= {name: marks.word() for name in ("new_address", "new_room", "school", "why", "allowed")}
    home = {
        "address": f"{typed['address']}2丁目14番5号", "room": typed["room"], "phone": typed["phone"], "mesh": MESH,
        "area": "n", "district": "kitahara", "caller_name": typed["caller"], "caller_phone": typed["caller_phone"],
        "words": typed["words"], "avoid": typed["avoid"], "worries": ["family"], "urgency": "B",
        "safety_flags": ["abuse_elder"],
        "members": [
            {"relation": "mother", "name": typed["mother"], "kana": typed["kana"], "phone": typed["own_phone"],
             "birth": "1951-03-04", "coresident": "yes"},
            {"relation": "eldest_son", "name": typed["son"], "birth": "昭和52年1月1日", "coresident": "yes"},
        ],
    }  # fmt: skip
    made = await setter.post_to("/intake/api/consultations", home)
    household = made["household"]
    other = await setter.post_to(
        "/intake/api/consultations", {"words": "べつの記録", "area": "n", "members": [{"relation": "self"}]}
    )
    await setter.post_to(f"/intake/api/households/{household}/links", {"other": other["household"]})
    known = await setter.get(f"/intake/api/households/{household}")
    mother = known["members"][0]["id"]
    day = clock.today() + timedelta(days=20)
    protection = await setter.post_to(
        f"/intake/api/households/{household}/protections",
        {"member": mother, "kind": "elder_abuse", "reason": typed["why"], "ends_on": str(day)},
    )
    place = {"address": typed["new_address"], "room": typed["new_room"], "phone": typed["new_phone"]}
    await setter.ask(
        "PUT", f"/intake/api/households/{household}/apart", place | {"places": typed["school"], "away": [mother]}
    )

    async def opened() -> str | None:
        found = await setter.get(f"/casework/api/cases?household={household}")
        return found["cases"][0]["id"] if found["cases"] else None

    ids = {
        "household": household, "household_id": household, "other": other["household"], "member": mother,
        "number": made["number"], "protection": protection["id"], "consultation": made["consultation"],
        "case": await arrival(opened, "the case"),
    }  # fmt: skip
    ids["case_id"] = ids["case"]
    return typed, ids


async def listed_posts(setter: Person, ids: dict[str, str]) -> set[str]:
    """Posts that the page of the household names: the allow-list and the owner."""
    text = (await setter.http.get(f"/intake/households/{ids['household']}", headers={"accept": "text/html"})).text
    part = text.partition('id="protections"')[2].partition("<form")[0]
    found = {str(post.id) for post in POSTS if f'data-id="{post.id}"' in part}
    assert str(setter.post.id) in found
    return found


async def walk(person: Person, running: Stack, ids: dict[str, str]) -> None:
    """Every page and answer that can be got."""
    for service, app in running.apps.items():
        for route in [one for one in routes_of(app) if one.method == "GET"]:
            if route.template not in {"/events", "/session"}:
                path = with_ids(service, route.template, ids)
                await person.http.get(path, headers={"accept": "text/html"})


async def ask_for_them(person: Person, ids: dict[str, str], typed: dict[str, str]) -> None:
    """Every way to ask for their names and places, searches for all of it, changes that must be refused."""
    html = {"accept": "text/html"}
    household = ids["household"]
    for piece in ("strip", "genogram", "safety"):
        await person.http.get(f"/intake/fragments/household/{household}/{piece}", headers=html)
    for side in ("home", "apart"):
        await person.http.get(f"/intake/households/{household}?side={side}", headers=html)
        await person.http.get(f"/intake/api/households/{household}?side={side}")
    for body in ({"households": [household], "members": [ids["member"]]},):
        await person.send("POST", "/intake/labels", body)
    await person.send("POST", "/intake/api/cells", {"households": [household]})
    for name in ("mother", "phone", "address", "new_phone", "caller"):
        # the beginning of a word is enough to find it, and too little to be a mark in the form that comes back
        for word in (typed[name][:-3], ids["number"]):
            await person.http.post("/intake/households", data={"q": word}, headers=html)
            await person.http.post("/intake/search", data={"q": word}, headers=html)
            await person.send("POST", "/intake/api/households/search", {"q": word})
            await person.http.post("/intake/households/export", data={"q": word, "kind": "csv"}, headers=html)
    await person.http.post("/intake/households/export", data={"kind": "csv"}, headers=html)
    await person.http.post("/intake/consultations/detect", data={"household": household, "words": "?"}, headers=html)
    await person.http.post(
        "/intake/consultations", data={"household": household, "words": "x", "birth": "?"}, headers=html
    )
    await person.send("POST", f"/intake/api/households/{household}/links", {"other": ids["other"]})
    await person.send("PUT", f"/intake/api/members/{ids['member']}", {"version": 1, "birth": "?"})
    await person.send("POST", f"/intake/api/protections/{ids['protection']}/end", {"reason": "?"})
    await person.send("POST", "/intake/api/glass", {"number": ids["number"], "reason": "?"})


async def bring_neighbours(running: Stack, phone: str, folder: Path, outside: Watched) -> None:
    """A ledger and a call bring households with the same telephone: nothing joins them, and nobody is named."""
    ledger, screen = folder / "ledger.csv", io.StringIO()
    ledger.write_text(f"世帯番号,続柄,氏名,生年月日,電話\n1,本人,大槻 一,S30.1.1,{phone}\n", encoding="utf-8-sig")
    done = await run_import(
        running.database_url("intake"), ledger, console=Console(file=screen, width=120), errors=folder / "errors.csv"
    )
    assert done == DONE, screen.getvalue()
    outside.answers.append(("import", screen.getvalue()))
    neighbour = await outside.person("caseworker-n2")
    form = {"members.0.phone": phone, "members.0.relation": "self", "words": "?"}
    await neighbour.http.post("/intake/consultations/detect", data=form, headers={"accept": "text/html"})
    call = {"area": "n", "words": "近所", "members": [{"relation": "self", "phone": phone}]}
    await neighbour.post_to("/intake/api/consultations", call)


async def joining_facts(running: Stack, household: str) -> list[str]:
    """What the log says of this household and another one."""
    async with running.apps["intake"].state.service.db.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT type FROM event_log WHERE cardinality(subjects) > 1 AND $1 = ANY(subjects) ORDER BY log_id",
            (household,),
        )
        return [row[0] for row in rows]


async def remind(running: Stack) -> None:
    """The daily look states that the measure runs out; its notification comes."""
    from services.intake.daily import warn_of_protections  # noqa: PLC0415 - the one job that is called by hand

    assert await warn_of_protections(running.apps["intake"].state.service) in {0, 1}


async def areas_known(running: Stack, household: str) -> list[str]:
    """Rows of the other services that still say in which area they live."""
    found = []
    for service in ("casework", "outreach", "notify"):
        async with running.apps[service].state.service.db.engine.connect() as connection:
            tables = await connection.exec_driver_sql(
                "SELECT c.table_name, k.column_name FROM information_schema.columns c"
                " JOIN information_schema.columns k ON k.table_name = c.table_name"
                " AND k.column_name IN ('household', 'household_id', 'id')"
                " WHERE c.table_schema = 'public' AND c.column_name IN ('area', 'district') AND k.data_type = 'uuid'"
            )
            for table, key in tables.all():
                query = f'SELECT count(*) FROM "{table}" WHERE "{key}" = \'{UUID(household)}\' AND area IS NOT NULL'  # noqa: S608
                if (await connection.exec_driver_sql(query)).scalar():
                    found.append(f"{service}.{table}")
    return found
