"""Consent (同意), per person, purpose and recipient: recorded, confirmed by a signature, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.intake.queries.access import NOT_HERE, find_household
from services.intake.queries.consents import consent_rules, facts_of, household_of_consent
from services.intake.queries.facts import birth_of
from services.intake.rules.birth import age_range
from services.intake.rules.consent import (
    Asked,
    ConsentEnd,
    ConsentState,
    allows,
    confirm,
    confirm_by,
    demand_days,
    demand_somebody,
    demand_whole_representative,
    may_withdraw,
    next_consent,
    renews,
)
from services.intake.tables import Consent, ConsentText, Member
from shared import clock
from shared.audit import note
from shared.codes import code_list
from shared.errors import Missing, Refused
from shared.events.intake import ConsentRecorded, ConsentWithdrawn
from shared.i18n import N_
from shared.identity import KnownPost
from shared.spine import hold, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests.consents import ConfirmIn, ConsentIn, WithdrawIn
    from shared.identity import Actor

_USUAL_METHOD = {"signed": "signature", "oral": "oral"}
"""How a yes was given of which only the state is known, as in an imported ledger."""


async def record_consent(session: AsyncSession, actor: Actor, household: UUID, request: ConsentIn) -> Consent:
    """Keep what a member said; an oral consent must be confirmed by a day. 「撤回」 takes back what stands.

    A consent that the new one renews (or that the request names) is ended by it, in the same transaction.
    """
    await hold(session, household)
    await find_household(session, actor, household, deed="consent")
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    theirs = await _consents_of(session, member.id)
    if request.state == ConsentState.WITHDRAWN:
        return await _take_all_back(session, actor, theirs, request)
    today = clock.today()
    rules = await consent_rules(session, today)
    step = next_consent(
        _before(theirs, request), request.state, today,
        purposes=request.purposes, recipients=request.recipients, rules=rules,
    )  # fmt: skip
    explained_on = request.explained_on or today
    demand_days(explained_on=explained_on, ends_on=request.ends_on, today=today)
    represented = demand_whole_representative(
        request.representative_name, request.representative_relation, request.representative_ground
    )
    if allows(step.state):
        demand_somebody(
            Asked(
                ages=age_range(birth_of(member), today),
                could_not_judge=bool(theirs) and theirs[0].state == ConsentState.CANNOT_JUDGE,
                understood=request.understood,
                represented=represented,
            ),
            rules,
        )
    told = step.state is not ConsentState.NOT_CONTACTED
    consent = Consent(
        **consent_values(actor, household, member.id, step.state, today)
        | {
            "purpose": request.purposes[0] if request.purposes else None,
            "purposes": request.purposes,
            "recipients": request.recipients,
            "items": request.items,
            "limits": request.limits,
            "confirm_by": step.confirm_by,
            "ends_on": request.ends_on,
            "method": await _method(session, step.state, request.method),
            "explained_by": await _explainer(session, actor, request.explained_by) if told else None,
            "explained_on": explained_on if told else None,
            "text_version": await _shown_text(session, request.text_version, explained_on),
            "representative_name": request.representative_name,
            "representative_relation": request.representative_relation,
            "representative_ground": request.representative_ground,
            "understood": request.understood,
            "replaces_id": None,
        }
    )
    ended = _ended_by(theirs, consent, request.replaces)
    consent.replaces_id = ended[0].id if ended else None
    session.add(consent)
    await session.flush()
    await record(session, consent_fact(consent), actor=actor, occurred_at=consent.recorded_at)
    await note(session, actor, "consent_recorded", [household], basis=consent.state)
    for one in ended:
        await end_consent(session, one, ConsentEnd.REPLACED, actor)
    return consent


async def _consents_of(session: AsyncSession, member: UUID) -> list[Consent]:
    """All that was recorded of a person, the newest first."""
    rows = await session.scalars(
        select(Consent).where(Consent.member_id == member).order_by(Consent.recorded_at.desc(), Consent.id.desc())
    )
    return list(rows)


def _before(theirs: Sequence[Consent], request: ConsentIn) -> str | None:
    """What was said last about the same: a purpose and a recipient in common, or one side that names none."""
    for one in theirs:
        about = not one.purposes or not request.purposes or set(one.purposes) & set(request.purposes)
        whom = not one.recipients or not request.recipients or set(one.recipients) & set(request.recipients)
        if about and whom:
            return _said_last(one)
    return None


def _said_last(consent: Consent) -> str:
    return ConsentState.WITHDRAWN if consent.withdrawn_at is not None else consent.state


def _ended_by(theirs: Sequence[Consent], new: Consent, named: UUID | None) -> list[Consent]:
    """The consents that end with ``new``: the one that was named, and what it says whole; a signature stays."""
    standing = [one for one in theirs if one.withdrawn_at is None and allows(one.state)]
    if named is not None and (not allows(new.state) or named not in {one.id for one in standing}):
        raise Refused(N_("置きかえる同意が、もう効力がないか、ほかの人のものです。"), field="replaces")
    ended = []
    for one in standing:
        firm = new.state == ConsentState.SIGNED or one.state == ConsentState.ORAL
        if one.id == named and not firm:
            raise Refused(N_("署名された同意を置きかえるには、署名が要ります。"), field="state")
        if one.id == named or (allows(new.state) and firm and renews(facts_of(new), facts_of(one))):
            ended.append(one)
    return sorted(ended, key=lambda one: one.id != named)


async def _method(session: AsyncSession, state: str, asked: str | None) -> str | None:
    """How it was said. Refused where the method does not go with the state."""
    if not allows(state):
        return None
    fits = [
        code
        for code, entry in sorted((await code_list(session, "CONSENT_METHOD")).items(), key=lambda one: one[1].position)
        if entry.active and entry.attributes.get("state") == state
    ]
    if asked is None and fits:
        return fits[0]
    if asked not in fits:
        raise Refused(
            N_("同意の状態と、受け方が合いません。口頭なら「口頭」、署名なら署名の受け方を選んでください。"), "method"
        )
    return asked


async def _explainer(session: AsyncSession, actor: Actor, post: UUID | None) -> UUID:
    if post is None or post == actor.post:
        return actor.post
    if await session.scalar(select(KnownPost.post).where(KnownPost.post == post)) is None:
        raise Refused(N_("説明した人を一覧から選んでください。"), field="explained_by")
    return post


async def _shown_text(session: AsyncSession, version: str | None, explained_on: date) -> str | None:
    if version is None:
        return None
    shown = await session.get(ConsentText, version)
    if shown is None:
        raise Refused(N_("説明に使った文面を一覧から選んでください。"), field="text_version")
    if shown.valid_from > explained_on:
        raise Refused(N_("説明した日には、この文面はまだありませんでした。"), field="text_version")
    return shown.version


def consent_values(actor: Actor, household: UUID, member: UUID, state: str, today: date) -> dict[str, Any]:
    """The row of a consent of which only the state is known; a bare yes covers the agency that heard it."""
    given = allows(state)
    return {
        "id": clock.new_id(),
        "household_id": household,
        "member_id": member,
        "state": state,
        "purpose": "support" if given else None,
        "purposes": ["support"] if given else [],
        "recipients": [actor.agency] if given else [],
        "items": [],
        "limits": "",
        "confirm_by": confirm_by(state, today),
        "ends_on": None,
        "method": _USUAL_METHOD.get(state),
        "recorded_at": clock.now(),
        "recorded_by": actor.post,
        "withdrawn_at": None,
        "withdrawn_by": None,
    }


def consent_fact(consent: Consent) -> ConsentRecorded:
    """What the others learn of a consent: codes and days, never the person's words."""
    return ConsentRecorded(
        household=consent.household_id,
        consent=consent.id,
        member=consent.member_id,
        state=consent.state,
        purpose=consent.purpose,
        purposes=tuple(consent.purposes),
        recipients=tuple(consent.recipients),
        items=tuple(consent.items),
        confirm_by=consent.confirm_by,
        ends_on=consent.ends_on,
        method=consent.method,
        limited=bool(consent.limits),
        replaces=consent.replaces_id,
    )


