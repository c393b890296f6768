"""Lists of cases, each row as far as its reader sees it. The number of queries never depends on the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from services.casework.queries.access import must_say_why, showing, standing, viewer_of
from services.casework.queries.grounds import told_in_a_council
from services.casework.queries.views import CaseView, InvitationView, TypeView
from services.casework.rules import board, sharing
from services.casework.tables import Case, Household, HouseholdType, Invitation
from shared import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.casework.queries.access import Viewer
    from services.casework.rules.rights import Part, Sight
    from shared.identity import Actor

PAGE = 50
AGENCIES_NEEDING_LEAD = 2
EIGHTY_FIFTY = ("T8050", "T8050W", "T9060")
"""What people mean when they ask for 8050."""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to; empty means anything."""

    state: str = "open"
    area: str = ""
    type: str = ""
    urgency: str = ""
    owner: UUID | None = None
    agency: str = ""
    number: str = ""
    household: UUID | None = None
    late: bool = False
    returned: bool = False
    no_lead: bool = False
    urgent: bool = False
    still: bool = False

    @property
    def needs(self) -> tuple[Part, ...]:
        """What of a case one must see to ask for it so: whoever sees no types learns none by narrowing to one."""
        told = (self.area, self.type, self.urgency, self.agency, self.late, self.returned, self.no_lead, self.urgent)
        if any(told) or self.still:
            return ("row",)
        return ("listed",) if self.household is not None else ("listed", "row")


def narrow(wanted: CaseFilter, today: date) -> list[ColumnElement[bool]]:
    """The filter as conditions on :class:`Case` joined with :class:`Household`."""
    asked_before = today - timedelta(days=board.STANDS_STILL_DAYS)
    conditions: list[tuple[object, Callable[[], ColumnElement[bool]]]] = [
        (wanted.state, lambda: Case.state == wanted.state),
        (wanted.area, lambda: Household.area == wanted.area),
        (wanted.urgency, lambda: Case.urgency == wanted.urgency),
        (wanted.urgent, lambda: Case.urgency.in_(["A", "B"])),
        (wanted.owner, lambda: Case.owner == wanted.owner),
        (wanted.number, lambda: Case.number == wanted.number),
        (wanted.household, lambda: Case.household == wanted.household),
        (wanted.no_lead, lacks_lead),
        (wanted.type, lambda: _has_type(wanted.type)),
        (wanted.agency, lambda: _invitation(sharing.LIVE, agency=wanted.agency)),
        (wanted.returned, lambda: _invitation(frozenset({"returned"}))),
        (wanted.late, lambda: Case.next_due_at < clock.now()),
        (wanted.still, lambda: Case.waiting_since <= asked_before),
    ]
    return [condition() for asked, condition in conditions if asked]


def lacks_lead() -> ColumnElement[bool]:
    """Nobody leads although somebody must: two or more agencies take part, or requests were returned twice."""
    part = aliased(Invitation)
    taking = (
        select(func.count())
        .where(part.case_id == Case.id, part.state.in_(sorted(sharing.TAKING_PART)))
        .correlate(Case)
        .scalar_subquery()
    )
    return and_(Case.lead.is_(None), or_(Case.lead_undecided, taking >= AGENCIES_NEEDING_LEAD))


def _has_type(code: str) -> ColumnElement[bool]:
    kind = aliased(HouseholdType)
    return exists().where(
        kind.household == Case.household,
        kind.code.in_(EIGHTY_FIFTY if code == "T8050" else [code]),
        kind.verdict.in_(["match", "possible"]),
        kind.answer.is_distinct_from("rejected"),
    )


def _invitation(states: frozenset[str], agency: str | None = None) -> ColumnElement[bool]:
    part = aliased(Invitation)
    where = and_(part.case_id == Case.id, part.state.in_(sorted(states)))
    return exists().where(and_(where, part.agency == agency) if agency else where)


