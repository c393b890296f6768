"""The file of one person for a disclosure request: from all four services, with what is proposed and what is black."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from services.intake.queries.access import find_household, is_allowed
from services.intake.queries.disclosure import collect_own_parts
from services.intake.rules.disclosure import (
    OTHERS,
    Mark,
    Piece,
    Words,
    black_out,
    find_black,
    find_third_parties,
    part_ground,
    settle_marks,
    third_member,
)
from services.intake.tables import DisclosureMark, DisclosureRequest, Household, Member, Protection
from shared.asking import AwayError, ask
from shared.audit import note
from shared.disclosure import BASIS, Access, Export, Part, PostTitle
from shared.disclosure.logged import list_accesses
from shared.disclosure.routes import demand_discloser
from shared.disclosure.words import place_in_file
from shared.errors import Forbidden, Missing
from shared.events import SERVICES
from shared.i18n import N_, speaking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.queries.household import HouseholdView
    from shared.identity import Actor
    from shared.service import Service

_NO_REQUEST = N_("その開示請求はありません。")
_PROTECTED = N_(
    "支援措置のある世帯です。開示の書類は、閲覧を許された職だけが作れます。登録した人に、閲覧を許す職へ加えるよう頼んでください。"
)
PATIENCE: Final = 20.0
_LONGEST_CODE, _MOST_LABELS = 64, 500
_VOLATILE: Final = frozenset({"notification"})
"""Kinds that grow while somebody looks; they are in the file, and not in what must have been looked through."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One part as it is given. ``ground``: withheld as a whole; ``said``: (field, pieces, about somebody else)."""

    part: Part
    ground: str
    said: list[tuple[str, list[Piece], bool]]

    @property
    def at(self) -> datetime | date | None:
        """When."""
        return self.part.at


@dataclass(slots=True)
class PersonsFile:
    """Everything known about a person, and everyone who saw it. ``away``: services that could not be asked."""

    request: DisclosureRequest
    member: Member
    parts: list[PartView]
    marks: list[tuple[Mark, bool]]
    accesses: list[Access]
    posts: dict[UUID, PostTitle]
    agencies: dict[str, str]
    digest: str
    guarded: bool
    """Somebody else of the household is protected: nothing may tell where they are, nor that they are."""
    away: list[str] = field(default_factory=list)
    texts: list[Words] = field(default_factory=list)

    @property
    def current(self) -> bool:
        """Whether it is made of the material that was looked through."""
        return not self.away and self.digest == self.request.digest

    def title(self, post: UUID | None) -> str:
        """A post as the file names it: what it is and where, never who."""
        found = self.posts.get(post) if post else None
        if found is None:
            return ""
        return f"{self.agencies.get(found.agency, found.agency)} {found.title}".strip()


async def find_request(
    session: AsyncSession, actor: Actor, request_id: UUID, *, change: bool = False
) -> DisclosureRequest:
    """The request, for who handles requests and sees the household; protected ones for the allow-list alone."""
    demand_discloser(actor)
    found = await session.get(DisclosureRequest, request_id, populate_existing=change)
    if found is None:
        raise Missing(_NO_REQUEST)
    await find_household(session, actor, found.household_id)
    if not await is_allowed(session, actor, found.household_id):
        raise Forbidden(_PROTECTED)
    return found


async def demand_household(session: AsyncSession, actor: Actor, household: UUID) -> Household:
    """The household about which a request may be taken by this actor; refused like :func:`find_request`."""
    demand_discloser(actor)
    home = await find_household(session, actor, household)
    if not await is_allowed(session, actor, household):
        raise Forbidden(_PROTECTED)
    return home


async def put_together(
    here: Service, actor: Actor, token: str | None, request_id: UUID, *, action: str, final: bool
) -> PersonsFile:
    """The file as it stands now. ``action``: what the audit says of this look (``disclose``, ``print`` …).

    ``final``: as it is given, with the black cut out; else for whoever decides, who sees what is to be black.
    """
    async with here.db.transaction() as session:
        request = await find_request(session, actor, request_id)
        member = await session.get_one(Member, request.member_id)
        with speaking(request.language):
            own, view = await collect_own_parts(session, here.codes, actor, request.household_id, member)
        own.accesses = await list_accesses(session, here.name, request.household_id)
        kept = [
            Mark(row.part, row.field, row.phrase, row.ground)
            for row in await session.scalars(
                select(DisclosureMark).where(DisclosureMark.request_id == request.id).order_by(DisclosureMark.place)
            )
        ]
        living = select(Member.id, Member.name, Member.kana).where(Member.household_id == request.household_id)
        family = [name for one, *names in (await session.execute(living)).all() for name in names if one != member.id]
        guarded = await session.scalar(
            select(Protection.id)
            .where(Protection.household_id == request.household_id, Protection.ended_at.is_(None))
            .where(Protection.member_id != member.id)
            .limit(1)
        )
        await note(session, actor, action, [request.household_id], basis=BASIS, reason=request.number)
        session.expunge(request)
    others = [name for name in SERVICES if name != here.name]
    answers = await asyncio.gather(*(_export(here, token, name, request) for name in others))
    exports = [own, *(one for one in answers if one is not None)]
    away = [name for name, one in zip(others, answers, strict=True) if one is None]
    posts = {post: title for one in exports for post, title in one.posts.items()}
    agencies = await _agency_names(here, token, exports, posts, request.language)
    parts = sorted((part for one in exports for part in one.parts), key=_order)
    texts = list(_texts(parts, posts, agencies, member.id))
    marks = settle_marks(_proposed(parts, texts, posts, member, view, family), kept)
    in_force = [mark for mark, _ in marks]
    views = _black_out_parts(parts, texts, in_force, final=final)
    accesses = sorted((line for one in exports for line in one.accesses), key=lambda line: line.first_at)
    return PersonsFile(
        request=request,
        member=member,
        parts=views,
        marks=marks,
        accesses=accesses,
        posts=posts,
        agencies=agencies,
        digest=digest_of(parts),
        guarded=guarded is not None,
        away=away,
        texts=texts,
    )


