"""How a request over JSON changes something: one action in one transaction, once a key, and a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from services.intake.answers import Change
from shared.identity import CurrentActor
from shared.service import Here, IdempotencyKeyHeader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession


def _own_id(row: Any) -> UUID:
    found: UUID = row.id
    return found


class _Sender:
    """Who asks for a change, and under which key."""

    def __init__(self, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> None:
        self._here, self._actor, self._key = here, actor, key

    async def do(
        self,
        what: str,
        action: Callable[..., Awaitable[Any]],
        *given: UUID | str | BaseModel,
        body: BaseModel | None = None,
        named: Callable[[Any], UUID] = _own_id,
    ) -> Change:
        """Run ``action(session, actor, *given)`` once; ``what``, ids and request tell a repetition from another.

        ``body``: the request as it was sent, where ``given`` has it settled; ``named``: the id of what was changed.
        """

        async def work(session: AsyncSession) -> dict[str, Any]:
            return {"id": str(named(await action(session, self._actor, *given)))}

        about = [str(one) for one in given if not isinstance(one, BaseModel)]
        sent = body or next((one for one in given if isinstance(one, BaseModel)), None)
        done = await self._here.perform(
            self._actor,
            work,
            key=self._key,
            what="/".join([what, *about]),
            body=sent.model_dump(mode="json") if sent is not None else None,
        )
        return Change(id=done.uuid("id"), position=done.position, repeated=done.repeated)


Sent = Annotated[_Sender, Depends()]
