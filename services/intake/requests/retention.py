"""What people send about keeping and erasing: holds, requests for erasure, and what a manager has approved."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.intake.requests import Sent
from shared.text import CodeName, Line, Words


class HoldIn(Sent):
    """Stop the erasure of everything about a household."""

    ground: CodeName
    """HOLD_GROUND"""
    reason: Words = Field(min_length=1)
    reference: Line = ""


class LiftIn(Sent):
    """Let the periods count again."""

    reason: Words = Field(min_length=1)


class ErasureIn(Sent):
    """Somebody asks for erasure (利用停止・消去)."""

    ground: CodeName
    """ERASURE_GROUND"""
    words: Words = ""


class ErasureAnswerIn(Sent):
    """A request for erasure is refused."""

    answer: CodeName
    """ERASURE_ANSWER"""
    words: Words = ""


class ErasedIn(Sent):
    """What a manager has approved."""

    chosen: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    document: Line = ""
