"""The map of the pages: what stands in the side bar, in which order, for which role; and the style sheets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

from shared.i18n import N_, gettext

_EVERYONE: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the side bar.

    ``roles``: who sees it (empty: everyone); ``thumb_for``: whose phone bar shows it; ``keys``: the letter after g.
    """

    key: str
    href: str
    icon: str
    text: str
    keys: str = ""
    roles: frozenset[str] = _EVERYONE
    thumb_for: frozenset[str] = _EVERYONE
    gap: bool = False


_FIELD: Final = frozenset({"outreach_lead", "outreach_worker"})
_DESK: Final = frozenset({"caseworker", "coordinator", "manager", "agency_worker", "operator"})
_CARE: Final = frozenset({"caseworker", "coordinator", "manager", "agency_worker"})
_MACHINERY: Final = frozenset({"operator", "manager"})
_AUDIT: Final = frozenset({"auditor"})
_LEADS: Final = frozenset({"manager", "coordinator"})

PLACES: Final = (
    Place("home", "/casework/", "today", N_("きょう"), "h", thumb_for=_DESK),
    Place("visits", "/outreach/today", "walk", N_("きょうの訪問"), "v", roles=_FIELD, thumb_for=_FIELD),
    Place(
        "consultation",
        "/intake/consultations/new",
        "phone",
        N_("新しい相談"),
        "n",
        thumb_for=frozenset({"caseworker", "coordinator"}),
    ),
    Place("households", "/intake/households", "house", N_("世帯一覧"), "s", thumb_for=frozenset({"agency_worker"})),
    Place("cases", "/casework/cases", "layers", N_("支援ケース"), "c", thumb_for=_DESK | _FIELD),
    Place(
        "planner",
        "/outreach/planner",
        "day",
        N_("訪問計画"),
        "p",
        roles=_FIELD | _LEADS,
        thumb_for=frozenset({"outreach_lead"}),
    ),
    Place("protections", "/intake/protections", "lock", N_("保護"), roles=_FIELD | _CARE),
    Place("inbox", "/notify/", "bell", N_("通知"), "i", thumb_for=_DESK | _FIELD),
    Place("board", "/casework/board", "board", N_("進行ボード"), "b", thumb_for=frozenset({"manager"}), gap=True),
    Place("people", "/casework/people", "people", N_("人と職"), "u", roles=frozenset({"operator"})),
    Place(
        "operations",
        "/casework/operations",
        "ops",
        N_("運用"),
        "o",
        roles=_MACHINERY,
        thumb_for=frozenset({"operator"}),
    ),
    Place("disclosures", "/intake/disclosures", "doc", N_("開示請求"), "d", roles=frozenset({"manager"})),
    Place("disposals", "/intake/disposals", "x", N_("保存期間"), "k", roles=frozenset({"manager", "auditor"})),
    Place("unusual", "/casework/audit/unusual", "clock", N_("目立つ閲覧"), "w", roles=_AUDIT | {"manager"}),
    Place("audit", "/casework/audit", "eye", N_("監査"), "a", roles=_AUDIT, thumb_for=_AUDIT),
)

_PATHS: Final = (
    ("/intake/consultations", "consultation"),
    ("/intake/disclosures", "disclosures"),
    ("/intake/disposals", "disposals"),
    ("/intake/protections", "protections"),
    ("/intake/", "households"),
    ("/casework/cases", "cases"),
    ("/casework/things", "cases"),
    ("/casework/meetings", "cases"),
    ("/casework/board", "board"),
    ("/casework/operations", "operations"),
    ("/casework/audit/unusual", "unusual"),
    ("/casework/audit", "audit"),
    ("/casework/people", "people"),
    ("/casework/sign-in", ""),
    ("/casework/", "home"),
    ("/outreach/planner", "planner"),
    ("/outreach/", "visits"),
    ("/notify/", "inbox"),
)

STYLE_SHEETS: Final = (
    "layers", "tokens", "base", "frame",
    "parts/sheet", "parts/marks", "parts/table", "parts/form", "parts/message", "parts/entry",
    "parts/figure", "parts/door", "parts/visit", "parts/entrance", "parts/operations", "parts/paper", "parts/council",
    "phone", "print",
)  # fmt: skip


def here_of(path: str) -> str:
    """Which entry of the side bar a path belongs to; empty when none."""
    return next((key for start, key in _PATHS if path.startswith(start)), "")


def places(role: str) -> list[dict[str, Any]]:
    """The side bar of ``role``: dicts with key, href, icon, text (translated), shortcut, thumb, gap."""
    return [
        {
            "key": place.key,
            "href": place.href,
            "icon": place.icon,
            "text": gettext(place.text),
            "shortcut": place.keys,
            "thumb": role in place.thumb_for,
            "gap": place.gap,
        }
        for place in PLACES
        if not place.roles or role in place.roles
    ]


def made_up() -> bool:
    """Whether the ward is made up: no municipality code (総務省 全国地方公共団体コード) begins with 99."""
    return os.environ.get("KASANE_MUNICIPALITY", "990001").startswith("99")


GLOBALS: Final = {"here_of": here_of, "places": places, "style_sheets": lambda: STYLE_SHEETS, "made_up": made_up}
