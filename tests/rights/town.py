"""The situations of the table, played by their people over HTTP: families, who stands to them how, what was typed.

Into every field a word is typed that stands nowhere else, so that a page that shows it shows that field of that family.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx

from services.story.stage import Person, arrival
from shared import clock
from shared.calendar import add_working_days
from tests.e2e.canaries import MESH, Marks
from tests.rights.ward import POSTS

_ALL_ITEMS: Final = ["identity", "family", "health", "care", "economy", "work", "words"]
PATIENCE: Final = 90.0
"""Seconds that a fact may take on a machine that has much else to do."""
CHOME: Final = "2丁目14番5号"
"""Without it an address is none that anybody could be found by."""
_GROUNDS: Final = {
    "consent": {"basis": "consent_69_2_1"},
    "internal": {"basis": "internal_69_2_2"},
    "council": {"basis": "support_council_106_6", "reason": "not_contacted"},
    "benefit": {"basis": "benefit_69_2_4", "note": "?"},
    "child_council": {"basis": "child_council"},
    "abuse": {"basis": "abuse_prevention"},
    "ordinance": {"basis": "ordinance"},
    "disaster": {"basis": "disaster"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """What an agency has to do with a family: the ground it was asked on, and what became of it."""

    agency: str
    ground: str
    became: str
    """accepted, asked, returned, left or lead"""


@dataclass(slots=True)
class Family:
    """A family with its case. ``marks``: the word typed into each object, ``object`` or ``object:agency``."""

    name: str
    area: str
    owner: str
    marks: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    standing: dict[str, str] = field(default_factory=dict)
    """Code of a person to their basis; who is not named has ``none``."""
    listed: frozenset[str] = frozenset()
    protected: bool = False
    named: tuple[str, ...] = ()
    """Who sits in its support council, besides the chair."""
    recalled: bool = False

    def basis(self, code: str) -> str:
        """On which basis somebody stands to the family."""
        return self.standing.get(code, "none")

    def state(self, code: str) -> str:
        """The word of the column ``household`` for somebody."""
        if not self.protected:
            return "plain"
        return "listed" if code in self.listed else "protected"

    def words_of(self, thing: str, agency: str) -> list[str]:
        """The marked words by which an object is known to somebody of ``agency``; none where it is not there."""
        if thing in {"own_request", "own_task"}:
            found = [self.marks.get(f"{thing[4:]}:{agency}")]
        elif thing in {"other_request", "other_task"}:
            found = [
                word
                for name, word in self.marks.items()
                if name.startswith(f"{thing[6:]}:") and name != f"{thing[6:]}:{agency}"
            ]
        elif thing == "whereabouts":
            found = [self.marks["address"], self.marks["phone"]]
        else:
            found = [self.marks.get({"label": "name", "row": "case"}.get(thing, thing))]
        return [word for word in found if word]


class People:
    """Everybody signed in, each with their own cookies."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.by_code: dict[str, Person] = {}

    async def sign_in(self, codes: Iterable[str]) -> None:
        """Everybody comes to work."""
        for code in codes:
            # each request on a connection of its own: on a busy machine one may be shut while it waits for the next
            alone = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
            person = Person(POSTS[code], self._base_url, alone)
            person.http.timeout = httpx.Timeout(PATIENCE)
            await person.sign_in()
            self.by_code[code] = person

    def __getitem__(self, code: str) -> Person:
        return self.by_code[code]

    async def aclose(self) -> None:
        """Everybody goes home."""
        for person in self.by_code.values():
            await person.http.aclose()


def parts(said: str) -> tuple[Part, ...]:
    """``"hokatsu-n internal accepted; jiritsu benefit asked"``"""
    return tuple(Part(*one.split()) for one in said.split(";"))