def digest_of(parts: Iterable[Part]) -> str:
    """SHA-256 of the material, apart from what grows by being looked at."""
    content = [part.model_dump(mode="json") for part in parts if part.kind not in _VOLATILE]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def _export(here: Service, token: str | None, name: str, request: DisclosureRequest) -> Export | None:
    asked = {"number": request.number, "lang": request.language}
    try:
        path = f"/api/disclosure/{request.household_id}"
        return Export.model_validate(await ask(here, token, name, path, params=asked, patience=PATIENCE))
    except (AwayError, ValueError):
        return None


async def _agency_names(
    here: Service, token: str | None, exports: Iterable[Export], posts: dict[UUID, PostTitle], language: str
) -> dict[str, str]:
    codes = {one.agency for one in posts.values()}
    for export in exports:
        codes |= {line.agency for line in export.accesses if line.agency}
        codes |= {part.agency for part in export.parts if part.agency}
        told = [said.text for part in export.parts for said in part.said if said.name == "recipients"]
        codes |= {code for text in told for code in text.split("、") if code.isascii() and len(code) <= _LONGEST_CODE}
    body = {"agencies": sorted(codes)[:_MOST_LABELS]}
    try:
        found = await ask(here, token, "casework", "/labels", method="POST", json=body, params={"lang": language})
    except AwayError:
        return {}
    return {str(code): str(name) for code, name in found.items()}


def _order(part: Part) -> tuple[int, str, str]:
    return place_in_file(part.kind), part.at.isoformat() if part.at else "", part.key


def _texts(
    parts: Iterable[Part], posts: dict[UUID, PostTitle], agencies: dict[str, str], asker: UUID
) -> Iterable[Words]:
    """Every field with its words; a field that comes several times has a number behind its name."""
    for part in parts:
        count: dict[str, int] = {}
        for said in part.said:
            count[said.name] = count.get(said.name, 0) + 1
            name = said.name if count[said.name] == 1 else f"{said.name}.{count[said.name]}"
            text = said.text
            if said.whose == "staff":
                found = next((one for post, one in posts.items() if str(post) == text), None)
                text = f"{agencies.get(found.agency, found.agency)} {found.title}" if found else ""
            elif said.name == "recipients":
                text = "、".join(agencies.get(code, code) for code in text.split("、"))
            other = said.member is None or third_member(said.member, asker)
            yield Words(part.key, name, text, said.whose == "caller" or (said.whose == "member" and other))


def _proposed(  # noqa: PLR0917 - a file
    parts: Sequence[Part],
    texts: list[Words],
    posts: dict[UUID, PostTitle],
    member: Member,
    view: HouseholdView,
    family: Sequence[str],
) -> list[Mark]:
    others = list(family)
    others += [one.caller_name for one in view.consultations if one.caller_relation != "self"]
    involved = {part.post for part in parts if part.post}
    others += [title.name for post, title in posts.items() if post in involved]
    numbers = [member.phone, view.home.phone]
    found = find_third_parties(texts, others, [member.name, member.kana], numbers)
    withheld = [Mark(part.key, "", "", part.withheld) for part in parts if part.withheld]
    return [*withheld, *found]


def _black_out_parts(
    parts: Iterable[Part], texts: Iterable[Words], marks: Sequence[Mark], *, final: bool
) -> list[PartView]:
    cut = black_out if final else find_black
    by_part: dict[str, list[Words]] = {}
    for words in texts:
        by_part.setdefault(words.part, []).append(words)
    found = []
    for part in parts:
        ground = part_ground(part.key, marks)
        own = [] if ground and final else by_part.get(part.key, [])
        found.append(PartView(part, ground, [(one.field, cut(one, marks), one.third) for one in own]))
    return found


__all__ = ["OTHERS", "PartView", "PersonsFile", "demand_household", "digest_of", "find_request", "put_together"]
