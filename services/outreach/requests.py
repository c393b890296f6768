"""What the API and the forms of outreach take and give. Times carry their time zone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.outreach.actions.reporting import VisitReport
from services.outreach.queries.requests import Waiting
from services.outreach.queries.visits import Card, Going
from services.outreach.rules.plans import REASONS, REFUSALS
from shared.codes import Codes
from shared.i18n import gettext
from shared.text import CodeName, Words

Workers = Annotated[list[UUID], Field(max_length=6)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequestFilter(BaseModel):
    """Which visit requests; ``after_id``: the last id of the page before. Other parameters (``after``) pass by."""

    state: list[CodeName] = Field(default=["open", "planned"], max_length=10)
    after_id: UUID | None = None
    limit: int = Field(default=30, ge=1, le=100)


class VisitFilter(BaseModel):
    """Which visits; ``after_id``: the last id of the page before."""

    state: list[CodeName] = Field(default=[], max_length=10)
    household: UUID | None = None
    case: UUID | None = None
    request: UUID | None = None
    mine: bool = False
    after_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=100)


class PlanIn(_In):
    """A planning run: for a team (the lead's own when absent), for all open requests or some of them."""

    team: CodeName | None = None
    requests: list[UUID] = Field(default=[], max_length=200)


class PublishIn(_In):
    """Proposals to publish, all or none."""

    visits: list[UUID] = Field(min_length=1, max_length=200)


class AssignIn(_In):
    """A visit planned by hand."""

    team: CodeName | None = None
    workers: Workers
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class ChangeIn(_In):
    """Other workers or another time; ``version`` is what the lead was looking at."""

    workers: Workers
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    version: int | None = Field(default=None, ge=0, le=2**31 - 1)


class AnswerIn(_In):
    """A worker's answer; ``reason`` (DECLINE_REASON) when it is no."""

    answer: Literal["accepted", "declined"]
    reason: CodeName | None = None


class MomentIn(_In):
    """When it was, where it is told late."""

    at: AwareDatetime | None = None


class ReportIn(_In):
    """What came of a visit."""

    result: CodeName
    occurred_at: AwareDatetime | None = None
    next_on: date | None = None
    end_reason: CodeName | None = None
    trust_stage: int | None = Field(default=None, ge=0, le=6)
    card_left: bool = False
    observations: list[CodeName] = Field(default=[], max_length=50)
    members_met: list[UUID] = Field(default=[], max_length=30)
    words: Words = ""

    def to_report(self) -> VisitReport:
        """As the action takes it."""
        return VisitReport(
            result=self.result,
            occurred_at=self.occurred_at,
            next_on=self.next_on,
            end_reason=self.end_reason,
            trust_stage=self.trust_stage,
            card_left=self.card_left,
            observations=tuple(self.observations),
            members_met=tuple(self.members_met),
            words=self.words,
        )


class NoteIn(_In):
    """Words that come after the result."""

    words: Words


class WorkerIn(_In):
    """What a worker can do (SKILL), and how many minutes of visits a week."""

    skills: list[CodeName] = Field(default=[], max_length=50)
    weekly_minutes: int = Field(ge=0, le=2400)


class LeaveIn(_In):
    """Days away, both included."""

    since: date
    until: date


class ChangedOut(BaseModel):
    """The receipt of a change: ids, and the position to wait for (``outreach:1234``)."""

    position: str | None
    repeated: bool = False
    visit: UUID | None = None
    visits: list[UUID] = []
    state: str | None = None


class ReasonOut(BaseModel):
    """Why a choice costs what it does."""

    code: str
    text: str
    points: float


class GoingOut(BaseModel):
    """A worker of a visit."""

    post: UUID
    answer: str | None
    reason: str | None


class VisitOut(BaseModel):
    """A visit, without a name."""

    id: UUID
    request: UUID
    case: UUID
    case_number: str
    household: UUID
    team: str
    state: str
    purpose: str
    urgency: str
    starts_at: datetime
    ends_at: datetime
    workers: list[GoingOut]
    version: int
    started_at: datetime | None
    check_out_due: datetime | None
    left_at: datetime | None
    result: str | None
    card_left: bool
    next_on: date | None
    end_reason: str | None
    absences: int
    trust_stage: int | None
    observations: list[str]

    @classmethod
    def of(cls, card: Card) -> VisitOut:
        """From the card that a query made."""
        visit = card.visit
        return cls(
            id=visit.id,
            request=visit.request,
            case=visit.case,
            case_number=card.request.number,
            household=visit.household,
            team=visit.team,
            state=visit.state,
            purpose=card.request.purpose,
            urgency=card.request.urgency,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            workers=_going(card.workers),
            version=visit.version,
            started_at=visit.started_at,
            check_out_due=visit.check_out_due,
            left_at=visit.left_at,
            result=visit.result,
            card_left=visit.card_left,
            next_on=visit.next_on,
            end_reason=visit.end_reason,
            absences=visit.absences,
            trust_stage=visit.trust_stage,
            observations=list(card.observations),
        )


class ProposalOut(BaseModel):
    """What is planned or proposed for a request."""

    visit: UUID
    state: str
    team: str
    workers: list[GoingOut]
    starts_at: datetime
    ends_at: datetime
    score: int | None
    reasons: list[ReasonOut]
    version: int


class RequestOut(BaseModel):
    """A visit request with its present visit, or with what stands in the way."""

    id: UUID
    case: UUID
    case_number: str
    household: UUID
    area: str | None
    district: str | None
    urgency: str
    purpose: str
    due_on: date
    next_on: date | None
    persons: int
    skills: list[str]
    slots: list[str]
    state: str
    protected: bool
    absences: int
    step: str | None
    proposal: ProposalOut | None
    obstacle: str | None

    @classmethod
    def of(cls, waiting: Waiting, codes: Codes, locale: str) -> RequestOut:
        """From what a query found."""
        request, visit, record = waiting.request, waiting.visit, waiting.record
        proposal = None
        if visit is not None:
            proposal = ProposalOut(
                visit=visit.id,
                state=visit.state,
                team=visit.team,
                workers=_going(waiting.workers),
                starts_at=visit.starts_at,
                ends_at=visit.ends_at,
                score=visit.score,
                reasons=[ReasonOut(**reason) for reason in reasons_in_words(visit.reasons, codes, locale)],
                version=visit.version,
            )
        return cls(
            id=request.id,
            case=request.case,
            case_number=request.number,
            household=request.household,
            area=request.area,
            district=request.district,
            urgency=request.urgency,
            purpose=request.purpose,
            due_on=request.due_on,
            next_on=request.next_on,
            persons=request.persons,
            skills=request.skills,
            slots=request.slots,
            state=request.state,
            protected=waiting.protected,
            absences=record.absences if record is not None else 0,
            step=record.step if record is not None else None,
            proposal=proposal,
            obstacle=obstacle_in_words(request.obstacle, request.obstacle_params, locale),
        )


class MemberOut(BaseModel):
    """One worker of a team."""

    post: UUID
    role: str
    skills: list[str]
    weekly_minutes: int
    leaves: list[dict[str, Any]]


class NoteOut(BaseModel):
    """One note, as it is shown and exported."""

    id: UUID
    visit: UUID
    author: UUID
    occurred_at: datetime
    recorded_at: datetime
    words: str


def reasons_in_words(reasons: list[dict[str, Any]], codes: Codes, locale: str) -> list[dict[str, Any]]:
    """The planner's reasons as sentences: ``[{"code", "text", "points"}]``, what costs most first."""
    told = []
    for reason in reasons:
        sentence = REASONS.get(reason["code"])
        if sentence is None:
            continue
        params = dict(reason.get("params") or {})
        if "skills" in params:
            names = [codes.label("SKILL", code, locale) for code in str(params["skills"]).split(",")]
            params["skills"] = (", " if locale == "en" else "・").join(names)
        text = gettext(sentence, locale).format(**params)
        told.append({"code": reason["code"], "text": text, "points": reason.get("points", 0)})
    return sorted(told, key=lambda reason: -reason["points"])


def obstacle_in_words(code: str | None, params: dict[str, Any], locale: str) -> str | None:
    """Why the planner found no place, as a sentence."""
    sentence = REFUSALS.get(code or "")
    return gettext(sentence, locale).format(**params) if sentence else None


def _going(workers: tuple[Going, ...]) -> list[GoingOut]:
    return [GoingOut(post=worker.post, answer=worker.answer, reason=worker.reason) for worker in workers]
