"""What pages and API ask of the actions: checked forms without meaning of their own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from shared.text import CodeName, Line, MaybeLine, Words


def _blank(value: object) -> object:
    return None if value == "" else value


MaybeCode = Annotated[CodeName | None, BeforeValidator(_blank)]
MaybeId = Annotated[UUID | None, BeforeValidator(_blank)]
MaybeMinutes = Annotated[Annotated[int, Field(ge=0, le=1440)] | None, BeforeValidator(_blank)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
MaybeDay = Annotated[Day | None, BeforeValidator(_blank)]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1).astimezone())]
Codes = Annotated[list[CodeName], Field(max_length=50)]


class Request(BaseModel):
    """Base of all forms: unknown fields are refused, so a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


class InviteAgency(Request):
    """Ask an agency in."""

    agency: CodeName
    question: Words
    basis: CodeName
    reason: MaybeCode = None
    """Of SHARE_REASON, where the basis needs one."""
    note: Words = ""
    items: Codes = []
    """Of CONSENT_ITEM: what is told on acceptance; none named: all of it. Who it is always belongs to it."""


class AnswerInvitation(Request):
    """The agency's answer."""

    answer: Literal["accepted", "discuss", "returned"]
    reason: MaybeCode = None
    text: Words = ""


class LeaveCase(Request):
    """An agency ends its part."""

    reason: CodeName


class RequestVisit(Request):
    """Ask outreach to go."""

    aim: Words
    purpose: CodeName
    due_on: Day
    persons: Annotated[int, Field(ge=1, le=4)] = 2
    slots: Codes = []
    skills: Codes = []


class CancelVisitRequest(Request):
    """Take a visit request back."""

    reason: CodeName


class WriteEntry(Request):
    """A progress entry (支援経過): what was seen, what was said, what we think."""

    occurred_at: Moment
    kind: CodeName
    channel: MaybeCode = None
    with_whom: Codes = []
    minutes: MaybeMinutes = None
    facts: Words = ""
    words: Words = ""
    judgement: Words = ""
    next_step: Line = ""
    scope: Literal["all", "lead"] = "all"
    fix: bool = False
    """確定する: from now on only corrections."""


class CorrectEntry(Request):
    """A new version of a fixed entry."""

    reason: Line
    facts: Words = ""
    words: Words = ""
    judgement: Words = ""


class AssignTask(Request):
    """Who does what until when."""

    title: Line
    agency: CodeName
    post: MaybeId = None
    due_on: Day


class EndTask(Request):
    """A task moves on."""

    state: Literal["open", "doing", "done", "dropped"]


class CallMeeting(Request):
    """Call a meeting."""

    kind: CodeName
    starts_at: Moment
    place: Line = ""
    agencies: Codes = []
    """Of a meeting to which agencies are called."""
    members: Annotated[list[UUID], Field(max_length=50)] = []
    """Of a meeting of named members: the posts, besides the chair."""
    reason: MaybeCode = None
    """Of SHARE_REASON: why a support council talks without consent."""
    anonymous: bool = False
    """The same sheet without saying which household it is."""


class NameMember(Request):
    """A post that sits in a meeting."""

    post: UUID


class SignSecrecy(Request):
    """守秘確認: by the member itself, today; or by the chair, from a paper that was signed on a day."""

    post: MaybeId = None
    signed_on: MaybeDay = None


class LayMaterial(Request):
    """A sheet for a meeting (準備シート): four boxes, and which classes of item they tell of."""

    known: Words = ""
    doing: Words = ""
    wanted: Words = ""
    asks: Words = ""
    items: Codes = []


class HoldMeeting(Request):
    """A meeting took place: what was decided, and who does what."""

    minutes: Words
    tasks: Annotated[list[AssignTask], Field(max_length=30)] = []


class PlanLineIn(Request):
    """One row of a plan."""

    what: Line
    agency: MaybeCode = None
    who: Line = ""
    family_does: Line = ""
    frequency: Line = ""


class DraftPlan(Request):
    """A plan to be decided."""

    goal: Words
    goal_by: Line = ""
    starts_on: Day
    ends_on: Day
    monitoring_on: Day
    lines: Annotated[list[PlanLineIn], Field(max_length=40)]


class DecidePlan(Request):
    """支援決定."""

    document: Line = ""


class EvaluatePlan(Request):
    """The plan's end was looked at."""

    attainment: CodeName
    changes: Codes = []
    next_policy: Literal["close", "plan_again", "suspend"]
    evaluation: Words = ""


class ChangeOwner(Request):
    """Hand a case to another post."""

    owner: UUID


class ChangeLead(Request):
    """Name the lead agency, or none."""

    agency: MaybeCode = None


class CloseCase(Request):
    """End a case."""

    reason: CodeName
    note: Words = ""


class OpenCase(Request):
    """Why somebody who sees a case's status alone opens its record."""

    reason: Line


class RegisterPerson(Request):
    """A member of staff. ``email`` and ``employee_number``: what a provider knows them by."""

    name: Line
    kana: Line = ""
    romaji: Line = ""
    email: MaybeLine = None
    employee_number: MaybeLine = None


class LiveIn(Request):
    """The district where somebody of the staff lives; none: it is forgotten."""

    district: MaybeLine = None


class LookedAt(Request):
    """A line of the weekly page that an auditor has looked at."""

    day: date
    rule: CodeName
    post: UUID
    household: UUID | None = None
    words: Line


class StartPost(Request):
    """A post (職) that a person holds from a day on; 兼務 is simply another one."""

    agency: CodeName
    role: CodeName
    areas: Codes = []
    title_ja: Line = ""
    title_en: Line = ""
    starts_on: Day
    ends_on: MaybeDay = None
    head: bool = False


class LimitPost(Request):
    """The last day of a post, and who takes its cases then."""

    ends_on: MaybeDay = None
    successor: MaybeId = None


class BindIdentity(Request):
    """Who a provider's subject is."""

    issuer: Line
    subject: Line
