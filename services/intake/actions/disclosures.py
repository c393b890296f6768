"""Disclosure requests (開示請求): received, extended, looked through, decided, delivered, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, func, insert, select

from services.intake.queries.persons_file import demand_household, find_request
from services.intake.rules.disclosure import Decision, State, due_day, may_become
from services.intake.tables import DisclosureMark, DisclosureRequest, Member, disclosure_number
from shared import clock
from shared.audit import note
from shared.codes import find_code
from shared.disclosure import BASIS
from shared.errors import Conflict, Refused
from shared.i18n import N_
from shared.spine import hold

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests.disclosures import (
        DecisionIn,
        DeliveryIn,
        DisclosureIn,
        ExtensionIn,
        ReviewIn,
        WithdrawalIn,
    )
    from shared.identity import Actor

_NOT_NOW = N_("この開示請求は、もうその段階ではありません。ページを開きなおしてください。")
_CHOOSE = N_("選べない値です。")
_TO_COME = N_("これからの日は書けません。")
_WRITE_WHY = N_("理由を書いてください。")


async def receive_request(
    session: AsyncSession, actor: Actor, household: UUID, request: DisclosureIn
) -> DisclosureRequest:
    """Take a request in; the term for the decision runs from the day it was received."""
    await hold(session, household)
    await demand_household(session, actor, household)
    member = await session.get(Member, request.member)
    if member is None or member.household_id != household:
        raise Refused(N_("この世帯にいない人が選ばれています。"), field="member")
    asker = await find_code(session, "ASKER", request.asked_by)
    if asker is None:
        raise Refused(_CHOOSE, field="asked_by")
    if asker.attributes.get("named") and not request.asker_name:
        raise Refused(N_("代わりに請求する人の氏名を書いてください。"), field="asker_name")
    if await find_code(session, "IDENTITY_CHECK", request.identity_check) is None:
        raise Refused(_CHOOSE, field="identity_check")
    _demand_past(request.received_on, "received_on")
    number = await session.scalar(select(disclosure_number.next_value()))
    row = DisclosureRequest(
        id=clock.new_id(),
        number=f"D-{number}",
        household_id=household,
        member_id=member.id,
        asked_by=request.asked_by,
        asker_name=request.asker_name,
        identity_check=request.identity_check,
        language=request.language,
        received_on=request.received_on,
        due_on=due_day(request.received_on, await _days(session, "decision")),
        state="received",
        recorded_by=actor.post,
        recorded_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    await note(session, actor, "disclosure_received", [household], basis=BASIS, reason=row.number)
    return row


async def extend_term(session: AsyncSession, actor: Actor, request_id: UUID, request: ExtensionIn) -> DisclosureRequest:
    """Once, for a reason that is told to who asked, the decision may take longer."""
    row = await _take(session, actor, request_id)
    _demand(row, "decided")
    if row.extended_days:
        raise Refused(N_("期限は、もう延長されています。延長できるのは一度だけです。"), field="reason")
    if not request.reason:
        raise Refused(_WRITE_WHY, field="reason")
    days = await _days(session, "extension")
    row.extended_days, row.extension_reason = days, request.reason
    row.due_on = due_day(row.received_on, await _days(session, "decision"), days)
    await _say(session, actor, row, "disclosure_extended")
    return row


async def keep_review(session: AsyncSession, actor: Actor, request_id: UUID, request: ReviewIn) -> DisclosureRequest:
    """Keep what an officer has decided about each place; it replaces what was kept before."""
    row = await _take(session, actor, request_id)
    _demand(row, "decided")
    marks: dict[tuple[str, str, str], str] = {}
    for mark in request.marks:
        if mark.ground is not None and await find_code(session, "DISCLOSURE_GROUND", mark.ground) is None:
            raise Refused(_CHOOSE, field="ground")
        marks[mark.part, mark.field, mark.phrase] = mark.ground or ""
    await session.execute(delete(DisclosureMark).where(DisclosureMark.request_id == row.id))
    values = [
        {"request_id": row.id, "place": place, "part": part, "field": name, "phrase": phrase, "ground": ground}
        for place, ((part, name, phrase), ground) in enumerate(marks.items())
    ]
    if values:
        await session.execute(insert(DisclosureMark), values)
    row.digest, row.reviewed_by, row.reviewed_at = request.digest, actor.post, clock.now()
    await _say(session, actor, row, "disclosure_reviewed")
    return row


async def decide_request(
    session: AsyncSession, actor: Actor, request_id: UUID, request: DecisionIn
) -> DisclosureRequest:
    """The decision: in full only when nothing is blacked out; with a file only when it was looked through."""
    row = await _take(session, actor, request_id)
    _demand(row, "decided")
    if await find_code(session, "DECISION", request.decision) is None:
        raise Refused(_CHOOSE, field="decision")
    if request.decision in {"full", "partial"}:
        if not row.digest:
            raise Refused(N_("決める前に、書類を見て、黒塗りにするところを確かめてください。"), field="decision")
        black = await session.scalar(
            select(func.count()).where(DisclosureMark.request_id == row.id, DisclosureMark.ground != "")
        )
        if request.decision == "full" and black:
            raise Refused(
                N_("黒塗りがあるので、全部の開示にはできません。一部の開示を選んでください。"), field="decision"
            )
    row.state, row.decision = "decided", cast("Decision", request.decision)
    row.decided_by, row.decided_at = actor.post, clock.now()
    await _say(session, actor, row, "disclosure_decided")
    return row


async def deliver_file(session: AsyncSession, actor: Actor, request_id: UUID, request: DeliveryIn) -> DisclosureRequest:
    """It was handed over; or the letter with the decision, where nothing is disclosed."""
    row = await _take(session, actor, request_id)
    _demand(row, "delivered")
    if await find_code(session, "DELIVERY", request.delivery) is None:
        raise Refused(_CHOOSE, field="delivery")
    _demand_past(request.delivered_on, "delivered_on")
    if row.decided_at is not None and request.delivered_on < row.decided_at.astimezone(clock.TOKYO).date():
        raise Refused(N_("渡した日は、決めた日より前にできません。"), field="delivered_on")
    row.state, row.delivery, row.delivered_on, row.delivered_by = (
        "delivered", request.delivery, request.delivered_on, actor.post,
    )  # fmt: skip
    await _say(session, actor, row, "disclosure_delivered")
    return row


async def withdraw_request(
    session: AsyncSession, actor: Actor, request_id: UUID, request: WithdrawalIn
) -> DisclosureRequest:
    """Who asked took it back before it was decided."""
    row = await _take(session, actor, request_id)
    _demand(row, "withdrawn")
    if not request.reason:
        raise Refused(_WRITE_WHY, field="reason")
    row.state, row.ended_reason = "withdrawn", request.reason
    await _say(session, actor, row, "disclosure_withdrawn")
    return row


async def _take(session: AsyncSession, actor: Actor, request_id: UUID) -> DisclosureRequest:
    found = await find_request(session, actor, request_id)
    await hold(session, found.household_id)
    return await find_request(session, actor, request_id, change=True)


async def _say(session: AsyncSession, actor: Actor, row: DisclosureRequest, action: str) -> None:
    await session.flush()
    await note(session, actor, action, [row.household_id], basis=BASIS, reason=row.number)


def _demand(row: DisclosureRequest, wanted: State) -> None:
    if not may_become(cast("State", row.state), wanted):
        raise Conflict(_NOT_NOW)


def _demand_past(day: date, name: str) -> None:
    if day > clock.today():
        raise Refused(_TO_COME, field=name)


async def _days(session: AsyncSession, term: str) -> int:
    """A term of the list DISCLOSURE_TERM, in days; LookupError when the ward has none."""
    found = await find_code(session, "DISCLOSURE_TERM", term)
    if found is None:
        raise LookupError(term)
    return int(found.attributes["days"])
