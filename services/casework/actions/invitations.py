"""Asking agencies in, and their answers. The inviter stays responsible until somebody has accepted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.casework.actions.disclosing import disclose_invitation, end_disclosures, end_of
from services.casework.actions.files import (
    consents_in,
    councils_of,
    files_of,
    invitations_of,
    is_parked,
    live_agencies_in,
    open_files,
)
from services.casework.actions.keeping import (
    add_happening,
    household_of,
    refresh_case,
    start_clock,
    stop_clocks,
    take_case,
)
from services.casework.queries.access import load_invitation
from services.casework.queries.facts import find_agency
from services.casework.queries.handling import every_item, find_basis, known_items, wanted_from
from services.casework.rules import cases, clocks, sharing
from services.casework.tables import Agency, Case, Household, Invitation
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Refused
from shared.events.casework import AgencyAnswered, AgencyInvited, AgencyLeft
from shared.i18n import N_
from shared.spine import hold, record
from shared.spine.heartbeat import sharing_is_safe

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.requests import AnswerInvitation, InviteAgency
    from shared.identity import Actor

_INTAKE_SILENT = "casework.intake_silent"
"""Whether intake was silent for too long, asked once a transaction."""


async def invite_agency(session: AsyncSession, actor: Actor, case_id: UUID, request: InviteAgency) -> Invitation:
    """Ask an agency to take part, with a question and on a ground in law; it sees no household until it accepts.

    Refused without a ground that holds, while sharing is not safe, or when the agency has been asked already.
    """
    case = await take_case(session, actor, case_id)
    cases.demand_open(case.state)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post, is_lead=case.lead == actor.agency)
    household = await household_of(session, case)
    sharing.demand_question(request.question)
    sharing.demand_safe(await safety_of(session, case, household))
    agency = await _agency(session, request.agency)
    now, today = clock.now(), clock.today()
    sharing.demand_not_asked(await live_agencies_in(session, case), agency.code)
    items = await _told_items(session, request.items)
    sharing.demand_basis(
        await find_basis(session, request.basis),
        await wanted_from(session, agency, sharing.BY_INVITATION, items),
        today,
        await consents_in(session, case),
        reason=request.reason,
        note=request.note,
    )
    invitation = Invitation(
        id=clock.new_id(),
        case_id=case.id,
        household=case.household,
        agency=agency.code,
        question=request.question,
        basis=request.basis,
        reason=request.reason,
        note=request.note,
        items=items,
        urgency=case.urgency,
        area=household.area,
        asked_at=now,
        asked_on=today,
        answer_due=sharing.answer_due(today),
        invited_by=actor.post,
        state="asked",
    )
    session.add(invitation)
    (await invitations_of(session, case)).append(invitation)
    await refresh_track(session, case)
    add_happening(session, case.id, "invited", now, agency=agency.code, post=actor.post, code=request.basis)
    await _state_invited(session, actor, case, invitation)
    await note(session, actor, "share_asked", [case.household], basis=request.basis, reason=f"agency:{agency.code}")
    due = clocks.due_on(invitation.answer_due)
    await start_clock(
        session, case, "answer", due, actor=actor, started_at=now, about=invitation.id, agency=agency.code,
        owner=actor.post,
    )  # fmt: skip
    await refresh_case(session, case)
    return invitation


async def answer_invitation(
    session: AsyncSession, actor: Actor, invitation_id: UUID, request: AnswerInvitation
) -> Invitation:
    """Accept, ask to talk it over, or return it with a reason. From the second return on somebody must decide."""
    invitation, case = await _take(session, actor, invitation_id)
    cases.demand_open(case.state)
    if request.answer == "accepted":
        # what was right when the agency was asked may not be right now: acceptance opens the household to it
        sharing.demand_safe(await safety_of(session, case, await household_of(session, case)))
        await _demand_ground_still(session, case, invitation)
    now = clock.now()
    invitation.state = sharing.answer(
        invitation.state,
        request.answer,
        own_agency=invitation.agency == actor.agency,
        reason=request.reason,
        text=request.text,
    )
    invitation.answered_at, invitation.answered_by = now, actor.post
    invitation.answer_reason, invitation.answer_text = request.reason, request.text
    add_happening(
        session, case.id, f"answered_{request.answer}", now, agency=invitation.agency, post=actor.post,
        code=request.reason,
    )  # fmt: skip
    await record(
        session,
        AgencyAnswered(
            household=case.household,
            case=case.id,
            invitation=invitation.id,
            agency=invitation.agency,
            answer=request.answer,
            reason=request.reason,
            answered_by=actor.post,
            invited_by=invitation.invited_by,
        ),
        actor=actor,
    )
    if request.answer == "accepted":
        told = f"agency:{invitation.agency}"
        await note(session, actor, "share", [case.household], basis=invitation.basis, reason=told)
        disclose_invitation(session, case, invitation, now)
    if invitation.state != "discuss":
        await stop_clocks(session, case, actor=actor, at=now, about=invitation.id)
    if invitation.state == "returned":
        await _count_bounce(session, case, actor, now)
    await refresh_track(session, case)
    await refresh_case(session, case)
    return invitation


async def _state_invited(session: AsyncSession, actor: Actor, case: Case, invitation: Invitation) -> None:
    await record(
        session,
        AgencyInvited(
            household=case.household,
            case=case.id,
            invitation=invitation.id,
            agency=invitation.agency,
            basis=invitation.basis,
            invited_by=actor.post,
            answer_due=invitation.answer_due,
            urgency=case.urgency,  # type: ignore[arg-type]
        ),
        actor=actor,
    )


async def _count_bounce(session: AsyncSession, case: Case, actor: Actor, now: datetime) -> None:
    """たらい回しを止める: returned twice, and a coordinator has three working days to decide who leads."""
    case.bounces += 1
    if case.bounces >= cases.BOUNCES_TO_DECIDE and case.lead is None and not case.lead_undecided:
        case.lead_undecided = True
        due = clocks.working_days_after(now, clocks.LEAD_DECISION_DAYS)
        await start_clock(session, case, "lead_decision", due, actor=actor, started_at=now)


async def begin_acting(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    """The agency says that it is at work (対応中)."""
    invitation, case = await _take(session, actor, invitation_id)
    _demand_own(invitation, actor)
    invitation.state = sharing.step(invitation.state, "acting")
    invitation.acting_at = clock.now()
    add_happening(session, case.id, "acting", invitation.acting_at, agency=invitation.agency, post=actor.post)
    return invitation


async def leave_case(session: AsyncSession, actor: Actor, invitation_id: UUID, reason: str | None) -> Invitation:
    """The agency has ended its part; from now on it sees the household no more."""
    invitation, case = await _take(session, actor, invitation_id)
    _demand_own(invitation, actor)
    sharing.leave(invitation.state, reason=reason)
    if case.lead == invitation.agency:
        raise Refused(N_("主担当のまま離れることはできません。先に主担当を替えてください。"))
    await end_invitations(session, case, [invitation], reason or "", actor=actor, at=clock.now())
    await refresh_track(session, case)
    await refresh_case(session, case)
    return invitation


async def remind_agency(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    """Ask again (もう一度知らせる): the same request, stated once more, so that its inbox gets it anew."""
    invitation, case = await _take(session, actor, invitation_id)
    cases.demand_coordination(actor.role, is_owner=case.owner == actor.post, is_lead=case.lead == actor.agency)
    if invitation.state not in sharing.WAITING:
        raise Conflict(N_("この依頼には、もう返事があります。"))
    now = clock.now()
    if invitation.reminded_at is not None and invitation.reminded_at.date() == now.date():
        raise Conflict(N_("きょうはもう知らせています。電話で確かめてください。"))
    invitation.reminders += 1
    invitation.reminded_at = now
    await _state_invited(session, actor, case, invitation)
    return invitation


async def end_invitations(
    session: AsyncSession,
    case: Case,
    invitations: Iterable[Invitation],
    reason: str,
    *,
    actor: Actor | str | None,
    at: datetime,
) -> None:
    """End live requests: what was accepted is left, what was only asked is withdrawn; readers close their doors."""
    for invitation in invitations:
        taking_part = invitation.state in sharing.TAKING_PART
        invitation.state = sharing.step(invitation.state, "left" if taking_part else "withdrawn")
        invitation.ended_at, invitation.end_reason = at, reason
        await stop_clocks(session, case, actor=actor, at=at, about=invitation.id, dropped=True)
        await end_disclosures(session, [invitation.id], end_of(reason), at)
        add_happening(session, case.id, "left", at, agency=invitation.agency, code=reason)
        await record(
            session,
            AgencyLeft(
                household=case.household,
                case=case.id,
                invitation=invitation.id,
                agency=invitation.agency,
                reason=reason,
            ),
            actor=actor,
            occurred_at=at,
        )


async def refresh_track(session: AsyncSession, case: Case) -> None:
    """On which track the case is shared now: by consent, by the support council, or not at all."""
    today = clock.today()
    standing = [one for one in await consents_in(session, case) if one.stands(today)]
    asked = [
        one for one in await invitations_of(session, case) if one.basis == cases.COUNCIL and one.state in sharing.LIVE
    ]
    met = [one for one in await councils_of(session, case) if one.state != "cancelled"]
    case.share_track = cases.share_track(consents=len(standing), council=len(asked) + len(met))


async def safety_of(session: AsyncSession, case: Case, household: Household) -> sharing.SharingFacts:
    """What stands between a household and new sharing."""
    silent: bool | None = session.info.get(_INTAKE_SILENT)
    if silent is None:
        silent = session.info[_INTAKE_SILENT] = not await sharing_is_safe(session)
    return sharing.SharingFacts(
        protected=household.protected, parked=await is_parked(session, case), intake_silent=silent
    )


async def _told_items(session: AsyncSession, asked: list[str]) -> list[str]:
    """The classes of item that are told on acceptance: those asked for (all, when none is named), and who it is."""
    if not asked:
        return await every_item(session)
    return await known_items(session, [*asked, sharing.IDENTITY])


async def _demand_ground_still(session: AsyncSession, case: Case, asked: Invitation) -> None:
    agency = await _agency(session, asked.agency)
    sharing.demand_basis(
        await find_basis(session, asked.basis),
        await wanted_from(session, agency, sharing.BY_INVITATION, asked.items or [sharing.IDENTITY]),
        clock.today(),
        await consents_in(session, case),
        reason=asked.reason,
        note=asked.note,
    )


async def _take(session: AsyncSession, actor: Actor, invitation_id: UUID) -> tuple[Invitation, Case]:
    invitation = _in_hand(session, actor, invitation_id)
    if invitation is None:
        seen = await load_invitation(session, actor, invitation_id)
        await hold(session, seen.household)
        await open_files(session, [seen.case_id])
        invitation = seen
    case = files_of(session)[invitation.case_id].case
    found = next(one for one in await invitations_of(session, case) if one.id == invitation_id)
    return found, case


def _in_hand(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation | None:
    """A request to the actor's own agency in a file that is open."""
    for file in files_of(session).values():
        for one in file.invitations or ():
            if one.id == invitation_id and one.agency == actor.agency:
                return one
    return None


def _demand_own(invitation: Invitation, actor: Actor) -> None:
    if invitation.agency != actor.agency:
        raise Forbidden(N_("この操作ができるのは、頼まれた機関の人だけです。"))


async def _agency(session: AsyncSession, code: str) -> Agency:
    agency = await find_agency(session, code)
    if agency is None or not agency.active:
        raise Refused(N_("声をかける機関を選んでください。"), field="agency")
    return agency
