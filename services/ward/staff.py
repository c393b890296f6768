"""Who works in the made-up ward: agencies (関係機関), posts (職) and outreach teams. Pure, and always the same.

``staff.csv`` holds the posts: about fifty people who do not exist.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

NAMESPACE = UUID("6b6173616e65-4d61-8465-7570-57617264".replace("-", ""))
"""Ids of everything made up are derived from this one, so that the same thing has the same id for ever."""

_FILE = Path(__file__).with_name("staff.csv")

STARTS_ON = date(2024, 4, 1)
"""Every post began on a first of April, as they do."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency. ``kind`` is what a code table proposes it by; ``areas`` empty: the whole ward."""

    code: str
    kind: str
    ja: str
    en: str
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A person's role in an agency. ``code`` is what sign-in and the story choose by; ``head``: leads its agency."""

    code: str
    agency: str
    role: str
    areas: tuple[str, ...]
    name: str
    kana: str
    romaji: str
    title_ja: str
    title_en: str
    head: bool = False
    skills: tuple[str, ...] = ()
    """Of an outreach worker: codes of SKILL."""

    @property
    def id(self) -> UUID:
        """The post's id."""
        return uuid5(NAMESPACE, f"post:{self.code}")

    @property
    def person(self) -> UUID:
        """The id of the person who holds it; a person may hold several posts (兼務)."""
        return uuid5(NAMESPACE, f"person:{self.name}")


@dataclass(frozen=True, slots=True)
class Team:
    """An outreach team and the codes of its posts, the lead first."""

    code: str
    area: str
    ja: str
    en: str
    posts: tuple[str, ...]


_AREAS = (("c", "中央", "Central"), ("n", "北", "North"), ("w", "西", "West"), ("s", "南", "South"))

AGENCIES: tuple[Agency, ...] = (
    *(
        Agency(f"sukoyaka-{a}", "sukoyaka", f"{ja}すこやか福祉センター", f"{en} Sukoyaka Welfare Centre", (a,))
        for a, ja, en in _AREAS
    ),
    *(
        Agency(f"hokatsu-{a}", "hokatsu", f"地域包括支援センター {ja}", f"Community Support Centre {en}", (a,))
        for a, ja, en in _AREAS
    ),
    Agency("hokatsu-sakuradai", "hokatsu", "地域包括支援センター 桜台", "Community Support Centre Sakuradai", ("c",)),
    *(
        Agency(f"outreach-{a}", "outreach", f"アウトリーチ {ja}チーム", f"Outreach Team {en}", (a,))
        for a, ja, en in _AREAS
    ),
    Agency("coordination", "coordination", "多機関協働(本庁)", "Multi-agency Coordination (Head Office)"),
    Agency("jiritsu", "jiritsu", "自立相談支援センター", "Self-reliance Support Centre"),
    Agency("seikatsu", "seikatsu", "生活援護課", "Public Assistance Section"),
    Agency("shogai", "shogai", "障害相談支援", "Disability Counselling"),
    Agency("hokenjo", "hokenjo", "保健所(精神保健)", "Public Health Centre (Mental Health)"),
    Agency("shakyo", "shakyo", "社協 ひきこもり支援", "Council of Social Welfare, Hikikomori Support"),
    Agency("kodomo", "kodomo", "子ども家庭支援", "Child and Family Support"),
    Agency("chiiki", "chiiki", "地域福祉課", "Community Welfare Section"),
)


def _read_posts() -> tuple[Post, ...]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Post(
                code=row["code"],
                agency=row["agency"],
                role=row["role"],
                areas=tuple(row["areas"].split()),
                name=row["name"],
                kana=row["kana"],
                romaji=row["romaji"],
                title_ja=row["title_ja"],
                title_en=row["title_en"],
                head=row["head"] == "yes",
                skills=tuple(row["skills"].split()),
            )
            for row in csv.DictReader(file)
        )


POSTS: tuple[Post, ...] = _read_posts()
POST_BY_CODE = {post.code: post for post in POSTS}

TEAMS: tuple[Team, ...] = tuple(
    Team(
        f"outreach-{area}",
        area,
        f"アウトリーチ {ja}チーム",
        f"Outreach Team {en}",
        (f"lead-{area}", *(f"worker-{area}{place}" for place in range(1, 5))),
    )
    for area, ja, en in _AREAS
)


def head_of(agency: str) -> Post:
    """Who leads an agency."""
    return next(post for post in POSTS if post.agency == agency and post.head)
