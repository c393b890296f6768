"""Everything that can be done about a family, over the API and by the pages' forms.

Each attempt carries a word that nobody has typed before. Whether it was allowed is seen by what was kept: the word
stands in a database afterwards, or it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx

from shared import clock
from shared.calendar import add_working_days
from tests.rights.town import Family

Body = Callable[[Family, str, str], dict[str, Any]]
"""``(family, word, spare)``: the word to be found, an agency that nobody has asked yet."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to do something. ``once``: what one has done, nobody can do again, so one of those who may does it."""

    thing: str
    action: str
    path: str
    body: Body
    once: bool = False
    method: str = "POST"

    @property
    def name(self) -> str:
        """How it is called in a list."""
        return f"{self.method} {self.path}"

    async def send(self, http: httpx.AsyncClient, family: Family, ids: dict[str, str], sent: dict[str, Any]) -> int:
        """Try; the status. An error of the services' own fails at once."""
        path = self.path.format(**ids)
        if "/api/" in path:
            answer = await http.request(self.method, path, json=sent)
        else:
            headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
            answer = await http.request(self.method, path, data=sent, headers=headers)
        assert answer.status_code < 500, f"{self.name} ({family.name}) answered {answer.status_code}: {answer.text}"
        return answer.status_code


def _day(days: int) -> str:
    return add_working_days(clock.today(), days).isoformat()


def _entry(word: str) -> dict[str, Any]:
    return {"occurred_at": clock.now().isoformat(), "kind": "phone", "facts": word}


def _plan(word: str) -> dict[str, Any]:
    today = clock.today()
    return {
        "goal": word, "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=60)).isoformat(),
        "monitoring_on": (today + timedelta(days=30)).isoformat(), "lines": [{"what": "?"}],
    }  # fmt: skip


def _consent(family: Family, word: str) -> dict[str, Any]:
    return {
        "member": family.ids["member"], "state": "signed", "purpose": "plan", "recipients": ["kodomo"],
        "items": ["family"], "limits": word,
    }  # fmt: skip


ATTEMPTS: Final[tuple[Attempt, ...]] = (
    Attempt(
        "name", "change", "/intake/api/households/{household}/members",
        lambda _, word, __: {"name": word, "relation": "sister", "coresident": "no"},
    ),
    Attempt(
        "name", "change", "/intake/households/{household}/members",
        lambda _, word, __: {"name": word, "relation": "sister", "coresident": "no"},
    ),
    Attempt(
        "told", "change", "/intake/api/consultations",
        lambda family, word, _: {"household": family.ids["household"], "words": word, "worries": ["care"]},
    ),
    Attempt(
        "told", "change", "/intake/consultations",
        lambda family, word, _: {"household": family.ids["household"], "words": word, "worries": "care"},
    ),
    Attempt(
        "consent", "change", "/intake/api/households/{household}/consents",
        lambda family, word, _: _consent(family, word),
    ),
    Attempt("entry", "change", "/casework/api/cases/{case}/entries", lambda _, word, __: _entry(word)),
    Attempt(
        "entry", "change", "/casework/cases/{case}/do/entry",
        lambda _, word, __: _entry(word) | {"occurred_at": clock.now().strftime("%Y-%m-%dT%H:%M")},
    ),
    Attempt(
        "own_task", "change", "/casework/api/cases/{case}/tasks",
        lambda _, word, __: {"title": word, "agency": "seikatsu", "due_on": _day(4)},
    ),
    Attempt(
        "own_task", "change", "/casework/cases/{case}/do/task",
        lambda _, word, __: {"title": word, "agency": "seikatsu", "due_on": _day(4)},
    ),
    Attempt(
        "meeting", "change", "/casework/api/cases/{case}/meetings",
        lambda _, word, spare: {
            "kind": "case_conference", "place": word, "agencies": [spare],
            "starts_at": (clock.now() + timedelta(days=2)).isoformat(),
        },
    ),
    Attempt("plan", "change", "/casework/api/cases/{case}/plans", lambda _, word, __: _plan(word)),
    Attempt(
        "aim", "change", "/casework/api/cases/{case}/visit-requests",
        lambda _, word, __: {"aim": word, "purpose": "contact", "due_on": _day(5)},
    ),
    Attempt(
        "case", "share", "/casework/api/cases/{case}/invitations",
        lambda _, word, spare: {"agency": spare, "question": word, "basis": "internal_69_2_2"},
    ),
    Attempt(
        "case", "share", "/casework/cases/{case}/do/invite",
        lambda _, word, spare: {"agency": spare, "question": word, "basis": "internal_69_2_2"},
    ),
    Attempt("note", "change", "/outreach/api/visits/{visit}/notes", lambda _, word, __: {"words": word}),
    Attempt("note", "change", "/outreach/visits/{visit}/notes", lambda _, word, __: {"words": word}),
    Attempt(
        "plan", "decide", "/casework/api/plans/{plan}/decide", lambda _, word, __: {"document": word}, once=True
    ),
    Attempt(
        "own_request", "answer", "/casework/api/invitations/{request}/answer",
        lambda _, word, __: {"answer": "discuss", "text": word}, once=True,
    ),
    Attempt(
        "protection", "change", "/intake/api/households/{household}/protections",
        lambda family, word, _: {"member": family.ids["member"], "kind": "dv", "reason": word}, once=True,
    ),
)  # fmt: skip
"""In this order: what changes the rights of others comes last."""
