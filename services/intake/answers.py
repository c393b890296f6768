"""The JSON that the API answers with: ids, codes, and what the viewer may see of people."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel

from services.intake.queries.labels import family_name
from services.intake.reasons import Say, sentence_maker
from services.intake.rules.reasons import Reason

if TYPE_CHECKING:
    from services.intake.queries.household import HouseholdView
    from services.intake.queries.listing import Page
    from services.intake.tables import TypeFinding
    from shared.codes import Codes


class Change(BaseModel):
    """What a change answers. ``position``: pass it on as ``after`` to see the change at once."""

    id: UUID
    position: str | None = None
    repeated: bool = False


class TypeOut(BaseModel):
    """A type of a household. ``reasons`` and ``questions`` are sentences in the reader's language."""

    code: str
    verdict: str
    version: str = ""
    tags: list[str] = []
    reasons: list[str] = []
    questions: list[str] = []
    answer: str | None = None


class TypeCode(BaseModel):
    """A type as it was found, by its code."""

    code: str
    verdict: str


class Received(BaseModel):
    """What came of a consultation."""

    household: UUID
    consultation: UUID
    number: str
    types: list[TypeCode]
    urgency_proposed: str | None
    urgency: str | None
    first_contact_due: datetime | None
    sight_check_due: datetime | None
    position: str | None = None
    repeated: bool = False


class MemberOut(BaseModel):
    """A member as the viewer may see them."""

    id: UUID
    relation: str
    name: str
    kana: str
    sex: str
    birth: str
    age: int | None
    age_estimated: bool
    coresident: str
    work: str
    care: str
    dementia_diagnosis: str
    disability: list[str]
    met_on: date | None
    left: str
    left_on: date | None
    protected: bool
    version: int


class ConsultationOut(BaseModel):
    """A consultation."""

    id: UUID
    occurred_at: datetime
    received_by: UUID | None
    """Absent where the office would say in which area a protected person lives."""
    agency: str
    channel: str
    route: str | None
    referrer: str | None
    caller_name: str
    caller_relation: str
    worries: list[str]
    main_worry: str | None
    words: str
    safety_flags: list[str]
    avoid: str
    urgency: str | None
    urgency_proposed: str | None
    result: str | None
    first_contact_due: datetime | None
    sight_check_due: datetime | None


class ConsentOut(BaseModel):
    """A consent of a member."""

    id: UUID
    member: UUID
    state: str
    purpose: str | None
    recipients: list[str]
    items: list[str]
    limits: str
    confirm_by: date | None
    ends_on: date | None
    withdrawn_at: datetime | None


class ProtectionOut(BaseModel):
    """A protection of a member."""

    id: UUID
    member: UUID
    kind: str
    ends_on: date | None
    ended_at: datetime | None


class HouseholdOut(BaseModel):
    """A household as the viewer may see it; masked where somebody is protected."""

    id: UUID
    number: str
    masked: bool
    address: str
    room: str
    phone: str
    area: str | None
    district: str | None
    dwelling: str
    incomplete: bool
    version: int
    members: list[MemberOut]
    consultations: list[ConsultationOut]
    types: list[TypeOut]
    questions: list[str]
    consents: list[ConsentOut]
    protections: list[ProtectionOut]
    cases: list[UUID]


class FoundHousehold(BaseModel):
    """A household of a list or a search."""

    id: UUID
    number: str
    called: str
    area: str | None
    district: str | None
    urgency: str | None
    types: list[TypeCode]
    case: UUID | None
    last_heard_at: datetime


class Found(BaseModel):
    """One page. ``before`` and ``before_id`` of the next one go into the same search again; ``total`` on the first."""

    households: list[FoundHousehold]
    total: int | None
    before: datetime | None
    before_id: UUID | None


class Cell(BaseModel):
    """Where a household is, coarsely: a 500 m mesh code (JIS X 0410), its district and area."""

    mesh: str | None
    district: str | None
    area: str | None


def found_out(page: Page) -> Found:
    """One page of a list as JSON."""
    return Found(
        households=[
            FoundHousehold(
                id=row.id,
                number=row.number,
                called=family_name([(name, "none") for _, name, _, _ in row.members], row.number),
                area=row.area,
                district=row.district,
                urgency=row.urgency,
                types=[TypeCode(code=code, verdict=verdict) for code, verdict in row.types],
                case=row.case[0] if row.case else None,
                last_heard_at=row.last_heard_at,
            )
            for row in page.rows
        ],
        total=page.total,
        before=page.next_at,
        before_id=page.next_id,
    )


def household_out(view: HouseholdView, codes: Codes, locale: str) -> HouseholdOut:
    """A household as JSON."""
    say = sentence_maker(view, codes, locale)
    home = view.home
    return HouseholdOut(
        id=home.id,
        number=home.number,
        masked=not view.allowed,
        address=home.address,
        room=home.room,
        phone=home.phone,
        area=home.area,
        district=home.district,
        dwelling=home.dwelling,
        incomplete=home.incomplete,
        version=home.version,
        members=[
            MemberOut(
                id=one.row.id,
                relation=one.row.relation,
                name=one.row.name,
                kana=one.row.kana,
                sex=one.row.sex,
                birth=one.row.birth_said,
                age=one.age,
                age_estimated=one.row.birth_estimated,
                coresident=one.row.coresident,
                work=one.row.work,
                care=one.row.care,
                dementia_diagnosis=one.row.dementia_diagnosis,
                disability=one.row.disability,
                met_on=one.row.met_on,
                left=one.row.left_reason,
                left_on=one.row.left_on,
                protected=one.guarded,
                version=one.row.version,
            )
            for one in view.members
        ],
        consultations=[ConsultationOut.model_validate(one, from_attributes=True) for one in view.consultations],
        types=[type_out(one, say) for one in view.findings],
        questions=[say(one) for one in view.questions],
        consents=[
            ConsentOut(
                id=one.id,
                member=one.member_id,
                state=one.state,
                purpose=one.purpose,
                recipients=one.recipients,
                items=one.items,
                limits=one.limits,
                confirm_by=one.confirm_by,
                ends_on=one.ends_on,
                withdrawn_at=one.withdrawn_at,
            )
            for one in view.consents
        ],
        protections=[
            ProtectionOut(id=one.id, member=one.member_id, kind=one.kind, ends_on=one.ends_on, ended_at=one.ended_at)
            for one in view.protections
        ],
        cases=[one.case_id for one in view.cases],
    )


def type_out(finding: TypeFinding, say: Say) -> TypeOut:
    """A type as JSON, its reasons as sentences."""
    return TypeOut(
        code=finding.code,
        verdict=finding.verdict,
        version=finding.rule_version,
        tags=finding.tags,
        reasons=[say(Reason.from_json(one)) for one in finding.reasons],
        questions=[say(Reason.from_json(one)) for one in finding.questions],
        answer=finding.answer,
    )
