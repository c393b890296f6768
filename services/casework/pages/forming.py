"""How a form changes something: one action in one transaction, once a key, then to where the change is seen.

What is refused is said beside its field, on the page the form stands on, and nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.casework.api.changing import Changed, change
from services.casework.pages.forms import Problem, key_of, problems_of, read_fields, understand
from shared.errors import Missing, Refused
from shared.i18n import locale_of
from shared.identity import Actor, CurrentActor
from shared.service import Here

Action = Callable[[AsyncSession, Actor, UUID, Any], Awaitable[Any]]
"""``action(session, actor, about, body)``; gives the row that was changed."""
Again = Callable[[dict[str, Any], list[Problem], int], Awaitable[Response]]
"""The page once more, with what was typed, what is wrong with it, and the status."""


class Form:
    """What was sent, and by whom: a dependency."""

    def __init__(self, request: Request, here: Here, actor: CurrentActor) -> None:
        self.request, self.here, self.actor = request, here, actor

    async def send(
        self,
        name: str,
        model: type[BaseModel],
        action: Action,
        about: UUID,
        *,
        again: Again,
        to: Callable[[Changed], str],
        fields: dict[str, Any] | None = None,
    ) -> Response:
        """Do it, and lead ``to`` where it is seen. ``fields``: where more is to be sent than was typed."""
        if fields is None:
            fields = await read_fields(self.request)
        body, problems = understand(fields, model, locale_of(self.request))
        if body is None:
            return await again(fields, problems, 422)
        try:
            done, changed = await change(
                self.here,
                self.actor,
                lambda session: action(session, self.actor, about, body),
                key=key_of(fields),
                what=f"{name}/{about}",
                body=body,
            )
        except Missing:
            raise
        except Refused as refused:
            return await again(fields, problems_of(self.request, refused), refused.status)
        return RedirectResponse(done.link(to(changed)), status_code=303)
