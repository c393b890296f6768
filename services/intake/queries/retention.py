"""What the rules of retention ask about households, the disposal list, and the certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import and_, func, select

from services.intake.queries.access import NOT_HERE, NOT_YOURS, allowed_to, viewer_of, visible_to
from services.intake.rules.retention import Hold, Judgement, Period, Record, judge
from services.intake.tables import CaseOfHousehold, Consent, Consultation, Household, Member, Protection
from services.intake.tables.disclosures import DisclosureRequest
from services.intake.tables.retention import Disposal, DisposalReceipt, LegalHold
from shared.clock import TOKYO
from shared.codes import code_list
from shared.errors import Forbidden, Missing
from shared.events import SERVICES
from shared.spine import closed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Code
    from shared.identity import Actor

MAY_DECIDE: Final = frozenset({"manager"})
MAY_READ_CERTIFICATES: Final = frozenset({"manager", "auditor"})
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Certificate:
    """消去証明: a disposal that was carried out, and each service's word."""

    disposal: Disposal
    receipts: dict[str, DisposalReceipt]

    @property
    def waiting_for(self) -> list[str]:
        """The services that have not said so yet."""
        return [service for service in SERVICES if service not in self.receipts]

    @property
    def complete_at(self) -> datetime | None:
        """When the last service had forgotten it; None while one is awaited."""
        return None if self.waiting_for else max(one.confirmed_at for one in self.receipts.values())


async def open_to(session: AsyncSession, actor: Actor) -> ColumnElement[bool]:
    """Households whose keeping concerns ``actor``: of the protected ones, those on whose allow-list the post stands."""
    return and_(visible_to(await viewer_of(session, actor)), allowed_to(actor))


async def find_open(session: AsyncSession, actor: Actor, household: UUID) -> Household:
    """Missing when ``actor`` sees no such household; Forbidden when it is protected and the post not on its list."""
    row = (
        await session.execute(
            select(Household, allowed_to(actor)).where(
                Household.id == household, visible_to(await viewer_of(session, actor))
            )
        )
    ).one_or_none()
    if row is None:
        raise Missing(NOT_HERE)
    home, allowed = row
    if not allowed:
        raise Forbidden(NOT_YOURS)
    found: Household = home
    return found


async def periods_of(session: AsyncSession) -> list[Period]:
    """The periods as the ward has them now, also those that are over: they hold for what began in their time."""
    rows = await code_list(session, "RETENTION")
    return [Period.of(row.code, row.attributes) for row in rows.values() if row.active]


async def judge_households(session: AsyncSession, households: Collection[UUID]) -> dict[UUID, Judgement]:
    """When each may be disposed of and what keeps it; a fixed number of queries."""
    periods = await periods_of(session)
    return {household: judge(record, periods) for household, record in (await records_of(session, households)).items()}


async def records_of(session: AsyncSession, households: Collection[UUID]) -> dict[UUID, Record]:
    """The facts about each household that the rules ask for; those that are not there are left out."""
    ids = list(households)
    homes = await session.execute(
        select(Household.id, Household.last_heard_at, Household.protected, closed(Household.__table__.c.id)).where(
            Household.id.in_(ids)
        )
    )
    met = await _latest(session, func.max(Member.met_on), Member, ids)
    born = await _latest(session, func.max(Member.birth_latest), Member, ids)
    agreed = await _latest(session, func.max(Consent.recorded_at), Consent, ids)
    guarded = await _latest(session, func.max(Protection.set_at), Protection, ids)
    unguarded = await _latest(session, func.max(Protection.ended_at), Protection, ids)
    cases = await _cases(session, ids)
    abused = await _abuse_suspected(session, ids)
    holds = await _holds(session, ids)
    asked = set(
        await session.scalars(
            select(DisclosureRequest.household_id).where(
                DisclosureRequest.household_id.in_(ids), DisclosureRequest.state == "received"
            )
        )
    )
    records = {}
    for household, heard, protected, parked in homes:
        count, running, last, unknown = cases.get(household, (0, 0, None, 0))
        contacts = [heard, met.get(household), agreed.get(household), guarded.get(household)]
        ended = unguarded.get(household)
        records[household] = Record(
            last_contact=max(_day(at) for at in contacts if at is not None),
            cases=count,
            open_cases=running,
            last_closing=_day(last) if last else None,
            closing_unknown=bool(unknown),
            abuse=household in abused,
            youngest_born=born.get(household),
            protected=protected,
            protection_ended=_day(ended) if ended and not protected else None,
            disclosure=household in asked,
            parked=bool(parked),
            holds=tuple(holds.get(household, ())),
        )
    return records


async def list_due(session: AsyncSession, actor: Actor) -> list[Disposal]:
    """What is on the disposal list, of households that ``actor`` may see: what waited longest first."""
    found = await session.scalars(
        select(Disposal)
        .join(Household, Household.id == Disposal.household)
        .where(Disposal.state == "listed", await open_to(session, actor))
        .order_by(Disposal.due_on, Disposal.id)
        .limit(MOST_SHOWN)
    )
    return list(found)


async def count_due(session: AsyncSession, actor: Actor) -> int:
    """How many there are in all."""
    query = select(func.count()).select_from(Disposal).join(Household, Household.id == Disposal.household)
    return await session.scalar(query.where(Disposal.state == "listed", await open_to(session, actor))) or 0


