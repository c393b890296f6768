"""What people and programs send to intake: one shape for the form and for the JSON API.

Nearly everything may be left out. Codes are those of ``services/intake/codes``; ``yes``/``no``/``unknown`` answer the
questions of the types. Members of one request name one another by their place in the list (``"0"`` is the first).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.text import CodeName, Line, Words

MOST_MEMBERS = 40
MOST_TICKS = 60

Answer = Literal["yes", "no", "unknown"]
Kinsman = Annotated[str, StringConstraints(pattern=r"^(outside|[0-9]{1,2}|[0-9a-f-]{36})$")]
"""Another member by place in the list or by id, or ``outside``: somebody who lives elsewhere."""
CodeList = Annotated[list[CodeName], Field(max_length=MOST_TICKS)]
Mesh = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1950, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
"""A moment that a ward office may speak of."""
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Sent(BaseModel):
    """A request. Fields that came empty count as left out; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None and value != ""}


class MemberIn(Sent):
    """A person of the household (世帯員), as far as anybody has said."""

    relation: CodeName = "unknown"
    """RELATION"""
    name: Line = ""
    kana: Line = ""
    sex: CodeName = "unknown"
    birth: Line = ""
    """As told: 昭和18年3月3日, S18.3.3, 1943-03-03, 1943年, 84歳, 80代, 不明."""
    coresident: CodeName = "unknown"
    work: CodeName = "unknown"
    care: CodeName = "unknown"
    dementia_diagnosis: CodeName = "unknown"
    dementia_level: CodeName = "unknown"
    disability: CodeList = []
    marital: CodeName = "unknown"
    phone: Line = ""
    parents: Annotated[list[Kinsman], Field(max_length=MOST_MEMBERS)] = []
    studies: Answer = "unknown"
    own_pension: Answer = "unknown"
    illness_suspected: Answer = "unknown"
    sees_doctor: Answer = "unknown"
    refuses_help: Answer = "unknown"
    alone_by_day: Answer = "unknown"
    withdrawn_months: Annotated[int, Field(ge=0, le=1200)] | None = None
    talks_outside_family: Answer = "unknown"
    cares_for: Annotated[list[Kinsman], Field(max_length=MOST_MEMBERS)] | None = None
    care_hours_weekday: Annotated[float, Field(ge=0, le=24)] | None = None
    school_missed: Answer = "unknown"
    carer_concern: Answer = "unknown"
    consent: CodeName | None = None
    """CONSENT_STATE, when the person was asked or could not be."""

    def says_something(self) -> bool:
        """Whether the row holds anything: an empty row of the form is nobody."""
        return bool(self.model_fields_set - {"coresident", "work", "care", "sex"}) and self != MemberIn()


class MemberChange(MemberIn):
    """A member as corrected. ``version``: the one that was shown, so that nobody overwrites unseen."""

    version: Version


class HouseholdAnswers(Sent):
    """What is known about the home, for the rules of the types."""

    hoarding: Annotated[int, Field(ge=0, le=3)] | None = None
    rent_arrears_months: Annotated[int, Field(ge=0, le=600)] | None = None
    lifeline_stopped: Answer = "unknown"
    told_arrears: CodeList | None = None
    contact_person: Answer = "unknown"
    uses_services: Answer = "unknown"
    last_reaction: date | None = None
    concerns: CodeList = []


