"""What an officer sends about a disclosure request (開示請求)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.intake.requests import Sent
from shared.text import CodeName, Line, Words


class DisclosureIn(Sent):
    """A disclosure request (開示請求) as it came in."""

    member: UUID
    asked_by: CodeName = "self"
    """ASKER"""
    asker_name: Line = ""
    identity_check: CodeName
    """IDENTITY_CHECK"""
    language: Literal["ja", "en"] = "ja"
    """Of the file."""
    received_on: date


class ExtensionIn(Sent):
    """Why the decision needs longer (83条2項)."""

    reason: Words


class MarkIn(Sent):
    """One place that was looked at: blacked out on a ground, or given (no ground)."""

    part: Annotated[str, StringConstraints(max_length=120)]
    field: Annotated[str, StringConstraints(max_length=60)] = ""
    phrase: Words = ""
    ground: CodeName | None = None
    """DISCLOSURE_GROUND"""


class ReviewIn(Sent):
    """What an officer has decided about the whole file. ``digest``: of the material that they have seen."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    marks: Annotated[list[MarkIn], Field(max_length=5000)]


class DecisionIn(Sent):
    """The decision (82条)."""

    decision: CodeName
    """DECISION"""


class DeliveryIn(Sent):
    """How and when it was handed over (87条)."""

    delivery: CodeName
    """DELIVERY"""
    delivered_on: date


class WithdrawalIn(Sent):
    """Why the request was taken back."""

    reason: Words
