"""The disposal list: what has become due is found by itself; holding, asking and erasing are deeds of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from services.intake.actions.erasing import confirm, erase_household
from services.intake.queries.access import AREA_ROLES, NOT_HERE
from services.intake.queries.retention import MAY_DECIDE, find_open, judge_households, listed_of, open_to
from services.intake.tables import CaseOfHousehold, Household
from services.intake.tables.retention import Disposal, LegalHold
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.i18n import N_
from shared.spine import hold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests.retention import ErasureAnswerIn, ErasureIn, HoldIn
    from services.intake.rules.retention import Judgement
    from shared.identity import Actor

MOST_AT_ONCE: Final = 20
"""Households erased in one transaction."""

OBSTACLES: Final = {
    "legal_hold": N_("{number} には、消去の停止がかかっています。"),
    "open_case": N_("{number} の支援ケースが終わっていません。"),
    "protected": N_("{number} の支援措置が続いています。"),
    "parked": N_("{number} についての知らせが、まだ処理されていません。"),
    "closing_unknown": N_("{number} の支援ケースがいつ終結したか分かりません。"),
    "disclosure": N_("{number} の開示の請求に、まだ答えていません。"),
}
"""Why a record can't be erased, whatever its period says. ``number``: the household's."""
_DECIDES = N_("消去を決められるのは管理職だけです。")
_HOLDS = N_("消去を止めたり、止めるのをやめたりできるのは管理職だけです。")


async def set_hold(session: AsyncSession, actor: Actor, household: UUID, request: HoldIn) -> LegalHold:
    """Stop the erasure of everything about a household; it leaves the disposal list, a request waits."""
    _demand(actor, _HOLDS)
    await hold(session, household)
    await find_open(session, actor, household)
    row = LegalHold(
        id=clock.new_id(),
        household_id=household,
        ground=request.ground,
        reason=request.reason,
        reference=request.reference,
        set_by=actor.post,
        set_at=clock.now(),
    )
    session.add(row)
    await session.execute(
        delete(Disposal).where(Disposal.household == household, Disposal.state == "listed", Disposal.cause == "period")
    )
    await note(session, actor, "hold_set", [household], basis=request.ground)
    return row


async def lift_hold(session: AsyncSession, actor: Actor, household: UUID, hold_id: UUID, reason: str) -> LegalHold:
    """Let the periods count again, with a reason; doing it again changes nothing."""
    _demand(actor, _HOLDS)
    await hold(session, household)
    await find_open(session, actor, household)
    row = await session.get(LegalHold, hold_id, populate_existing=True)
    if row is None or row.household_id != household:
        raise Missing(NOT_HERE)
    if row.lifted_at is None:
        row.lifted_at, row.lifted_by, row.lift_reason = clock.now(), actor.post, reason
        await note(session, actor, "hold_lifted", [household], basis=row.ground)
    return row


async def ask_for_erasure(session: AsyncSession, actor: Actor, household: UUID, request: ErasureIn) -> Disposal:
    """Write down that a person asks for erasure (利用停止・消去); a manager who is somebody else decides.

    A household that stands on the list by its period goes on standing there for what was asked.
    """
    if actor.role not in AREA_ROLES:
        raise Forbidden(N_("消去の請求を受け付けられるのは、相談支援員・調整担当・管理職です。"))
    await hold(session, household)
    home = await find_open(session, actor, household)
    line = await listed_of(session, household)
    if line is not None and line.cause == "request":
        raise Conflict(N_("この世帯の消去は、もう請求されています。"))
    if line is not None:
        await session.delete(line)
        await session.flush()
    row = _line(home, await _case_numbers(session, household), clock.today())
    row.cause, row.asked_ground, row.asked_words = "request", request.ground, request.words
    row.asked_by, row.asked_by_person = actor.post, actor.person
    session.add(row)
    await note(session, actor, "erasure_asked", [household], basis=request.ground)
    return row


async def refuse_erasure(session: AsyncSession, actor: Actor, disposal: UUID, request: ErasureAnswerIn) -> Disposal:
    """Say no to a request, on a ground. What is due by its period is not refused but held."""
    _demand(actor, _DECIDES)
    (line,) = await _take(session, actor, [disposal])
    if line.cause != "request":
        raise Refused(N_("保存期間によるものは、断るのではなく、消去を停止してください。"))
    line.state, line.answer, line.answer_words = "refused", request.answer, request.words
    line.decided_by, line.decided_at = actor.post, clock.now()
    await note(session, actor, "erasure_refused", [line.household], basis=request.answer)
    return line


async def erase_listed(session: AsyncSession, actor: Actor, disposals: Sequence[UUID], document: str) -> list[Disposal]:
    """Erase what a manager has approved, all of it or nothing: it can't be taken back.

    Each line is judged once more while its household is held. Raises Refused naming the first that must stay.
    """
    _demand(actor, _DECIDES)
    if not document:
        raise Refused(N_("決裁番号を書いてください。証明書に載ります。"), field="document")
    if not disposals:
        raise Refused(N_("消去するものを選んでください。"), field="chosen")
    if len(disposals) > MOST_AT_ONCE:
        raise Refused(N_("一度に消去できるのは{n}件までです。"), field="chosen", n=MOST_AT_ONCE)
    lines = await _take(session, actor, disposals)
    judged = await judge_households(session, [line.household for line in lines])
    for line in lines:
        _demand_may_go(line, judged[line.household], actor)
    now = clock.now()
    for line in lines:
        line.case_numbers = await _case_numbers(session, line.household)
        line.state, line.decided_by, line.decided_at, line.document = "erased", actor.post, now, document
        await note(session, actor, "household_erased", [line.household], basis=line.asked_ground or line.period)
        await session.flush()
        classes = await erase_household(session, actor, line.household)
        await confirm(session, line.household, "intake", classes, now)
    return lines


async def list_what_is_due(session: AsyncSession, households: Sequence[UUID], today: date) -> int:
    """Bring the list up to date for these households; how many lines came or went.

    The caller holds them. A household that was asked about keeps the line of the request.
    """
    judged = await judge_households(session, households)
    homes = {home.id: home for home in await session.scalars(select(Household).where(Household.id.in_(households)))}
    lines = {
        line.household: line
        for line in await session.scalars(
            select(Disposal).where(Disposal.household.in_(households), Disposal.state == "listed")
        )
    }
    changed = 0
    for household, judgement in judged.items():
        line = lines.get(household)
        if line is not None and line.cause == "request":
            continue
        if line is not None and not judgement.is_due(today):
            await session.delete(line)
        elif line is None and judgement.is_due(today):
            fresh = _line(homes[household], await _case_numbers(session, household), judgement.due_on)
            fresh.cause, fresh.counted_from = "period", judgement.counted_from
            fresh.period = judgement.period.code if judgement.period else None
            session.add(fresh)
        else:
            continue
        changed += 1
    return changed


def _demand(actor: Actor, sentence: str) -> None:
    if actor.role not in MAY_DECIDE:
        raise Forbidden(sentence)


def _demand_may_go(line: Disposal, judgement: Judgement, actor: Actor) -> None:
    if line.cause == "request" and line.asked_by_person == actor.person:
        raise Forbidden(N_("請求を受け付けた人とは、別の人が決めてください({number})。"), number=line.number)
    for obstacle in judgement.obstacles:
        raise Refused(OBSTACLES[obstacle], field="chosen", number=line.number)
    if line.cause == "period" and not judgement.is_due(clock.today()):
        raise Refused(N_("保存期間がまだ過ぎていません({number})。"), field="chosen", number=line.number)


async def _take(session: AsyncSession, actor: Actor, disposals: Sequence[UUID]) -> list[Disposal]:
    """Hold the households of these lines, and read the lines as they stand now."""
    households = (await session.scalars(select(Disposal.household).where(Disposal.id.in_(disposals)))).all()
    await hold(session, *households)
    lines = list(
        await session.scalars(
            select(Disposal)
            .join(Household, Household.id == Disposal.household)
            .where(Disposal.id.in_(disposals), Disposal.state == "listed", await open_to(session, actor))
            .order_by(Disposal.due_on, Disposal.id)
            .execution_options(populate_existing=True)
        )
    )
    if len(lines) < len(set(disposals)):
        raise Conflict(N_("一覧が変わりました。もう一度見直してください。"))
    return lines


async def _case_numbers(session: AsyncSession, household: UUID) -> list[str]:
    query = select(CaseOfHousehold.number).where(CaseOfHousehold.household_id == household)
    return sorted(number for number in await session.scalars(query) if number)


def _line(home: Household, case_numbers: list[str], due_on: date) -> Disposal:
    return Disposal(
        id=clock.new_id(),
        household=home.id,
        number=home.number,
        case_numbers=case_numbers,
        state="listed",
        due_on=due_on,
        listed_at=clock.now(),
    )
