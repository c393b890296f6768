"""The forms of outreach's pages: lenient when read, so that nothing typed is lost; strict when used."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.outreach.requests import ReportIn
from shared.clock import TOKYO
from shared.errors import Refused
from shared.i18n import N_

OWN_DAY = "own"
END = "end:"
"""Before a code of VISIT_END, among the days to choose from."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")

    idempotency_key: str | None = Field(default=None, max_length=200)


class Tap(_Form):
    """A button that needs nothing but its key; ``at``: when it was pressed, where it is sent late."""

    at: AwareDatetime | None = None


class AnswerForm(_Form):
    """行きます / 行けません."""

    answer: str = Field(max_length=20)
    reason: str = Field(default="", max_length=64)


class ReportForm(_Form):
    """The result, as it was typed."""

    result: str = Field(default="", max_length=64)
    again: str = Field(default="", max_length=64)
    next_on: str = Field(default="", max_length=20)
    trust_stage: str = Field(default="", max_length=2)
    card_left: str = Field(default="", max_length=3)
    observations: list[str] = Field(default=[], max_length=50)
    members_met: list[str] = Field(default=[], max_length=30)
    words: str = Field(default="", max_length=5000)
    at: str = Field(default="", max_length=40)

    def to_request(self) -> ReportIn:
        """What the API would have got; Refused beside the first field that can't be read."""
        given: dict[str, Any] = {
            "result": self.result,
            "words": self.words,
            "card_left": bool(self.card_left),
            "observations": self.observations,
            "members_met": self.members_met,
        }
        if not self.result:
            raise Refused(N_("結果をひとつ選んでください。"), field="result")
        if self.again.startswith(END):
            given["end_reason"] = self.again.removeprefix(END)
        else:
            given["next_on"] = self.next_on if self.again in {"", OWN_DAY} or self.next_on else self.again
            given["next_on"] = given["next_on"] or None
        if self.trust_stage:
            given["trust_stage"] = self.trust_stage
        if self.at:
            given["occurred_at"] = self.at
        try:
            return ReportIn.model_validate(given)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise Refused(N_("この欄を読み取れませんでした。書き直してください。"), field=field) from error


class WordsForm(_Form):
    """ひとこと."""

    words: str = Field(default="", max_length=5000)


class ProposeForm(_Form):
    """Make a plan for a team."""

    team: str = Field(default="", max_length=64)


class PublishForm(_Form):
    """Publish these proposals."""

    visit: list[UUID] = Field(default=[], max_length=200)


class ArrangeForm(_Form):
    """Who goes, when: by hand."""

    workers: list[str] = Field(default=[], max_length=6)
    day: str = Field(default="", max_length=20)
    start: str = Field(default="", max_length=10)
    minutes: str = Field(default="60", max_length=4)
    version: int | None = Field(default=None, ge=0, le=2**31 - 1)

    def staff(self) -> list[UUID]:
        """The workers chosen; empty choices are passed over."""
        try:
            return [UUID(worker) for worker in self.workers if worker]
        except ValueError:
            raise Refused(N_("行く人を選んでください。"), field="workers") from None

    def slot(self) -> tuple[datetime, datetime]:
        """From when to when, aware."""
        try:
            start = datetime.combine(date.fromisoformat(self.day), time.fromisoformat(self.start), TOKYO)
        except ValueError:
            raise Refused(N_("日と時刻を入れてください。"), field="day") from None
        if not self.minutes.isascii() or not self.minutes.isdigit():
            raise Refused(N_("長さを分で入れてください。"), field="minutes")
        return start, start + timedelta(minutes=int(self.minutes))


class WorkerForm(_Form):
    """What a worker can do, how much."""

    skills: list[str] = Field(default=[], max_length=50)
    weekly_minutes: int = Field(default=600, ge=0, le=2400)


class LeaveForm(_Form):
    """Days away."""

    since: str = Field(default="", max_length=20)
    until: str = Field(default="", max_length=20)

    def days(self) -> tuple[date, date]:
        """Both ends; the last day may be left out for one day."""
        try:
            since = date.fromisoformat(self.since)
            return since, date.fromisoformat(self.until or self.since)
        except ValueError:
            raise Refused(N_("休みの日を入れてください。"), field="since") from None
