"""Who stands behind the words of a rule (owner, duty, inviter …), at the moment a fact is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from services.notify.tables import Case, Household, Invitation, Visit, VisitRequest
from shared.identity import KnownPost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

_STAFF = "notify.staff"
TAKING_PART = ("accepted", "discuss", "asked")


class Employed(NamedTuple):
    """A post that has not ended."""

    post: UUID
    agency: str
    role: str
    areas: Sequence[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fact is about: the household, its case, how urgent, where (unknown while protected)."""

    household: UUID | None
    case: UUID | None
    number: str | None
    owner: UUID | None
    area: str | None
    urgency: str | None


async def subject_of(session: AsyncSession, fields: Mapping[str, Any]) -> Subject:
    """Find the case of a fact: the one it names, else the household's latest that is open."""
    household, case_id = _uuid(fields.get("household")), _uuid(fields.get("case"))
    if household is None:
        return Subject(None, None, None, None, None, None)
    statement = select(Case).where(Case.household == household)
    if case_id is not None:
        statement = statement.where(Case.id == case_id)
    case = await session.scalar(statement.order_by(Case.closed, Case.number.desc()).limit(1))
    known = await session.get(Household, household)
    area = (known.area if known is not None else None) or (case.area if case is not None else None)
    area = area or fields.get("area")
    urgency = fields.get("urgency") or (case.urgency if case is not None else None)
    return Subject(
        household=household,
        case=case_id or (case.id if case is not None else None),
        number=case.number if case is not None else fields.get("number"),
        owner=case.owner if case is not None else None,
        area=area,
        urgency=urgency or (known.urgency if known is not None else None),
    )


async def knows_matter(session: AsyncSession, fields: Mapping[str, Any]) -> bool:
    """Whether the case and the request that a fact names have been heard of."""
    for table, name in ((Case, "case"), (VisitRequest, "request")):
        named = _uuid(fields.get(name))
        if named is not None and await session.get(table, named) is None:
            return False
    return True


async def find_people(
    session: AsyncSession, names: Iterable[str], fields: Mapping[str, Any], subject: Subject
) -> dict[str, list[UUID]]:
    """Posts by recipient name. Only what is asked for is looked up; posts that have ended are left out."""
    wanted = set(names)
    found: dict[str, list[UUID]] = {"owner": _posts([fields.get("owner")]) or _posts([subject.owner])}
    found["inviter"] = _posts([fields.get("invited_by")])
    found["post"] = _posts([fields.get("post")])
    found["posts"] = _posts(fields.get("posts", ()))
    if wanted & {"requester", "assigner", "workers", "parties"}:
        found |= await _of_visits(session, fields, subject)
    if "parties" in wanted:
        found["parties"] = await _parties(session, subject, found)
    agencies: dict[str, list[str]] = {
        "agency": [str(fields["agency"])] if fields.get("agency") else [],
        "agencies": [str(agency) for agency in fields.get("agencies", ())],
        "agencies_in": await _agencies_in(session, subject) if "agencies_in" in wanted else [],
    }
    if "post_or_agency" in wanted:
        agencies["post_or_agency"] = [] if found["post"] else agencies["agency"]
        found["post_or_agency"] = found["post"]
    named = {agency for name, list_ in agencies.items() if name in wanted for agency in list_}
    members = await _members(session, named)
    for name, list_ in agencies.items():
        found[name] = [*found.get(name, ()), *(post for agency in list_ for post in members.get(agency, ()))]
    for name, role in (("duty", "coordinator"), ("area_lead", "outreach_lead"), ("manager", "manager")):
        if name in wanted:
            found[name] = await covering(session, role, subject.area)
    return await _still_there(session, found)


async def covering(session: AsyncSession, role: str, area: str | None) -> list[UUID]:
    """The posts of a role that are responsible for an area; all of them when the area is unknown."""
    return [
        one.post
        for one in await staff_now(session)
        if one.role == role and (area is None or not one.areas or area in one.areas)
    ]


