"""What is about no family: staff, machinery, the audit log, the feed, deadlines, one's own and others' inboxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from shared import clock
from shared.events import SERVICES
from tests.rights.asking import at_once
from tests.rights.judging import Judged
from tests.rights.table import Cell
from tests.rights.ward import POSTS, WHO

if TYPE_CHECKING:
    from tests.rights.conftest import Played

REFUSED: Final = frozenset({401, 403, 404})
"""Whoever may is told what is wrong with an empty or made-up body, never that they may not or that nothing is there."""
_SIGN_IN: Final = ("/casework/sign-in", "/casework/session?")
"""Where a page leads whoever is nobody, or may be somebody again."""
_WHOSE_DRAFT: Final = "cw-n2"


@dataclass(frozen=True, slots=True)
class Desk:
    """One address, and what is sent there."""

    thing: str
    action: str
    method: str
    path: str
    body: dict[str, Any] | None = None


DESKS: Final[tuple[Desk, ...]] = (
    Desk("staff", "see", "GET", "/casework/people"),
    Desk("staff", "see", "GET", "/casework/people/{person}"),
    Desk("staff", "change", "POST", "/casework/people", {"kana": "なまえがない"}),
    Desk("staff", "change", "POST", "/casework/people/{person}/posts", {"agency": "nowhere"}),
    Desk("machinery", "see", "GET", "/casework/operations"),
    *(Desk("machinery", "see", "GET", f"/{service}/api/operations") for service in SERVICES),
    *(Desk("machinery", "see", "GET", f"/{service}/fragments/operations") for service in SERVICES),
    *(Desk("machinery", "see", "GET", f"/{service}/fragments/heartbeat") for service in SERVICES),
    Desk("audit_log", "see", "GET", "/casework/audit"),
    *(Desk("audit_log", "see", "GET", f"/{service}/api/audit") for service in SERVICES),
    *(Desk("audit_log", "see", "GET", f"/{service}/fragments/audit") for service in SERVICES),
    *(Desk("feed", "see", "GET", f"/{service}/events") for service in SERVICES),
    Desk("deadlines", "see", "GET", "/notify/api/rules"),
    Desk("deadlines", "change", "PUT", "/notify/api/rules/agency_invited/deadline", {"working_days": 2}),
    Desk("own_inbox", "see", "GET", "/notify/"),
    Desk("own_inbox", "see", "GET", "/notify/api/inbox"),
    Desk("own_inbox", "see", "GET", "/notify/settings"),
    Desk("own_inbox", "see", "GET", "/notify/api/preferences"),
    *(Desk("own_inbox", "see", "GET", f"/{service}/drafts/consultation") for service in SERVICES),
    *(
        Desk("own_inbox", "change", "PUT", f"/{service}/drafts/consultation/{{new}}", {"fields": {"words": "?"}})
        for service in SERVICES
    ),
    Desk("own_inbox", "change", "PUT", "/notify/api/preferences", {"channels": ["inbox"]}),
    Desk("other_inbox", "change", "POST", "/notify/api/notifications/{notification}/read", {}),
    Desk("other_inbox", "change", "POST", "/notify/notifications/{notification}/open", {}),
    Desk("other_inbox", "change", "PUT", "/intake/drafts/consultation/{draft}", {"fields": {"words": "!"}}),
)


async def sit_at_desks(played: Played, codes: Iterable[str], post: str = "running") -> list[Judged]:
    """Everybody sits down at every desk; whose inbox and draft it is does not ask."""
    word, owner = played.marks.word(), played.people[_WHOSE_DRAFT]
    draft = f"/intake/drafts/consultation/{uuid4()}"
    await owner.ask("PUT", draft, {"fields": {"words": word}})
    told = await played.people["co-1"].get("/notify/api/inbox?filter=all&limit=1")
    ids = {"notification": told[0]["id"], "draft": draft.rpartition("/")[2]}

    async def ask(desk: Desk, code: str) -> Judged:
        person = played.people[code]
        path = desk.path.format(**ids, person=POSTS[code].person, new=clock.new_id())
        program = "/api/" in path or "/drafts/" in path
        sent: dict[str, Any] = {"json" if program else "data": desk.body} if desk.body is not None else {}
        headers = {"accept": "application/json" if program else "text/html"}
        answer = await person.http.request(desk.method, path, headers=headers, **sent)
        cell = Cell(WHO[code], post, "reason" if code == "mg-1" else "none", "plain", desk.thing, desk.action)
        may, refused = played.table.may(cell), answer.status_code in REFUSED
        leads_out = answer.status_code == 303 and answer.headers["location"].startswith(_SIGN_IN)
        done = not refused and not leads_out
        about = f"{cell} [{code}, {desk.method} {desk.path}: {answer.status_code}]"
        assert answer.status_code < 500, about
        if word in answer.text and code != _WHOSE_DRAFT:
            return Judged(cell, may, f"MAY NOT, AND READS A DRAFT: {about}")
        wrong = "may, and is refused" if may and not done else "MAY NOT, AND IS LET IN" if done and not may else None
        return Judged(cell, may, f"{wrong}: {about}" if wrong else None)

    asked = [(desk, code) for code in codes for desk in DESKS if not _own(desk, code)]
    judged = await at_once([lambda one=one: ask(*one) for one in asked])  # type: ignore[misc] # bound now
    kept = await owner.get("/intake/drafts/consultation")
    assert word in [one["fields"].get("words") for one in kept], "somebody wrote over another's draft"
    return judged


def _own(desk: Desk, code: str) -> bool:
    return desk.thing == "other_inbox" and code in {_WHOSE_DRAFT, "co-1"}
