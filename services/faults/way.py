"""A household's way through the ward: a call, an agency asked and its answer, a visit asked for, made and reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from services.story import households
from shared import clock
from shared.calendar import add_working_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from services.faults.load import Load, Person

_SLOTS: Final = 14
_WORKERS: Final = 4
_READS: Final = 0.5
_RETURNS: Final = 0.2
CALLS: Final[dict[str, Callable[[date], dict[str, Any]]]] = {
    "n": households.eighty_fifty,
    "c": households.alone_with_dementia,
    "s": households.single_mother,
    "w": lambda _: households.unknown_ages(),
}
"""Who is called about in each area."""


@dataclass(slots=True)
class Way:
    """One household's. ``number`` tells it from others; ``generation`` is when it began (see ``Load.leave_all``)."""

    load: Load
    area: str
    number: int
    generation: int
    dice: Random
    home: str = ""
    case: str = ""

    async def go(self) -> None:
        """From the first call to the report of a visit."""
        await self._call_in()
        await self._ask_an_agency()
        await self._visit()

    async def _call_in(self) -> None:
        made = await self._send("caseworker-{}1", "/intake/api/consultations", self._call(), "consultation_received")
        self.home = made["household"]
        self.case = await self.load.find_case(self, self._person("coordinator-1"))

    async def _ask_an_agency(self) -> None:
        body = {"agency": f"hokatsu-{self.area}", "question": "何から始められますか。", "basis": "internal_69_2_2"}
        asked = await self._send("coordinator-1", f"{self._of_case}/invitations", body, "agency_invited")
        if self.dice.random() < _READS:
            await self._read_what_waits()
        answer = {"answer": "accepted"}
        if self.dice.random() < _RETURNS:
            answer = {"answer": "returned", "reason": "needs_consent", "text": "同意のあとで。"}
        path = f"/casework/api/invitations/{asked['id']}/answer"
        await self._send("head-hokatsu-{}", path, answer, "agency_answered")

    async def _visit(self) -> None:
        body: dict[str, Any] = {"aim": "声かけ。", "purpose": "contact", "persons": 1, "slots": [], "skills": []}
        body["due_on"] = add_working_days(clock.today(), 5).isoformat()
        wanted = await self._send("coordinator-1", f"{self._of_case}/visit-requests", body, "visit_requested")
        worker = f"worker-{{}}{self.number % _WORKERS + 1}"
        starts = _slot(self.number // _WORKERS)
        body = {
            "workers": [str(self._person(worker).post.id)],
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(minutes=30)).isoformat(),
        }
        made = await self._send("lead-{}", f"/outreach/api/requests/{wanted['id']}/visits", body, "visit_assigned")
        visit = f"/outreach/api/visits/{made['visit']}"
        await self._send(worker, f"{visit}/answer", {"answer": "accepted"}, "assignment_answered", of=made)
        await self._send(worker, f"{visit}/arrive", {}, "visit_started", of=made)
        report = {"result": "family", "next_on": add_working_days(clock.today(), 8).isoformat(), "trust_stage": 2}
        await self._send(worker, f"{visit}/report", report, "visit_reported", of=made)

    async def _read_what_waits(self) -> None:
        """The head reads what waits about this household, where it has come already."""
        head = self._person("head-hokatsu-{}")
        inbox = await self.load.look(head, "/notify/api/inbox?filter=all&limit=100") or []
        line = next((one for one in inbox if one["household"] == self.home), None)
        if line is not None:
            await self._send("head-hokatsu-{}", f"/notify/api/notifications/{line['id']}/read", {}, "notification_read")

    async def _send(
        self, who: str, path: str, body: dict[str, Any], fact: str, of: dict[str, Any] | None = None
    ) -> Any:
        """Send a request until it is answered; the answer (or that it belongs to) names what was promised."""
        service = path.split("/")[1]
        name, told = _NAMED[fact]
        return await self.load.insist(
            self, self._person(who), path, body, lambda answer: (f"{service}.{fact}", f"{name}={(of or answer)[told]}")
        )

    def _person(self, code: str) -> Person:
        return self.load.person(code.format(self.area))

    @property
    def _of_case(self) -> str:
        return f"/casework/api/cases/{self.case}"

    def _call(self) -> dict[str, Any]:
        """A call about a household that is like no other: two that came of one are found by their words."""
        call = CALLS[self.area](clock.today())
        mark = f"{self.number:06d}-{self.dice.randrange(10**6):06d}"
        call |= {"words": f"試験 {mark}", "address": f"試験町 {mark}", "room": mark}
        call.pop("phone", None)
        for place, member in enumerate(call["members"]):
            member |= {"name": f"試験 {mark} {place}", "kana": ""}
        return call


_NAMED: Final = {
    "consultation_received": ("consultation", "consultation"),
    "agency_invited": ("invitation", "id"),
    "agency_answered": ("invitation", "id"),
    "visit_requested": ("request", "id"),
    "visit_assigned": ("visit", "visit"),
    "assignment_answered": ("visit", "visit"),
    "visit_started": ("visit", "visit"),
    "visit_reported": ("visit", "visit"),
    "notification_read": ("notification", "notification"),
}
"""By fact: its field that tells it from others of its type, and what the answer calls that."""


def _slot(turn: int) -> datetime:
    """A half hour of its own, from tomorrow on, for each visit of a worker."""
    day = clock.today() + timedelta(days=1 + turn // _SLOTS % 100)
    return datetime.combine(day, time(9), clock.TOKYO) + timedelta(minutes=30 * (turn % _SLOTS))
