"""One household as its page shows it, with what the viewer may not see already taken out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import not_, or_, select

from services.intake.queries.access import Stand, find_household, is_allowed, kept_back, stand_to, visible_ids
from services.intake.queries.book import rule_book
from services.intake.queries.facts import (
    Circumstances,
    birth_of,
    circumstances_of,
    household_facts,
    members_of,
)
from services.intake.queries.labels import family_name, household_names
from services.intake.queries.masking import (
    around_side,
    found_for_side,
    leave_the_contact,
    leave_the_number,
    mask,
    on_side,
    stand_on,
)
from services.intake.rules.birth import shown_age
from services.intake.rules.protection import Sight
from services.intake.rules.types import find_types as run_rules
from services.intake.rules.types import open_questions, warn_about
from services.intake.tables import (
    Apart,
    CaseOfHousehold,
    Consent,
    Consultation,
    Household,
    HouseholdLink,
    Member,
    Protection,
    TypeFinding,
)
from shared import clock
from shared.calendar import end_of_day

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.rules.facts import HouseholdFacts
    from services.intake.rules.reasons import Reason
    from services.intake.rules.rights import Deed
    from services.intake.rules.rulebook import RuleBook
    from shared.identity import Actor


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member with the age worked out. ``age`` is None when nothing is known."""

    row: Member
    age: int | None
    birthday: date | None
    guarded: bool

    @property
    def here(self) -> bool:
        """Whether the person still belongs to the household."""
        return self.row.left_reason == "none"


@dataclass(frozen=True, slots=True)
class LinkView:
    """Another record, as far as it may be seen."""

    link: HouseholdLink
    other: UUID
    called: str


@dataclass(frozen=True, slots=True)
class Due:
    """The next thing that must happen: ``kind`` sight_check, first_contact, consent or protection."""

    kind: str
    at: datetime | date

    @property
    def moment(self) -> datetime:
        """A day ends when it ends."""
        return self.at if isinstance(self.at, datetime) else end_of_day(self.at)


@dataclass(slots=True)
class HouseholdView:
    """Everything the household page says, as much as ``sight`` allows.

    ``side``: of a household split for view, ``home`` or ``apart`` when one side alone is shown; else empty.
    """

    home: Household
    sight: Sight
    deeds: frozenset[Deed]
    """What the viewer may do about what is shown."""
    must_say_why: bool
    """A written reason opens it."""
    side: str
    let_in: bool
    """Seen through the glass: to look, and for a while."""
    apart: Apart | None
    members: list[MemberView]
    consultations: list[Consultation]
    findings: list[TypeFinding]
    consents: list[Consent]
    protections: list[Protection]
    cases: list[CaseOfHousehold]
    facts: HouseholdFacts
    book: RuleBook
    links: list[LinkView] = field(default_factory=list)
    questions: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether address, telephone and area of what is shown may be shown."""
        return self.sight in {Sight.ALL, Sight.HOME, Sight.CONTACT}

    @property
    def whole(self) -> bool:
        """Whether all of it is shown: what is not seen can't be corrected."""
        return self.sight is Sight.ALL and not self.side and not self.let_in

    @property
    def may_change(self) -> bool:
        """Whether the viewer may correct what is shown: of a split household, their side."""
        return "correct" in self.deeds

    @property
    def may_consent(self) -> bool:
        """Whether the viewer may take down a consent on paper, by the names of those who give it."""
        return "consent" in self.deeds and self.sight in {Sight.ALL, Sight.CONTACT}

    @property
    def may_protect(self) -> bool:
        """Whether the viewer may protect somebody, and sees to the protections there are."""
        return "protect" in self.deeds and self.sight in {Sight.ALL, Sight.CONTACT}

    @property
    def called(self) -> str:
        """How the household is called."""
        return family_name([(one.row.name, one.row.left_reason) for one in self.members], self.home.number)

    @property
    def safety_flags(self) -> list[str]:
        """Every safety flag that was ever ticked, each once, the newest first."""
        return list(dict.fromkeys(flag for one in self.consultations for flag in one.safety_flags))

    @property
    def avoid(self) -> list[Consultation]:
        """Consultations that say what must be avoided, the newest first."""
        return [one for one in self.consultations if one.avoid]

    @property
    def urgency(self) -> str | None:
        """The level of the newest screening."""
        return next((one.urgency for one in self.consultations if one.urgency), None)

    def next_due(self) -> Due | None:
        """The deadline that comes first, as far as intake knows; one that has passed is the most urgent.

        Once a case is open its clocks run in casework, which the page asks; with its last case closed what the
        consultations asked for is over.
        """
        waiting = [] if self.cases and all(one.closed for one in self.cases) else self.consultations
        dues = [Due("sight_check", one.sight_check_due) for one in waiting if one.sight_check_due]
        met = max((one.row.met_on for one in self.members if one.row.met_on), default=None)
        dues += [
            Due("first_contact", one.first_contact_due)
            for one in waiting
            if one.first_contact_due and (met is None or met < one.occurred_at.date())
        ]
        dues += [
            Due("consent", one.confirm_by)
            for one in self.consents
            if one.confirm_by and one.withdrawn_at is None and one.state == "oral"
        ]
        dues += [Due("protection", one.ends_on) for one in self.protections if one.ends_on and not one.ended_at]
        return min(dues, key=lambda due: due.moment, default=None)