async def staff_now(session: AsyncSession) -> list[Employed]:
    """The posts that have not ended, by id; read once a session, and again after :func:`forget_staff`."""
    known: list[Employed] | None = session.info.get(_STAFF)
    if known is None:
        query = select(KnownPost.post, KnownPost.agency, KnownPost.role, KnownPost.areas)
        rows = await session.execute(query.where(KnownPost.ended.is_(False)).order_by(KnownPost.post))
        known = session.info[_STAFF] = [Employed(*row) for row in rows]
    return known


def forget_staff(session: AsyncSession) -> None:
    """Posts have started or ended: they are read again."""
    session.info.pop(_STAFF, None)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _ended: object) -> None:
    """What was heard since a savepoint is undone."""
    session.info.pop(_STAFF, None)


async def _of_visits(session: AsyncSession, fields: Mapping[str, Any], subject: Subject) -> dict[str, list[UUID]]:
    """Who asked for, who sent and who makes the visits that a fact is about."""
    request, visit = _uuid(fields.get("request")), _uuid(fields.get("visit"))
    statement = select(Visit).where(Visit.household == subject.household)
    if visit is not None:
        statement = statement.where(Visit.id == visit)
    elif request is not None:
        statement = statement.where(Visit.request == request, Visit.over.is_(False))
    else:
        statement = statement.where(Visit.over.is_(False))
    visits = (await session.scalars(statement.order_by(Visit.id))).all()
    asked = select(VisitRequest.requested_by).where(VisitRequest.household == subject.household)
    if request is not None:
        asked = asked.where(VisitRequest.id == request)
    requesters = (await session.scalars(asked)).all()
    workers = _posts(fields.get("workers", ())) or [worker for row in visits for worker in row.workers]
    return {
        "requester": list(dict.fromkeys([*_posts([fields.get("requested_by")]), *requesters])),
        "assigner": list(dict.fromkeys(_posts([fields.get("assigned_by")]) or [row.assigned_by for row in visits])),
        "workers": list(dict.fromkeys(workers)),
    }


async def _parties(session: AsyncSession, subject: Subject, found: Mapping[str, Sequence[UUID]]) -> list[UUID]:
    """Everybody with a part in a case of the household: owners, agencies asked or acting, workers, who sent them."""
    owners = (
        await session.scalars(select(Case.owner).where(Case.household == subject.household, Case.closed.is_(False)))
    ).all()
    agencies = await session.scalars(
        select(Invitation.agency).where(Invitation.household == subject.household, Invitation.state.in_(TAKING_PART))
    )
    members = await _members(session, set(agencies))
    posts = [*owners, *(post for list_ in members.values() for post in list_), *found["workers"], *found["assigner"]]
    return list(dict.fromkeys(posts))


async def _agencies_in(session: AsyncSession, subject: Subject) -> list[str]:
    statement = select(Invitation.agency).where(Invitation.case == subject.case, Invitation.state == "accepted")
    return sorted(set((await session.scalars(statement)).all()))


async def _members(session: AsyncSession, agencies: set[str]) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = {}
    if not agencies:
        return found
    for one in await staff_now(session):
        if one.agency in agencies:
            found.setdefault(one.agency, []).append(one.post)
    return found


async def _still_there(session: AsyncSession, found: dict[str, list[UUID]]) -> dict[str, list[UUID]]:
    every = {post for posts in found.values() for post in posts}
    if not every:
        return found
    gone = every - {one.post for one in await staff_now(session)}
    if gone:  # a post that we have not heard of is told all the same
        ended = select(KnownPost.post).where(KnownPost.post.in_(gone), KnownPost.ended.is_(True))
        gone = set(await session.scalars(ended))
    return {name: [post for post in posts if post not in gone] for name, posts in found.items()}


def _posts(values: Iterable[Any]) -> list[UUID]:
    return [post for post in map(_uuid, values) if post is not None]


def _uuid(value: Any) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        return None
