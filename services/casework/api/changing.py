"""How a request changes something: one action in one transaction, once a key, and a receipt with the position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from shared.identity import CurrentActor
from shared.service import Here, IdempotencyKeyHeader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor
    from shared.service import Done, Service


class Changed(BaseModel):
    """What came of a change. ``position`` is what the next page waits for (``after=casework:1234``)."""

    id: UUID
    case: UUID | None = None
    state: str | None = None
    position: str | None
    repeated: bool


async def change(
    service: Service,
    actor: Actor,
    action: Callable[[AsyncSession], Awaitable[Any]],
    *,
    key: str | None,
    what: str,
    body: BaseModel | None = None,
) -> tuple[Done, Changed]:
    """Run ``action``; its answer is the row that was changed, of which id, case and state are told."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        row = await action(session)
        case = getattr(row, "case_id", None)
        return {
            "id": str(row.id),
            "case": str(case) if case is not None else None,
            "state": getattr(row, "state", None),
        }

    given = body.model_dump(mode="json") if body is not None else None
    done = await service.perform(actor, work, key=key, what=what, body=given)
    answer = done.answer
    case = answer.get("case")
    return done, Changed(
        id=UUID(answer["id"]),
        case=UUID(case) if case else None,
        state=answer.get("state"),
        position=done.position,
        repeated=done.repeated,
    )


class _Sender:
    """Who asks for a change over JSON, and under which key."""

    def __init__(self, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> None:
        self._here, self._actor, self._key = here, actor, key

    async def do(
        self,
        what: str,
        action: Callable[..., Awaitable[Any]],
        about: UUID,
        *given: Any,
        body: BaseModel | None = None,
    ) -> Changed:
        """Run ``action(session, actor, about, *given)`` once; ``body``: the whole request, if ``given`` is a part."""
        _, changed = await change(
            self._here,
            self._actor,
            lambda session: action(session, self._actor, about, *given),
            key=self._key,
            what=f"{what}/{about}",
            body=body or next(iter(given), None),
        )
        return changed


Sent = Annotated[_Sender, Depends()]