async def not_as_listed(session: AsyncSession, households: Collection[UUID], today: date) -> list[UUID]:
    """Those that are due and do not stand on the list, or stand there by their period and are not due."""
    judged = await judge_households(session, households)
    rows = await session.execute(
        select(Disposal.household, Disposal.cause).where(
            Disposal.household.in_(list(households)), Disposal.state == "listed"
        )
    )
    listed = {household: cause for household, cause in rows}  # noqa: C416 - a Row is no pair
    return [
        household
        for household, judgement in judged.items()
        if listed.get(household) != "request" and judgement.is_due(today) != (household in listed)
    ]


async def listed_of(session: AsyncSession, household: UUID) -> Disposal | None:
    """The line of a household on the list, if it stands there."""
    found: Disposal | None = await session.scalar(
        select(Disposal).where(Disposal.household == household, Disposal.state == "listed")
    )
    return found


async def holds_of(session: AsyncSession, household: UUID) -> list[LegalHold]:
    """What stops or has stopped the erasure of a household, the newest first."""
    query = select(LegalHold).where(LegalHold.household_id == household).order_by(LegalHold.set_at.desc())
    return list(await session.scalars(query))


async def list_held(session: AsyncSession, actor: Actor) -> list[tuple[LegalHold, str]]:
    """Standing holds with the numbers of their households, of those that ``actor`` may see; the oldest first."""
    found = await session.execute(
        select(LegalHold, Household.number)
        .join(Household, Household.id == LegalHold.household_id)
        .where(LegalHold.lifted_at.is_(None), await open_to(session, actor))
        .order_by(LegalHold.set_at)
        .limit(MOST_SHOWN)
    )
    return [(hold, number) for hold, number in found]


async def list_certificates(session: AsyncSession) -> list[Certificate]:
    """What was erased, the newest first; no household stands behind it any more."""
    gone = list(
        await session.scalars(
            select(Disposal)
            .where(Disposal.state == "erased")
            .order_by(Disposal.decided_at.desc(), Disposal.id.desc())
            .limit(MOST_SHOWN)
        )
    )
    return await _with_receipts(session, gone)


async def read_certificate(session: AsyncSession, disposal: UUID) -> Certificate:
    """One certificate; Missing when nothing was erased under this id."""
    found = await session.scalar(select(Disposal).where(Disposal.id == disposal, Disposal.state == "erased"))
    if found is None:
        raise Missing(NOT_HERE)
    (certificate,) = await _with_receipts(session, [found])
    return certificate


async def _with_receipts(session: AsyncSession, gone: Sequence[Disposal]) -> list[Certificate]:
    receipts: dict[UUID, dict[str, DisposalReceipt]] = {one.id: {} for one in gone}
    for row in await session.scalars(select(DisposalReceipt).where(DisposalReceipt.disposal.in_(receipts))):
        receipts[row.disposal][row.service] = row
    return [Certificate(one, receipts[one.id]) for one in gone]


async def _latest(session: AsyncSession, what: object, table: type, ids: list[UUID]) -> dict[UUID, date | datetime]:
    rows = await session.execute(
        select(table.household_id, what).where(table.household_id.in_(ids)).group_by(table.household_id)  # type: ignore[attr-defined, call-overload]
    )
    return {household: at for household, at in rows if at is not None}


async def _cases(session: AsyncSession, ids: list[UUID]) -> dict[UUID, tuple[int, int, datetime | None, int]]:
    """(all, open, last closing, closed nobody knows when) by household."""
    case = CaseOfHousehold
    rows = await session.execute(
        select(
            case.household_id,
            func.count(),
            func.count().filter(case.closed.is_(False)),
            func.max(case.closed_at),
            func.count().filter(case.closed.is_(True), case.closed_at.is_(None)),
        )
        .where(case.household_id.in_(ids))
        .group_by(case.household_id)
    )
    return {household: (count, running, last, unknown) for household, count, running, last, unknown in rows}


async def _abuse_suspected(session: AsyncSession, ids: list[UUID]) -> set[UUID]:
    """Households of which a consultation ever had a safety flag that means abuse."""
    flags = [code for code, row in (await code_list(session, "SAFETY_FLAG")).items() if row.attributes.get("abuse")]
    query = select(Consultation.household_id).where(
        Consultation.household_id.in_(ids), Consultation.safety_flags.overlap(flags)
    )
    return set(await session.scalars(query.distinct()))


async def _holds(session: AsyncSession, ids: list[UUID]) -> dict[UUID, list[Hold]]:
    grounds: dict[str, Code] = await code_list(session, "HOLD_GROUND")
    found: dict[UUID, list[Hold]] = {}
    for row in await session.scalars(select(LegalHold).where(LegalHold.household_id.in_(ids))):
        ground = grounds.get(row.ground)
        months = int(ground.attributes.get("months_after", 0)) if ground else 0
        lifted = _day(row.lifted_at) if row.lifted_at else None
        found.setdefault(row.household_id, []).append(Hold(lifted, months))
    return found


def _day(at: date | datetime) -> date:
    return at.astimezone(TOKYO).date() if isinstance(at, datetime) else at
