"""Members of a household: added, corrected, met, left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from services.intake.actions.findings import find_types
from services.intake.actions.sides import is_split
from services.intake.queries.access import NOT_HERE, find_household, is_allowed
from services.intake.queries.facts import MEMBER_ANSWERS
from services.intake.rules.birth_reading import parse_birth
from services.intake.rules.matching import member_keys
from services.intake.tables import Member, SearchKey
from shared import clock
from shared.errors import Conflict, Missing, Refused
from shared.events.intake import MemberLeft
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import LeaveIn, MemberChange, MemberIn
    from services.intake.tables import Household
    from shared.identity import Actor

_CHANGED_MEANWHILE = N_("この人の記録は、開いたあとに別の人が直しました。いまの内容を見て、もう一度書いてください。")


def member_values(
    request: MemberIn, *, member: UUID, household: UUID, position: int, ids: Sequence[UUID], on: date
) -> dict[str, Any]:
    """The row of a member, every column said. ``ids``: the members of the same request, by place.

    Raises Refused with the field ``birth`` or ``parents``/``cares_for``.
    """
    birth = parse_birth(request.birth, on)
    return {
        "id": member,
        "household_id": household,
        "position": position,
        "relation": request.relation,
        "name": request.name,
        "kana": request.kana,
        "sex": request.sex,
        "birth_said": request.birth,
        "birth_earliest": birth.earliest if birth.known else None,
        "birth_latest": birth.latest if birth.known else None,
        "birth_precision": birth.precision.value,
        "birth_estimated": birth.estimated,
        "coresident": request.coresident,
        "work": request.work,
        "care": request.care,
        "dementia_diagnosis": request.dementia_diagnosis,
        "dementia_level": request.dementia_level,
        "disability": request.disability,
        "marital": request.marital,
        "phone": request.phone,
        "traits": _traits(request, ids),
        "met_on": None,
        "left_reason": "none",
        "left_on": None,
        "version": 1,
    }


def _traits(request: MemberIn, ids: Sequence[UUID]) -> dict[str, Any]:
    traits: dict[str, Any] = {name: value for name in MEMBER_ANSWERS if (value := getattr(request, name)) != "unknown"}
    for name in ("withdrawn_months", "care_hours_weekday"):
        if (number := getattr(request, name)) is not None:
            traits[name] = number
    if request.parents:
        traits["parents"] = [_kinsman(kin, ids, "parents") for kin in request.parents]
    if request.cares_for is not None:
        traits["cares_for"] = [_kinsman(kin, ids, "cares_for") for kin in request.cares_for]
    return traits


def _kinsman(kin: str, ids: Sequence[UUID], field: str) -> str:
    if kin == "outside":
        return kin
    if kin.isdigit():
        if int(kin) < len(ids):
            return str(ids[int(kin)])
    else:
        try:
            return str(UUID(kin))
        except ValueError:
            pass
    raise Refused(N_("この世帯にいない人が選ばれています。"), field=field)


def key_values(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The search keys of one member row."""
    return [
        {"household_id": row["household_id"], "member_id": row["id"], "kind": kind, "value": value}
        for kind, value in member_keys(row)
    ]


async def add_member(session: AsyncSession, actor: Actor, household: UUID, request: MemberIn) -> Member:
    """Somebody more lives there, or belongs to them."""
    await hold(session, household)
    home = await find_household(session, actor, household, deed="correct")
    last = await session.scalar(select(func.max(Member.position)).where(Member.household_id == household))
    row = member_values(
        request,
        member=clock.new_id(),
        household=household,
        position=(last or 0) + 1,
        ids=(),
        on=clock.today(),
    )
    member = Member(**row, apart=await is_split(session, household))
    session.add(member)
    await session.flush()
    await _write_keys(session, row)
    home.version += 1
    await find_types(session, actor, home)
    return member


async def change_member(session: AsyncSession, actor: Actor, member: UUID, request: MemberChange) -> Member:
    """Correct what is known about a person; Conflict when somebody was quicker."""
    found, home = await _load(session, actor, member)
    if found.version != request.version:
        raise Conflict(_CHANGED_MEANWHILE, field="version")
    row = member_values(
        request,
        member=found.id,
        household=found.household_id,
        position=found.position,
        ids=(),
        on=clock.today(),
    )
    kept = {"met_on", "left_reason", "left_on", "version"}
    for name, value in row.items():
        if name not in kept:
            setattr(found, name, value)
    found.version += 1
    await session.flush()
    await _write_keys(session, row)
    await find_types(session, actor, home)
    return found


async def mark_left(session: AsyncSession, actor: Actor, member: UUID, request: LeaveIn) -> Member:
    """A member died, moved away, or is in hospital or a facility: the types are looked at again."""
    found, home = await _load(session, actor, member)
    if request.left_on is not None and request.left_on > clock.today():
        raise Refused(N_("これからの日付は書けません。その日になったら記録してください。"), field="left_on")
    found.left_reason = request.reason
    found.left_on = request.left_on
    found.version += 1
    event = MemberLeft(household=home.id, member=found.id, reason=request.reason, left_on=request.left_on)
    await record(session, event, actor=actor, occurred_at=clock.now())
    await find_types(session, actor, home)
    return found


async def _load(session: AsyncSession, actor: Actor, member: UUID) -> tuple[Member, Household]:
    household = await session.scalar(select(Member.household_id).where(Member.id == member))
    if household is None:
        raise Missing(NOT_HERE)
    await hold(session, household)
    home = await find_household(session, actor, household, deed="correct")
    found = await session.get(Member, member, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    if found.apart and not await is_allowed(session, actor, household):
        raise Missing(NOT_HERE)
    return found, home


async def _write_keys(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(delete(SearchKey).where(SearchKey.member_id == row["id"]))
    keys = key_values(row)
    if keys:
        await session.execute(insert(SearchKey), keys)