async def list_cases(
    session: AsyncSession, actor: Actor, wanted: CaseFilter, *, before: tuple[datetime, str] | None = None,
    limit: int = PAGE, for_file: bool = False,
) -> tuple[list[CaseView], int]:  # fmt: skip
    """The newest cases first, ``limit`` of them, and how many there are; ``before`` is the last row's key.

    ``for_file``: without what a support council was told in confidence, which is looked at and never taken out.
    """
    viewer = await viewer_of(session, actor)
    where = [showing(viewer, *wanted.needs), *narrow(wanted, clock.today())]
    if for_file:
        where.append(~told_in_a_council(actor))
    query = select_rows(viewer).where(*where)
    total = await session.scalar(
        select(func.count()).select_from(Case).join(Household, Household.id == Case.household).where(*where)
    )
    if before is not None:
        query = query.where(tuple_(Case.opened_at, Case.number) < before)
    query = query.order_by(Case.opened_at.desc(), Case.number.desc()).limit(limit)
    return await views_of(session, viewer, query), int(total or 0)


def select_rows(viewer: Viewer) -> Select[Case, Household, list[str | None]]:
    """Cases with their households, and how the viewer stands to each as far as a row needs it."""
    columns = select(Case, Household, standing(viewer, "listed", "row", "file"))
    return columns.join(Household, Household.id == Case.household)


async def views_of(
    session: AsyncSession, viewer: Viewer, query: Select[Case, Household, list[str | None]]
) -> list[CaseView]:
    """The rows of :func:`select_rows` as views, with their types."""
    rows = [(row[0], row[1], viewer.sight(row[2])) for row in await session.execute(query)]
    types = await types_of(session, [household.id for _, household, seen in rows if seen.shows("row")])
    return [case_view(case, household, types.get(household.id, []), seen) for case, household, seen in rows]


def case_view(case: Case, household: Household, types: list[TypeView], seen: Sight) -> CaseView:
    """One row, as far as the sight goes."""
    return CaseView(
        id=case.id,
        number=case.number,
        opens=seen.shows("file") or must_say_why(seen),
        household=household.id if seen.shows("listed") else None,
        state=case.state,
        owner=case.owner,
        lead=case.lead,
        opened_at=case.opened_at,
        **(_row_of(case, household, types) if seen.shows("row") else {}),
    )


def _row_of(case: Case, household: Household, types: list[TypeView]) -> dict[str, Any]:
    told = {name: getattr(case, name) for name in _ROW_FIELDS}
    return told | {
        "area": household.area, "district": household.district, "protected": household.protected, "types": types,
    }  # fmt: skip


_ROW_FIELDS = tuple(
    CaseView.model_fields.keys()
    - {"id", "number", "opens", "household", "state", "owner", "lead", "opened_at"}
    - {"area", "district", "protected", "types"}
)


async def types_of(session: AsyncSession, households: Collection[UUID]) -> dict[UUID, list[TypeView]]:
    """The types that match or may match, rejected ones left out."""
    if not households:
        return {}
    found: dict[UUID, list[TypeView]] = defaultdict(list)
    query = (
        select(HouseholdType)
        .where(
            HouseholdType.household.in_(households),
            HouseholdType.verdict.in_(["match", "possible"]),
            HouseholdType.answer.is_distinct_from("rejected"),
        )
        .order_by(HouseholdType.verdict, HouseholdType.code)
    )
    for row in await session.scalars(query):
        found[row.household].append(TypeView.model_validate(row))
    return found


def invitation_view(part: Invitation, *, case: Case | None = None) -> InvitationView:
    """A request; with ``case`` for who may know which household it is."""
    today = clock.today()
    known: dict[str, Any] = {}
    if case is not None:
        known = {"case": case.id, "number": case.number, "household": case.household}
    return InvitationView(
        **{name: getattr(part, name) for name in _INVITATION_FIELDS},
        light=board.light(part.state, part.answer_due, today),
        asked_days=board.asked_days(part.asked_on, today),
        **known,
    )


_INVITATION_FIELDS = tuple(InvitationView.model_fields.keys() - {"case", "number", "household", "light", "asked_days"})


def without_words(view: InvitationView) -> InvitationView:
    """The same request for who sees only that an agency takes part: not what was asked, answered, on which ground."""
    return view.model_copy(update=_WORDS_OF_A_REQUEST)


_WORDS_OF_A_REQUEST: dict[str, Any] = {
    "question": "", "basis": "", "reason": None, "note": "", "answered_by": None, "answer_reason": None,
    "answer_text": "", "end_reason": None, "reminders": 0, "reminded_at": None,
}  # fmt: skip
