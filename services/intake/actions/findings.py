"""Household types (世帯類型): looked for again when something changes and every day; answered by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.intake.queries.access import NOT_HERE, find_household
from services.intake.queries.book import rule_book
from services.intake.queries.facts import circumstances_of, household_facts, members_of
from services.intake.rules import types
from services.intake.tables import Household, TypeFinding
from shared import clock
from shared.errors import Missing, Refused
from shared.events.intake import TypeAnswered, TypeMatched
from shared.i18n import N_
from shared.spine import Fact, hold, record, record_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.requests import TypeAnswerIn
    from services.intake.rules.types import TypeResult
    from shared.identity import Actor

PORTION = 200
"""Households looked at in one transaction of the daily round."""


def finding_row(household: UUID, result: TypeResult) -> dict[str, Any]:
    """What is kept of a result: codes and member ids, never a name."""
    return {
        "household_id": household,
        "code": result.code,
        "rule_version": result.version,
        "verdict": result.verdict,
        "tags": sorted(result.tags),
        "reasons": [reason.as_json() for reason in result.reasons],
        "questions": [reason.as_json() for reason in result.questions],
        "found_at": clock.now(),
    }


def matched_fact(household: UUID, result: TypeResult) -> TypeMatched:
    """What the others learn of a result: its code and version, not its reasons."""
    return TypeMatched(
        household=household,
        code=result.code,
        verdict=result.verdict,
        rule_version=result.version,
        tags=tuple(sorted(result.tags)),
    )


async def find_types(session: AsyncSession, actor: Actor | None, home: Household) -> None:
    """Look again at one household; the caller holds it. States each verdict that has changed."""
    await session.flush()
    await _look_again(session, actor, [home], clock.today())


async def recompute_types(session: AsyncSession, households: Sequence[UUID], day: date) -> int:
    """The daily round for these households (birthdays change ages); how many verdicts changed."""
    await hold(session, *households)
    homes = (
        await session.scalars(select(Household).where(Household.id.in_(households), Household.types_on < day))
    ).all()
    return await _look_again(session, None, homes, day)


async def _look_again(session: AsyncSession, actor: Actor | None, homes: Sequence[Household], day: date) -> int:
    ids = [home.id for home in homes]
    if not ids:
        return 0
    book = await rule_book(session)
    members, around = await members_of(session, ids), await circumstances_of(session, ids)
    before = await _verdicts(session, ids)
    rows: list[dict[str, Any]] = []
    facts: list[Fact] = []
    for home in homes:
        home.types_on = day
        results = types.find_types(household_facts(home, members[home.id], around[home.id]), day, book)
        for result in results:
            known = before.get((home.id, result.code))
            if known is None and result.verdict == "no":
                continue
            rows.append(finding_row(home.id, result))
            if known != result.verdict:
                facts.append(Fact(matched_fact(home.id, result)))
    await keep_findings(session, rows)
    await record_many(session, facts, actor=actor)
    return len(facts)


async def _verdicts(session: AsyncSession, households: Iterable[UUID]) -> Mapping[tuple[UUID, str], str]:
    found = await session.execute(
        select(TypeFinding.household_id, TypeFinding.code, TypeFinding.verdict).where(
            TypeFinding.household_id.in_(list(households))
        )
    )
    return {(household, code): verdict for household, code, verdict in found}


async def keep_findings(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write results over the earlier ones; a person's answer stays."""
    if not rows:
        return
    statement = insert(TypeFinding)
    given = statement.excluded
    changed = {
        name: getattr(given, name) for name in ("rule_version", "verdict", "tags", "reasons", "questions", "found_at")
    }
    await session.execute(
        statement.on_conflict_do_update(index_elements=[TypeFinding.household_id, TypeFinding.code], set_=changed),
        rows,
    )


async def answer_type(
    session: AsyncSession, actor: Actor, household: UUID, code: str, request: TypeAnswerIn
) -> TypeFinding:
    """A worker confirms or rejects what a rule asked; rejecting needs a reason."""
    await hold(session, household)
    await find_household(session, actor, household, deed="correct")
    found = await session.get(TypeFinding, (household, code), populate_existing=True)
    if found is None or found.verdict == "no":
        raise Missing(NOT_HERE)
    if request.answer == "rejected" and not request.reason:
        raise Refused(N_("ちがうと思う理由を書いてください。"), field="reason")
    if found.answer == request.answer and found.answer_reason == request.reason:
        return found
    found.answer, found.answer_reason = request.answer, request.reason
    found.answered_by, found.answered_at = actor.post, clock.now()
    event = TypeAnswered(household=household, code=code, answer=request.answer, answered_by=actor.post)
    await record(session, event, actor=actor, occurred_at=found.answered_at)
    return found
