"""Meetings of named members: naming and releasing, the secrecy notice, sheets laid before them, the chair's recall."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.casework.actions.disclosing import disclose, end_disclosures
from services.casework.actions.files import consents_in, files_of, open_files
from services.casework.actions.invitations import refresh_track, safety_of
from services.casework.actions.keeping import add_happening, household_of, refresh_case
from services.casework.actions.recalling import recall_materials, state_released
from services.casework.queries.access import NOT_HERE
from services.casework.queries.councils import chairs, facts_of, find_seat, is_open, load_meeting, recall_terms
from services.casework.queries.facts import find_agency
from services.casework.queries.handling import every_item, find_basis, known_items, wanted_from
from services.casework.rules import care, cases, councils, sharing
from services.casework.rules.sessions import holds_post
from services.casework.tables import Case, Meeting, MeetingMaterial, MeetingMember, Post
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.events.casework import MeetingMemberNamed, MeetingMemberSigned
from shared.i18n import N_
from shared.identity import WITHOUT_CASES
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import LayMaterial, NameMember, SignSecrecy
    from shared.identity import Actor


async def name_members(
    session: AsyncSession, actor: Actor, case: Case, meeting: Meeting, posts: Iterable[UUID]
) -> None:
    """Give these posts a seat. Refused while sharing is not safe, unless the meeting does not say who it is about."""
    if not meeting.anonymous:
        sharing.demand_safe(await safety_of(session, case, await household_of(session, case)))
    now = clock.now()
    for post in dict.fromkeys(posts):
        held = await session.get(Post, post)
        seat = await find_seat(session, meeting.id, post)
        councils.name_member(facts_of(seat), in_force=held is not None and _in_force(held, clock.today()))
        agency = held.agency if held is not None else ""
        if seat is None:
            seat = MeetingMember(id=clock.new_id(), meeting=meeting.id, post=post, case_id=case.id)
            session.add(seat)
        seat.agency, seat.named_by, seat.named_at = agency, actor.post, now
        seat.secrecy_on = seat.secrecy_by = seat.released_at = None
        add_happening(session, case.id, "member_named", now, agency=agency, post=post, code=meeting.kind)
        fact = MeetingMemberNamed(
            household=case.household,
            case=case.id,
            meeting=meeting.id,
            kind=meeting.kind,
            starts_at=meeting.starts_at,
            post=post,
            named_by=actor.post,
        )
        await record(session, fact, actor=actor)


def seat_chair(session: AsyncSession, actor: Actor, case: Case, meeting: Meeting) -> None:
    """Who calls a meeting of named members sits in it, bound by its secrecy from then on."""
    now = clock.now()
    seat = MeetingMember(
        id=clock.new_id(),
        meeting=meeting.id,
        post=actor.post,
        case_id=case.id,
        agency=actor.agency,
        named_by=actor.post,
        named_at=now,
        secrecy_on=clock.today(),
        secrecy_by=actor.post,
    )
    session.add(seat)


async def name_member(session: AsyncSession, actor: Actor, meeting_id: UUID, request: NameMember) -> Meeting:
    """The chair names one more post."""
    meeting, case = await _take(session, actor, meeting_id)
    await _demand_chair(session, actor, case, meeting)
    await name_members(session, actor, case, meeting, [request.post])
    return meeting


async def release_member(session: AsyncSession, actor: Actor, meeting_id: UUID, request: NameMember) -> Meeting:
    """The chair takes a post off the list; from now on it sees nothing of the meeting. Its secrecy binds it still."""
    meeting, case = await _take(session, actor, meeting_id)
    await _demand_chair(session, actor, case, meeting)
    seat = await find_seat(session, meeting.id, request.post)
    councils.release(facts_of(seat), is_chair=request.post == meeting.called_by)
    now = clock.now()
    if seat is not None:
        seat.released_at = now
    await state_released(session, case, meeting, request.post, "released", actor=actor, at=now)
    return meeting


async def sign_secrecy(session: AsyncSession, actor: Actor, meeting_id: UUID, request: SignSecrecy) -> Meeting:
    """守秘確認: the member signs for itself today, or the chair writes down the day of a signed paper."""
    meeting, case = await _take(session, actor, meeting_id)
    councils.demand_open(is_open=is_open(meeting))
    post, today = request.post or actor.post, clock.today()
    if post != actor.post:
        councils.demand_chair(chairs=await chairs(session, actor, case, meeting))
    seat = await find_seat(session, meeting.id, post)
    councils.sign(facts_of(seat))
    signed_on = request.signed_on if post != actor.post and request.signed_on else today
    if signed_on > today:
        raise Refused(N_("まだ来ていない日です。"), field="signed_on")
    if seat is not None:
        seat.secrecy_on, seat.secrecy_by = signed_on, actor.post
    await note(session, actor, "secrecy_signed", [case.household], basis=meeting.basis, reason=f"post:{post}")
    fact = MeetingMemberSigned(
        household=case.household, case=case.id, meeting=meeting.id, post=post, anonymous=meeting.anonymous
    )
    await record(session, fact, actor=actor)
    return meeting


async def lay_material(session: AsyncSession, actor: Actor, meeting_id: UUID, request: LayMaterial) -> MeetingMaterial:
    """Lay a sheet (準備シート) before the meeting: its members alone see it, in the application, until the recall."""
    meeting, case = await _take(session, actor, meeting_id)
    cases.demand_open(case.state)
    councils.demand_open(is_open=is_open(meeting))
    seat = await find_seat(session, meeting.id, actor.post)
    items = await known_items(session, request.items)
    boxes = (request.known, request.doing, request.wanted, request.asks)
    councils.lay(facts_of(seat), boxes, frozenset(items))
    if not meeting.anonymous:
        sharing.demand_safe(await safety_of(session, case, await household_of(session, case)))
    await demand_meeting_basis(session, case, meeting.basis)
    now = clock.now()
    laid = MeetingMaterial(
        id=clock.new_id(),
        meeting=meeting.id,
        case_id=case.id,
        post=actor.post,
        agency=actor.agency,
        items=items,
        known=request.known,
        doing=request.doing,
        wanted=request.wanted,
        asks=request.asks,
        laid_at=now,
    )
    session.add(laid)
    disclose(
        session, case, "material", laid.id, basis=meeting.basis, decided_by=actor.post, items=items,
        reason=meeting.reason, at=now,
    )  # fmt: skip
    add_happening(session, case.id, "material_laid", now, agency=actor.agency, post=actor.post, code=meeting.kind)
    await note(session, actor, "share", [case.household], basis=meeting.basis, reason=f"meeting:{meeting.id}")
    return laid


async def take_back_material(session: AsyncSession, actor: Actor, material_id: UUID) -> MeetingMaterial:
    """Who laid a sheet takes it back: nobody else sees it any more."""
    laid = await session.get(MeetingMaterial, material_id)
    if laid is None:
        raise Missing(NOT_HERE)
    await _take(session, actor, laid.meeting)
    await session.refresh(laid)
    if laid.post != actor.post:
        raise Forbidden(N_("取り下げられるのは、出した人だけです。"))
    if laid.withdrawn_at is not None:
        raise Conflict(N_("この資料は、もう取り下げられています。"))
    laid.withdrawn_at = clock.now()
    await end_disclosures(session, [laid.id], "taken_back", laid.withdrawn_at)
    return laid


async def recall_meeting(session: AsyncSession, actor: Actor, meeting_id: UUID) -> Meeting:
    """The chair recalls the materials after the meeting; nobody but who laid a sheet sees it again."""
    meeting, case = await _take(session, actor, meeting_id)
    await _demand_chair(session, actor, case, meeting)
    await recall_materials(session, case, meeting, actor=actor, at=clock.now())
    await refresh_case(session, case)
    return meeting


async def cancel_meeting(session: AsyncSession, actor: Actor, meeting_id: UUID) -> Meeting:
    """The meeting does not take place; its materials are recalled."""
    meeting, case = await _take(session, actor, meeting_id)
    await _demand_chair(session, actor, case, meeting)
    meeting.state = care.step("meeting", meeting.state, "cancelled")
    now = clock.now()
    add_happening(session, case.id, "meeting_cancelled", now, post=actor.post, code=meeting.kind)
    await recall_materials(session, case, meeting, actor=actor, at=now, why="cancelled")
    await refresh_track(session, case)
    await refresh_case(session, case)
    return meeting


async def demand_meeting_basis(session: AsyncSession, case: Case, code: str, agencies: Iterable[str] = ()) -> None:
    """The ground of a meeting must be in force on the day on which something is shared in it, for whoever is called."""
    basis, today, consents = await find_basis(session, code), clock.today(), await consents_in(session, case)
    items = await every_item(session)
    called = [await find_agency(session, agency) for agency in agencies]
    wanted = [await wanted_from(session, agency, "meeting", items) for agency in called if agency is not None]
    for one in wanted or [sharing.Wanted("", "", "meeting", frozenset(items), "internal")]:
        if (refused := sharing.refuse_basis(basis, one, today, consents)) is not None:
            raise refused


async def recall_day(session: AsyncSession, kind: str, met_on: date) -> date:
    """When the materials of a meeting on this day are closed."""
    return councils.recall_on(kind, met_on, await recall_terms(session))


def _in_force(post: Post, today: date) -> bool:
    holds = holds_post(starts_on=post.starts_on, ends_on=post.ends_on, ended=post.ended_at is not None, today=today)
    return holds and post.role not in WITHOUT_CASES


async def _demand_chair(session: AsyncSession, actor: Actor, case: Case, meeting: Meeting) -> None:
    councils.demand_chair(chairs=await chairs(session, actor, case, meeting))
    councils.demand_named(named=meeting.named)
    councils.demand_open(is_open=is_open(meeting))


async def _take(session: AsyncSession, actor: Actor, meeting_id: UUID) -> tuple[Meeting, Case]:
    """A meeting that the actor sits in or chairs, and its case, as they stand now that the household is held."""
    seen = await load_meeting(session, actor, meeting_id)
    case = await session.get_one(Case, seen.case_id)
    await hold(session, case.household)
    await open_files(session, [seen.case_id])
    await session.refresh(seen)
    return seen, files_of(session)[seen.case_id].case