async def read_household(
    session: AsyncSession, actor: Actor, household: UUID, *, side: str = "", for_file: bool = False
) -> HouseholdView:
    """The household that ``actor`` may see; Missing otherwise. A fixed number of queries.

    ``side``: ``home`` or ``apart`` for a page or paper that is made for one side of a household split for view. Who is
    allowed for the home side alone sees that one, whatever they ask for. ``for_file``: for whoever answers a request
    for disclosure (保有個人情報の開示), who reads all that no protection keeps back from them.
    """
    home = await find_household(session, actor, household)
    stand = await stand_to(session, actor, household)
    if for_file and await is_allowed(session, actor, household):
        stand = Stand(Sight.ALL, frozenset())
    sight, deeds = stand.sight, stand.deeds
    book = await rule_book(session)
    if sight in {Sight.NUMBER, Sight.RECEIPT}:
        own = await _consultations(session, household, by=actor) if sight is Sight.RECEIPT else []
        leave_the_number(home)
        facts = household_facts(home, [], Circumstances())
        cases = await _cases(session, household) if stand.must_say_why else []
        return HouseholdView(
            home, sight, deeds, stand.must_say_why, "", False, None, [], own, [], [], [], cases, facts, book
        )
    let_in = bool(home.protected) and sight is Sight.ALL and not await is_allowed(session, actor, household)
    apart = await session.get(Apart, household) if home.protected else None
    if apart is not None and apart.ended_at is not None:
        apart = None
    side = "" if apart is None else side if sight is Sight.ALL else "home"
    rows = (await members_of(session, [household]))[household]
    around = (await circumstances_of(session, [household]))[household]
    today = clock.today()
    protections = await _all(session, select(Protection).where(Protection.household_id == household))
    guarded = {one.member_id for one in protections if one.ended_at is None}
    consultations = await _consultations(session, household)
    links = await _links(session, actor, home) if sight is Sight.ALL else []
    if apart is not None and side:
        rows = [row for row in rows if row.apart == (side == "apart")]
        consultations = [one for one in consultations if one.apart == (side == "apart")]
        around = around_side(consultations, around)
        stand_on(home, side, apart)
    facts = household_facts(home, rows, around)
    results = run_rules(facts, today, book)
    view = HouseholdView(
        home=home,
        sight=sight,
        # to look through the glass is not to change; a page for one side is made to be given away
        deeds=frozenset() if let_in or (side and sight is Sight.ALL) else deeds,
        must_say_why=False,
        side=side,
        let_in=let_in,
        apart=None if side == "home" else apart,
        members=[_member(row, today, row.id in guarded) for row in rows],
        consultations=consultations,
        findings=found_for_side(household, results)
        if side
        else await _all(
            session,
            select(TypeFinding)
            .where(TypeFinding.household_id == household, TypeFinding.verdict != "no")
            .order_by(TypeFinding.verdict, TypeFinding.code),
        ),
        consents=await _all(
            session,
            select(Consent)
            .where(Consent.household_id == household)
            .order_by(Consent.recorded_at.desc(), Consent.id.desc()),
        ),
        protections=protections,
        cases=await _cases(session, household),
        facts=facts,
        book=book,
        links=links,
        questions=open_questions(results),
        warnings=warn_about(facts, today, book),
    )
    if side and sight is Sight.ALL:
        view.cases = []  # a page for one side: the case, and its clocks, are about both
    if side:
        shown = on_side(view.members)
        view.consents = [one for one in view.consents if one.member_id in shown]
        view.protections = [one for one in view.protections if one.member_id in shown]
    if sight is Sight.CONTACT:
        leave_the_contact(view, actor)
    elif not view.allowed:
        mask(view, actor)
    return view


async def _consultations(session: AsyncSession, household: UUID, *, by: Actor | None = None) -> list[Consultation]:
    """The newest first; ``by``: what one post has taken down itself."""
    query = select(Consultation).where(Consultation.household_id == household)
    if by is not None:
        query = query.where(Consultation.received_by == by.post)
    return await _all(session, query.order_by(Consultation.occurred_at.desc(), Consultation.id.desc()))


async def _all(session: AsyncSession, statement: object) -> list:  # type: ignore[type-arg]
    return list((await session.scalars(statement)).all())  # type: ignore[call-overload]


async def _cases(session: AsyncSession, household: UUID) -> list[CaseOfHousehold]:
    return await _all(session, select(CaseOfHousehold).where(CaseOfHousehold.household_id == household))


def _member(row: Member, today: date, guarded: bool) -> MemberView:
    birth = birth_of(row)
    return MemberView(row, shown_age(birth, today), birth.day, guarded)


async def _links(session: AsyncSession, actor: Actor, home: Household) -> list[LinkView]:
    """Links to what the actor may see too; none while somebody is protected on either side."""
    if home.protected:
        return []
    links = await session.scalars(
        select(HouseholdLink)
        .where(
            or_(HouseholdLink.first_id == home.id, HouseholdLink.second_id == home.id),
            HouseholdLink.state.in_(["linked", "suspected"]),
        )
        .order_by(HouseholdLink.state, HouseholdLink.decided_at.desc())
    )
    pairs = [(one, one.second_id if one.first_id == home.id else one.first_id) for one in links]
    if not pairs:
        return []
    seen = await visible_ids(session, actor, [other for _, other in pairs])
    open_ones = await session.scalars(select(Household.id).where(Household.id.in_(seen), not_(kept_back())))
    names = await household_names(session, actor, list(open_ones))
    return [LinkView(link, other, names[other]) for link, other in pairs if other in names]
