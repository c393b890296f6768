"""What people and programs send about consent: recorded, confirmed, taken back; another wording of the text."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.intake.requests import CodeList, Sent
from shared.text import CodeName, Line, Words

Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[b-z]?$")]
"""A version of the text that is explained."""


class ConsentIn(Sent):
    """What one person allows, or that they could not be asked. ``purpose`` alone is read as a list of one."""

    member: UUID
    state: CodeName
    purposes: CodeList = Field(default_factory=list)
    recipients: CodeList = Field(default_factory=list)
    """Codes of agencies, or of kinds of agency (AGENCY_KIND)."""
    items: CodeList = Field(default_factory=list)
    limits: Line = ""
    """In the person's words."""
    ends_on: date | None = None
    method: CodeName | None = None
    """CONSENT_METHOD; left out, the first one that fits the state."""
    explained_on: date | None = None
    explained_by: UUID | None = None
    """A post; left out, whoever records it."""
    text_version: Version | None = None
    """The text that was shown; left out, none was."""
    representative_name: Line = ""
    representative_relation: CodeName | None = None
    representative_ground: CodeName | None = None
    understood: bool = False
    """Whoever explained it says that the person understood and decided."""
    replaces: UUID | None = None
    """An earlier consent of this person, which this one renews or changes."""

    @model_validator(mode="before")
    @classmethod
    def _take_one_purpose(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "purpose" not in data:
            return data
        rest = {name: value for name, value in data.items() if name != "purpose"}
        return rest if not data["purpose"] or rest.get("purposes") else rest | {"purposes": [data["purpose"]]}


class ConfirmIn(Sent):
    """A signature to what was said orally or left open."""

    method: CodeName | None = None
    """CONSENT_METHOD; left out, a signature."""
    signed_on: date | None = None
    text_version: Version | None = None


class WithdrawIn(Sent):
    """Somebody takes a consent back. All of it may be left out: it stops at once all the same."""

    reason: Line = ""
    """Why, in their words."""
    said_by: CodeName | None = None
    """CONSENT_SPEAKER; left out, the person."""
    channel: CodeName | None = None
    said_on: date | None = None


class ConsentTextIn(Sent):
    """Another wording of the text, in three variants: what each says in the parts that a ward rewrites."""

    valid_from: date
    wording: dict[Literal["plain", "ja", "en"], dict[CodeName, Words]]
