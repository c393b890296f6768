"""A request sent twice is done once: the key, what it asked, what it was answered, in the request's own transaction."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.db import SharedBase
from shared.errors import Conflict

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_OTHER_BODY = "同じ送信番号で、ちがう内容が届きました。前のものは保存されています。画面を開き直してください。"


class IdempotencyKey(SharedBase):
    """One key of one post. ``answer`` holds ids and codes only."""

    __tablename__ = "idempotency_key"

    post: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether the key is new; if it is not, what was answered then."""

    repeated: bool
    answer: dict[str, Any] | None = None


def fingerprint_of(what: str, body: object) -> str:
    """A hash of what was asked, the same for the same body whatever the order of its fields."""
    text = json.dumps([what, body], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def claim_key(session: AsyncSession, post: UUID, key: str, fingerprint: str) -> Claim:
    """Take the key, or learn that it was taken; a second request waits here until the first has committed.

    Raises Conflict when the same key came with another body.
    """
    row = {"post": post, "key": key, "fingerprint": fingerprint, "created_at": clock.now(), "answer": None}
    taken = await session.scalar(
        insert(IdempotencyKey).values(row).on_conflict_do_nothing().returning(IdempotencyKey.key)
    )
    if taken is not None:
        return Claim(repeated=False)
    before = await session.scalar(select(IdempotencyKey).where(IdempotencyKey.post == post, IdempotencyKey.key == key))
    if before is None or before.fingerprint != fingerprint:
        raise Conflict(_OTHER_BODY)
    return Claim(repeated=True, answer=before.answer)


async def keep_answer(session: AsyncSession, post: UUID, key: str, answer: dict[str, Any]) -> None:
    """Keep what was answered, for the repetition."""
    await session.execute(
        update(IdempotencyKey).where(IdempotencyKey.post == post, IdempotencyKey.key == key).values(answer=answer)
    )