class ConsultationIn(HouseholdAnswers):
    """One contact (相談受付). One line of text or one worry is enough."""

    household: UUID | None = None
    """A household that is known already; without it a new one is registered."""
    address: Line = ""
    room: Line = ""
    area: CodeName | None = None
    district: CodeName | None = None
    mesh: Mesh | None = None
    phone: Line = ""
    dwelling: CodeName = "unknown"
    registry_split: bool = False
    more_people: bool = False
    """There are more people than the rows say: types are at most ``possible``."""
    members: Annotated[list[MemberIn], Field(max_length=MOST_MEMBERS)] = []

    channel: CodeName = "phone"
    route: CodeName | None = None
    referrer: CodeName | None = None
    occurred_at: Moment | None = None
    caller_name: Line = ""
    caller_relation: CodeName = "unknown"
    caller_phone: Line = ""
    anonymous: bool = False
    worries: CodeList = []
    main_worry: CodeName | None = None
    words: Words = ""
    safety_flags: CodeList = []
    avoid: Annotated[Words, StringConstraints(max_length=500)] = ""
    urgency: Literal["A", "B", "C", "D"] | None = None
    result: CodeName | None = None
    """SCREENING; left out, it is a plan with consent, and on the way to consent without."""
    reason: Line = ""
    hand_to: CodeName | None = None
    """The agency, when the result hands it over."""
    not_same: Annotated[list[UUID], Field(max_length=20)] = []
    """Households that were offered as the same one and refused."""


class HouseholdChange(HouseholdAnswers):
    """The home as corrected; what is left out stays."""

    version: Version
    address: Line = ""
    room: Line = ""
    area: CodeName | None = None
    district: CodeName | None = None
    mesh: Mesh | None = None
    phone: Line = ""
    dwelling: CodeName = "unknown"
    registry_split: bool = False
    more_people: bool = False


class ScreeningIn(Sent):
    """How urgent somebody decided it is, and what becomes of it."""

    urgency: Literal["A", "B", "C", "D"]
    result: CodeName | None = None
    reason: Line = ""
    hand_to: CodeName | None = None


class ProtectionIn(Sent):
    """A protection (支援措置) of one member. ``ends_on``: until when the office granted it; it must be renewed."""

    member: UUID
    kind: CodeName
    reason: Line = ""
    ends_on: date | None = None
    allowed_posts: Annotated[list[UUID], Field(max_length=20)] = []


class AllowIn(Sent):
    """A post for the allow-list of a protection, and why."""

    post: UUID
    side: Literal["all", "home"] = "all"
    reason: Line = ""


class RenewIn(Sent):
    """Until when the office has granted it now."""

    ends_on: date | None = None


class GlassIn(Sent):
    """Why somebody must see a protected household now, and which post is asked to approve."""

    household: UUID | None = None
    number: Line = ""
    """Its number, for whoever has no page of it."""
    reason: Line = ""
    second: UUID | None = None


class GlassAnswerIn(Sent):
    """What the second person says."""

    answer: Literal["approved", "declined"]


class GlassReviewIn(Sent):
    """What came of looking back at a broken glass."""

    review: Line = ""


class ApartIn(Sent):
    """Who is kept ``away`` from the others of the household, and where they are."""

    away: Annotated[list[UUID], Field(max_length=MOST_MEMBERS)] = []
    address: Line = ""
    room: Line = ""
    phone: Line = ""
    places: Line = ""
    """School, workplace and other places where they can be found."""


class SideIn(Sent):
    """Whose side a consultation belongs to."""

    side: Literal["home", "apart"]


class ReasonIn(Sent):
    """Why a manager opens a record; the reason is kept."""

    reason: Line = ""


class EndIn(Sent):
    """Why something ends; the reason is kept."""

    reason: Line = ""


class TypeAnswerIn(Sent):
    """A worker's answer to what a rule asked."""

    answer: Literal["confirmed", "rejected"]
    reason: Line = ""


class LeaveIn(Sent):
    """A member no longer lives there."""

    reason: CodeName
    left_on: date | None = None


class LinkIn(Sent):
    """Another record that is, or is not, the same household or family."""

    other: UUID
    kind: Literal["same", "family"] = "same"
    answer: Literal["linked", "refused"] = "linked"


class SearchIn(Sent):
    """Words to search by and filters; they travel by POST only."""

    q: Line = ""
    area: CodeName | None = None
    type: CodeName | None = None
    before: Moment | None = None
    before_id: UUID | None = None


class ExportIn(SearchIn):
    """The same search as a file."""

    kind: Literal["csv", "xlsx"] = "csv"