def the_families() -> list[Family]:
    """Who is in care: each family holds many situations at once."""
    at_work = {
        "cw-n1": "owner", "cw-n2": "own_area", "cw-n3": "own_area", "cw-n8": "own_area", "cw-n9": "own_area",
        "co-1": "duty", "mg-1": "reason", "lead-n": "plans", "wk-n1": "sent", "wk-n2": "team",
    }  # fmt: skip
    return [
        Family(
            "many agencies", "n", "cw-n1",
            parts=parts(
                "hokatsu-n internal accepted; jiritsu benefit asked; shogai benefit returned;"
                " seikatsu internal accepted; kodomo child_council accepted; shakyo consent accepted;"
                " hokenjo abuse left"
            ),
            standing=at_work
            | {
                "ho-1": "internal", "ho-2": "internal", "ji-1": "asked", "ji-8": "asked", "ji-9": "asked",
                "sg-1": "returned", "se-1": "internal", "se-2": "internal", "ko-1": "child_council",
                "sh-1": "consent", "hj-1": "left",
            },
        ),
        Family(
            "one that leads", "n", "cw-n1",
            parts=parts(
                "hokatsu-n internal lead; jiritsu council accepted; shogai benefit accepted; seikatsu internal asked;"
                " kodomo child_council returned; shakyo benefit left; hokenjo abuse accepted"
            ),
            standing=at_work
            | {
                "ho-1": "lead", "ho-2": "lead", "ji-1": "council", "ji-8": "council", "ji-9": "council",
                "sg-1": "benefit", "se-1": "asked", "se-2": "asked", "ko-1": "returned", "sh-1": "left",
                "hj-1": "abuse",
            },
        ),
        Family(
            "consent withdrawn", "n", "cw-n1",
            parts=parts(
                "jiritsu consent accepted; shakyo consent accepted; hokatsu-n ordinance accepted;"
                " shogai disaster accepted; hokenjo internal asked"
            ),
            standing=at_work
            | {
                "ji-1": "withdrawn", "ji-8": "withdrawn", "ji-9": "withdrawn", "sh-1": "withdrawn",
                "ho-1": "ordinance", "ho-2": "ordinance", "sg-1": "disaster", "hj-1": "asked",
            },
        ),
        Family(
            "protected", "n", "cw-n1",
            parts=parts("hokatsu-n internal accepted; seikatsu internal accepted; jiritsu benefit asked"),
            standing=at_work
            | {"ho-1": "internal", "ho-2": "internal", "se-1": "internal", "se-2": "internal", "ji-1": "asked"},
            listed=frozenset({"cw-n1", "cw-n3", "se-1"}),
        ),
        Family(
            "support council", "n", "cw-n1", named=("se-1", "hj-1"),
            standing=at_work | {"co-1": "chair", "se-1": "named", "se-2": "not_named", "hj-1": "named"},
        ),
        Family(
            "council recalled", "n", "cw-n1", named=("se-1", "hj-1"), recalled=True,
            standing=at_work | {"se-1": "recalled", "se-2": "not_named", "hj-1": "recalled"},
        ),
        Family("elsewhere", "s", "cw-s1", standing={"cw-s1": "owner", "mg-1": "reason"}),
    ]  # fmt: skip


