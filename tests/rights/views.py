"""Everything that can be looked at, as a page and over the API: the address, the action of the table, what it shows.

A view is judged twice. Who may, must find the object's words in every view that is its ``home``; who may not, must
find them in none of the views of that action, home or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.story.stage import Person
from tests.rights.town import CHOME, Family

_ABOUT_A_FAMILY: Final = frozenset({
    "name", "whereabouts", "told", "avoid", "consent", "protection", "entry", "kept_entry", "own_request",
    "other_request", "own_task", "other_task", "meeting", "minutes", "plan", "aim", "note",
})  # fmt: skip
_HTML: Final = {"accept": "text/html", "sec-fetch-site": "same-origin"}

Words = Callable[[Family], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class View:
    """One address. ``homes``: the objects that must be read there by who may; ``{…}`` in it are ids of the family."""

    action: str
    method: str
    path: str
    homes: frozenset[str] = frozenset()
    judged: frozenset[str] = _ABOUT_A_FAMILY | {"case"}
    body: Words | None = None
    """Fields of a form, or of JSON where the path is the API's."""
    sign: str | None = None
    """An id of the family whose presence shows the homes, where the view tells ids and no words."""
    whole: bool = False
    """The same for every family: asked once a person."""

    @property
    def name(self) -> str:
        """How it is called in a list."""
        return f"{self.method} {self.path}"

    async def ask(self, person: Person, family: Family, ids: Mapping[str, str]) -> str:
        """What comes back: the body and where it leads."""
        answer = await self.request(person.http, family, ids)
        assert answer.status_code < 500, f"{self.name} answered {answer.status_code}: {answer.text[:300]}"
        return f"{answer.headers.get('location', '')}\n{answer.text}"

    async def request(self, http: httpx.AsyncClient, family: Family, ids: Mapping[str, str]) -> httpx.Response:
        """Send it with whatever cookies the client has."""
        path = self.path.format(**ids)
        if self.body is None:
            headers = {} if "/api/" in path else _HTML
            return await http.request(self.method, path, headers=headers)
        fields: Any = {name: value.format(**ids) for name, value in self.body(family).items()}
        if "/api/" in path or path.endswith("/labels"):
            sent = {name: value.split() if name.endswith("s") else value for name, value in fields.items()}
            return await http.request(self.method, path, json=sent)
        return await http.request(self.method, path, data=fields, headers=_HTML)


def reachable(path: str, family: Family, agency: str) -> dict[str, str] | None:
    """The ids that a path needs, as the family has them for somebody of ``agency``; None where one is missing."""
    ids = dict(family.ids)
    if f"request:{agency}" in ids:
        ids["request"] = ids[f"request:{agency}"]
    try:
        path.format(**ids)
    except KeyError:
        return None
    return ids


def _see(path: str, *homes: str, **more: Any) -> View:
    return View("see", more.pop("method", "GET"), path, frozenset(homes), **more)


_CASE_HOMES: Final = (
    "case", "entry", "kept_entry", "other_request", "own_task", "other_task", "meeting", "plan", "aim",
)  # fmt: skip
_ON_PAPER: Final = (_ABOUT_A_FAMILY - {"aim", "note"}) | {"case"}
_INTAKE_HOMES: Final = ("name", "whereabouts", "told", "avoid", "consent")
_OUTREACH: Final = _ABOUT_A_FAMILY
"""The number of a case stands on every visit; whoever may see a visit but not the case is asked by the visit's id."""


def _query(*names: str) -> list[Words]:
    def asking(name: str) -> Words:
        after = CHOME if name == "address" else ""
        return lambda family: {"q": family.marks[name] + after}

    return [asking(name) for name in names]