async def confirm_consent(session: AsyncSession, actor: Actor, consent: UUID, request: ConfirmIn) -> Consent:
    """A signature comes to the same consent: it no longer lapses. Raises Conflict when it came before or too late."""
    found = await _hold_consent(session, actor, consent)
    today = clock.today()
    step = confirm(facts_of(found), today)
    signed_on = request.signed_on or today
    if signed_on > today or signed_on < facts_of(found).recorded_on:
        raise Refused(N_("署名の日は、同意を記録した日からきょうまでです。"), field="signed_on")
    member = await session.get_one(Member, found.member_id)
    demand_somebody(
        Asked(
            ages=age_range(birth_of(member), today),
            understood=found.understood,
            represented=bool(found.representative_name),
        ),
        await consent_rules(session, today),
    )
    found.method = await _method(session, step.state, request.method)
    found.text_version = await _shown_text(session, request.text_version, today) or found.text_version
    found.said_first, found.state, found.confirm_by = found.state, step.state, step.confirm_by
    found.signed_on, found.confirmed_at, found.confirmed_by = signed_on, clock.now(), actor.post
    await record(session, consent_fact(found), actor=actor, occurred_at=found.confirmed_at)
    await note(session, actor, "consent_confirmed", [found.household_id], basis=found.method)
    return found