class Town:
    """Plays the families into a running stack. ``keep``: what is typed is remembered in each family's ``marks``."""

    def __init__(self, people: People, marks: Marks) -> None:
        self.people = people
        self.marks = marks
        self.families = the_families()

    async def play(self) -> None:
        """Everything that happened before the table is asked."""
        await asyncio.gather(*(self._family(family) for family in self.families))

    def _type(self, family: Family, thing: str) -> str:
        family.marks[thing] = self.marks.phone() if thing == "phone" else self.marks.word()
        return family.marks[thing]

    async def _family(self, family: Family) -> None:
        owner = self.people[family.owner]
        made = await owner.post_to("/intake/api/consultations", self._call(family))
        family.ids |= {"household": made["household"], "consultation": made["consultation"]}
        home = await owner.get(f"/intake/api/households/{made['household']}")
        family.ids["member"] = home["members"][0]["id"]
        coordinator = self.people["co-1"]

        async def opened() -> Any:
            found = await coordinator.get(f"/casework/api/cases?household={made['household']}")
            return found["cases"]

        case = (await arrival(opened, "the case", PATIENCE))[0]
        family.ids["case"] = case["id"]
        family.marks["case"] = case["number"]
        await self._consent(family)
        for part in family.parts:
            await self._part(family, part)
        await self._care(family)
        if "wk-n1" in family.standing:
            await self._visit(family)
        if family.named:
            await self._council(family)
        reason = {"reason": "問い合わせがあった"}
        opened_case = await self.people["mg-1"].http.post(f"/casework/cases/{family.ids['case']}/open", data=reason)
        assert opened_case.status_code == 303, opened_case.text
        if family.name == "consent withdrawn":
            await owner.post_to(f"/intake/api/consents/{family.ids['consent']}/withdrawal", {"reason": "?"})
        if family.listed:
            await self._protect(family)

    def _call(self, family: Family) -> dict[str, Any]:
        area = {"n": "kitahara", "s": "hashiba"}[family.area]
        return {
            "address": self._type(family, "address") + CHOME, "phone": self._type(family, "phone"), "mesh": MESH,
            "area": family.area, "district": area, "words": self._type(family, "told"),
            "caller_name": self.marks.word(), "avoid": self._type(family, "avoid"), "worries": ["care"], "urgency": "B",
            "members": [
                {"relation": "mother", "name": self._type(family, "name"), "birth": "1941-03-03", "coresident": "yes"},
                {"relation": "eldest_son", "birth": "昭和44年1月1日", "work": "not_working", "coresident": "yes"},
            ],
        }  # fmt: skip

    async def _consent(self, family: Family) -> None:
        agencies = [part.agency for part in family.parts if part.ground == "consent"]
        body = {
            "member": family.ids["member"], "state": "signed", "purpose": "support", "items": _ALL_ITEMS,
            "recipients": agencies or ["shakyo"], "limits": self._type(family, "consent"),
        }  # fmt: skip
        given = await self.people[family.owner].post_to(
            f"/intake/api/households/{family.ids['household']}/consents", body
        )
        family.ids["consent"] = given["id"]

    async def _part(self, family: Family, part: Part) -> None:
        base = f"/casework/api/cases/{family.ids['case']}"
        ground: Mapping[str, str] = _GROUNDS[part.ground]
        body = {"agency": part.agency, "question": self._type(family, f"request:{part.agency}"), **ground}

        async def asked() -> Any:
            answer = await self.people["co-1"].send("POST", f"{base}/invitations", body)
            # a consent is on its way from intake for some milliseconds
            return answer.json() if answer.is_success else None

        family.ids[f"request:{part.agency}"] = request = (
            await arrival(asked, f"the request to {part.agency}", PATIENCE)
        )["id"]
        if part.became == "asked":
            return
        head = self.people[next(code for code, post in POSTS.items() if post.agency == part.agency)]
        path = f"/casework/api/invitations/{request}"
        if part.became == "returned":
            await head.post_to(f"{path}/answer", {"answer": "returned", "reason": "capacity"})
            return
        await head.post_to(f"{path}/answer", {"answer": "accepted"})
        if part.became == "left":
            await head.post_to(f"{path}/leave", {"reason": "done"})
        if part.became == "lead":
            await self.people["co-1"].post_to(f"{base}/lead", {"agency": part.agency})

    async def _care(self, family: Family) -> None:
        owner, base, today = self.people[family.owner], f"/casework/api/cases/{family.ids['case']}", clock.today()
        now = clock.now().isoformat()
        entry = {"occurred_at": now, "kind": "phone", "fix": True}
        await owner.post_to(f"{base}/entries", entry | {"facts": self._type(family, "entry")})
        await owner.post_to(f"{base}/entries", entry | {"facts": self._type(family, "kept_entry"), "scope": "lead"})
        due = add_working_days(today, 3).isoformat()
        for part in family.parts:
            if part.became in {"accepted", "lead"}:
                task = {"title": self._type(family, f"task:{part.agency}"), "agency": part.agency, "due_on": due}
                made = await owner.post_to(f"{base}/tasks", task)
                family.ids[f"task:{part.agency}"] = made["id"]
        plan = {
            "goal": self._type(family, "plan"), "starts_on": today.isoformat(),
            "ends_on": (today + timedelta(days=90)).isoformat(),
            "monitoring_on": (today + timedelta(days=30)).isoformat(), "lines": [{"what": "?"}],
        }  # fmt: skip
        family.ids["plan"] = (await owner.post_to(f"{base}/plans", plan))["id"]

    async def _visit(self, family: Family) -> None:
        owner, lead, worker = self.people[family.owner], self.people["lead-n"], self.people["wk-n1"]
        today = clock.today()
        body = {
            "aim": self._type(family, "aim"), "purpose": "contact", "persons": 1,
            "due_on": add_working_days(today, 5).isoformat(),
        }  # fmt: skip
        asked = await owner.post_to(f"/casework/api/cases/{family.ids['case']}/visit-requests", body)
        family.ids["visit_request"] = asked["id"]

        async def heard() -> bool:
            return any(one["id"] == asked["id"] for one in await lead.get("/outreach/api/requests?limit=100"))

        await arrival(heard, "the visit request", PATIENCE)
        starts = clock.now() + timedelta(days=1, hours=self.families.index(family))
        made = await lead.post_to(
            f"/outreach/api/requests/{asked['id']}/visits",
            {
                "workers": [str(POSTS["wk-n1"].id)], "starts_at": starts.isoformat(),
                "ends_at": (starts + timedelta(minutes=40)).isoformat(),
            },
        )  # fmt: skip
        family.ids["visit"] = made["visit"]
        visit = f"/outreach/api/visits/{made['visit']}"
        await worker.post_to(f"{visit}/arrive")
        report = {"result": "family", "next_on": add_working_days(today, 4).isoformat()}
        await worker.post_to(f"{visit}/report", report | {"words": self._type(family, "note")})

    async def _council(self, family: Family) -> None:
        chair = self.people["co-1"]
        body = {
            "kind": "support_council", "place": self._type(family, "meeting"), "reason": "not_contacted",
            "starts_at": (clock.now() + timedelta(days=2)).isoformat(),
            "members": [str(POSTS[code].id) for code in family.named],
        }  # fmt: skip
        called = await chair.post_to(f"/casework/api/cases/{family.ids['case']}/meetings", body)
        family.ids["meeting"] = called["id"]
        for code in family.named:
            await self.people[code].post_to(f"/casework/api/meetings/{called['id']}/secrecy", {})
        sheet = {"known": self._type(family, "minutes"), "items": ["family"]}
        await chair.post_to(f"/casework/api/meetings/{called['id']}/materials", sheet)
        if family.recalled:
            await chair.post_to(f"/casework/api/meetings/{called['id']}/recall", {})

    async def _protect(self, family: Family) -> None:
        body = {
            "member": family.ids["member"], "kind": "dv", "reason": self._type(family, "protection"),
            "allowed_posts": [str(POSTS[code].id) for code in sorted(family.listed)],
        }  # fmt: skip
        made = await self.people[family.owner].post_to(
            f"/intake/api/households/{family.ids['household']}/protections", body
        )
        family.ids["protection"], family.protected = made["id"], True
        coordinator = self.people["co-1"]

        async def known() -> bool:
            found = await coordinator.get(f"/casework/api/cases?household={family.ids['household']}")
            return all(case["protected"] for case in found["cases"])

        await arrival(known, "the protection", PATIENCE)