VIEWS: Final[tuple[View, ...]] = (
    # intake: the family
    _see("/intake/households/{household}", *_INTAKE_HOMES[:-1], judged=_ABOUT_A_FAMILY),
    _see("/intake/api/households/{household}", *_INTAKE_HOMES),
    _see("/intake/fragments/household/{household}/strip", "name", judged=_ABOUT_A_FAMILY),
    _see("/intake/fragments/household/{household}/genogram"),
    _see("/intake/fragments/household/{household}/safety", "avoid"),
    _see("/intake/consultations/new?household={household}", judged=_ABOUT_A_FAMILY),
    _see(
        "/intake/labels",
        "label",
        method="POST",
        body=lambda _: {"households": "{household}", "members": "{member}"},
        judged=frozenset({"label"}),
    ),
    _see(
        "/intake/api/cells",  # for outreach's own credential: nobody's session opens it
        method="POST",
        body=lambda _: {"households": "{household}"},
        sign="household",
        judged=frozenset({"whereabouts"}),
    ),
    View("list", "GET", "/intake/households", frozenset({"name"}), judged=_ABOUT_A_FAMILY, whole=True),
    View(
        "list",
        "POST",
        "/intake/api/households/search",
        frozenset({"name"}),
        body=lambda _: {},
        whole=True,
        judged=_ABOUT_A_FAMILY,
    ),
    *(
        View("search", "POST", path, frozenset({"name"}), body=words, judged=frozenset({"name"}), sign="household")
        for path in ("/intake/households", "/intake/api/households/search", "/intake/search")
        for words in _query("name", "address", "phone")
    ),
    View(
        "search",
        "POST",
        "/intake/consultations/detect",
        judged=frozenset({"name"}),
        body=lambda family: {"address": family.marks["address"] + CHOME, "phone": family.marks["phone"]},
    ),
    View(
        "export",
        "POST",
        "/intake/households/export",
        frozenset({"name"}),
        judged=_ABOUT_A_FAMILY | {"case"},
        body=lambda _: {"kind": "csv"},
        whole=True,
    ),
    # casework: the case
    _see("/casework/cases/{case}", *_CASE_HOMES),
    _see("/casework/api/cases/{case}", *_CASE_HOMES[1:]),  # a manager is told there to say why; the page says of what
    _see("/casework/invitations/{request}", "own_request", judged=_ABOUT_A_FAMILY),
    _see("/casework/api/invitations/{request}", "own_request", judged=_ABOUT_A_FAMILY),
    _see("/casework/meetings/{meeting}", "minutes"),
    _see("/casework/api/cases/{case}/proposals"),
    _see("/casework/fragments/cases/{case}/due"),
    _see("/casework/fragments/visit-requests/{visit_request}", "aim"),
    *(_see(f"/casework/cases/{{case}}/do/{form}") for form in ("invite", "entry", "meeting", "plan", "owner", "close")),
    _see("/casework/things/evaluate/{plan}"),
    _see("/casework/things/cancel-visit/{visit_request}"),
    View("list", "GET", "/casework/cases", frozenset({"case"}), whole=True),
    View("list", "GET", "/casework/api/cases", frozenset({"case"}), whole=True),
    View("list", "GET", "/casework/api/board", frozenset({"row"}), judged=_ABOUT_A_FAMILY | {"row"}, whole=True),
    View("list", "GET", "/casework/board", frozenset({"row"}), judged=_ABOUT_A_FAMILY | {"row"}, whole=True),
    View(
        "search",
        "POST",
        "/casework/cases/search",
        frozenset({"case"}),
        judged=frozenset({"case"}),
        sign="case",
        body=lambda family: {"number": family.marks["case"]},
    ),
    View("export", "GET", "/casework/cases/export.csv", frozenset({"case"}), whole=True),
    View("print", "GET", "/casework/cases/{case}/handover", frozenset({"case"}), judged=_ON_PAPER),
    # outreach: the visit
    _see("/outreach/visits/{visit}", "note", judged=_OUTREACH),
    _see("/outreach/api/visits/{visit}", judged=_OUTREACH),
    _see("/outreach/api/visits/{visit}/notes", "note", judged=_OUTREACH),
    _see("/outreach/fragments/visits/{visit}/members", judged=_OUTREACH),
    _see("/outreach/fragments/cases/{case}", judged=_OUTREACH),
    _see("/outreach/planner/requests/{visit_request}", judged=_OUTREACH),
    View("list", "GET", "/outreach/today", judged=_OUTREACH, whole=True),
    View("list", "GET", "/outreach/planner", judged=_OUTREACH, whole=True),
    View("list", "GET", "/outreach/api/visits?limit=100", judged=_OUTREACH, whole=True),
    View("list", "GET", "/outreach/api/requests?limit=100", judged=_OUTREACH, whole=True),
    # home and inbox: numbers of cases alone
    View("list", "GET", "/casework/", judged=_ABOUT_A_FAMILY - {"own_request", "own_task"}, whole=True),
    View("list", "GET", "/notify/", judged=_ABOUT_A_FAMILY, whole=True),
    View("list", "GET", "/notify/api/inbox?filter=all&limit=100", judged=_ABOUT_A_FAMILY, whole=True),
    _see("/notify/fragments/told/{household}", judged=_ABOUT_A_FAMILY),
)


def homes_of(action: str, thing: str) -> Iterator[View]:
    """The views in which an object must be read by who may."""
    return (view for view in VIEWS if view.action == action and thing in view.homes)


def asked_about(views: Iterable[View] = VIEWS) -> list[tuple[str, str]]:
    """Every (object, action) that some view is judged for."""
    return sorted({(thing, view.action) for view in views for thing in view.judged})
