"""What a service tells about a household for a disclosure request: parts with words, and who saw them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

DISCLOSING: Final = frozenset({"manager"})
"""Roles that handle disclosure requests."""

BASIS: Final = "appi_76"
"""開示請求権, 個人情報保護法76条: what stands as the basis in the audit."""

Whose = Literal["", "member", "caller", "staff", "agency"]


class Said(BaseModel):
    """One field of a part. ``name``: of ``words.FIELDS``; ``whose``: of whom it tells beside the person, if any."""

    name: str
    text: str
    whose: Whose = ""
    member: UUID | None = None
    """Which member, for ``member``."""


class Part(BaseModel):
    """One record. ``kind``: of ``words.KINDS``; ``member``: the only one it is about, where it is about one alone."""

    service: str
    kind: str
    id: str
    at: datetime | date | None = None
    post: UUID | None = None
    """Who wrote it."""
    agency: str | None = None
    member: UUID | None = None
    withheld: str = ""
    """Why it is only listed: a code of DISCLOSURE_GROUND. Its words are not there then."""
    said: list[Said] = []

    @property
    def key(self) -> str:
        """What marks are kept under."""
        return f"{self.service}:{self.kind}:{self.id}"


class Access(BaseModel):
    """What one post did with one household's record on one day, in one way."""

    service: str
    post: UUID
    agency: str | None = None
    action: str
    first_at: datetime
    last_at: datetime
    times: int
    place: Literal["inside", "outside", "unknown"]
    """Whether the address was one of the staff network's."""
    basis: str | None = None
    reason: str | None = None


class PostTitle(BaseModel):
    """A post as the file names it; ``name`` is there to be found in texts, and stands in no file."""

    title: str
    agency: str
    name: str = ""


class Export(BaseModel):
    """All that one service holds about a household."""

    service: str
    parts: list[Part]
    accesses: list[Access]
    posts: dict[UUID, PostTitle] = Field(default_factory=dict)
    """From casework, which knows them."""


def say(name: str, text: object, whose: Whose = "", member: UUID | None = None) -> list[Said]:
    """A field, or nothing where there is nothing to say; lists are joined, days written as in ISO 8601."""
    if text is None or text in ("", []):
        return []
    if isinstance(text, list | tuple | set | frozenset):
        text = "、".join(str(one) for one in text if one not in {None, ""})
    elif isinstance(text, datetime):
        text = text.isoformat(timespec="minutes")
    elif isinstance(text, date):
        text = text.isoformat()
    return [Said(name=name, text=str(text), whose=whose, member=member)]