async def withdraw_consent(session: AsyncSession, actor: Actor, consent: UUID, request: WithdrawIn) -> Consent:
    """Sharing on this consent stops now; what was shared stays in the log. Doing it again changes nothing."""
    found = await _hold_consent(session, actor, consent)
    if found.withdrawn_at is not None:
        return found
    may_withdraw(facts_of(found))
    if request.said_on is not None and request.said_on > clock.today():
        raise Refused(N_("取りやめると聞いた日が、これからの日になっています。"), field="said_on")
    found.end_said_by = request.said_by or "person"
    found.end_channel, found.end_said_on = request.channel, request.said_on or clock.today()
    found.end_words = request.reason
    await end_consent(session, found, ConsentEnd.TAKEN_BACK, actor)
    return found


async def _take_all_back(session: AsyncSession, actor: Actor, theirs: Sequence[Consent], request: ConsentIn) -> Consent:
    """End every consent of the person that stands (for the named purposes, where any are named)."""
    standing = [
        one
        for one in theirs
        if one.withdrawn_at is None
        and allows(one.state)
        and (not request.purposes or set(request.purposes) & set(one.purposes))
    ]
    if not standing:
        next_consent(_said_last(theirs[0]) if theirs else None, ConsentState.WITHDRAWN, clock.today())
        raise Refused(N_("同意がないので、撤回できません。"), field="state")
    for one in standing:
        one.end_said_by, one.end_said_on, one.end_words = "person", clock.today(), request.limits
        await end_consent(session, one, ConsentEnd.TAKEN_BACK, actor)
    return standing[0]


async def end_consent(session: AsyncSession, consent: Consent, reason: ConsentEnd, actor: Actor | None) -> None:
    """State that a consent stands no more, whatever the reason; the household is held. No actor: it ended by itself."""
    now = clock.now()
    consent.withdrawn_at, consent.withdrawn_by = now, actor.post if actor else None
    consent.end_reason = reason
    event = ConsentWithdrawn(
        household=consent.household_id, consent=consent.id, member=consent.member_id, reason=reason.value
    )
    await record(session, event, actor=actor, occurred_at=now)
    if actor is not None:
        await note(session, actor, "consent_withdrawn", [consent.household_id], basis=reason.value)


async def _hold_consent(session: AsyncSession, actor: Actor, consent: UUID) -> Consent:
    """The consent, its household held; Missing when ``actor`` may see none."""
    household = await household_of_consent(session, consent)
    await hold(session, household)
    await find_household(session, actor, household, deed="consent")
    found = await session.get(Consent, consent, populate_existing=True)
    if found is None:
        raise Missing(NOT_HERE)
    return found


async def consent_states(session: AsyncSession, household: UUID) -> list[str]:
    """The states of consent that hold in a household, one each member and purpose."""
    rows = await session.scalars(
        select(Consent.state).where(Consent.household_id == household, Consent.withdrawn_at.is_(None))
    )
    return list(rows)
