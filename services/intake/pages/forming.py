"""How a form changes something: one action in one transaction, once a key, then to where the change is seen.

What is refused is said beside its field, on the page the form stands on, and nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.intake.forms import read_fields, understand
from services.intake.pages.households import household_page
from shared.errors import Missing, Refused
from shared.i18n import locale_of
from shared.identity import CurrentActor
from shared.service import Here

Action = Callable[..., Awaitable[Any]]
"""``action(session, actor, *given, body)``."""
Again = Callable[[Refused, dict[str, Any]], Awaitable[Response]]
"""The page once more, with what was refused and what was typed."""


class _Form:
    """What was sent, and by whom."""

    def __init__(self, request: Request, here: Here, actor: CurrentActor) -> None:
        self.request, self.here, self.actor = request, here, actor

    async def send(
        self,
        model: type[BaseModel],
        action: Action,
        *given: UUID | str,
        again: Again,
        ids: Callable[[Any], dict[str, UUID]],
        to: Callable[[Mapping[str, Any]], str],
        settle: Callable[[Any], BaseModel] | None = None,
        **lists: str,
    ) -> Response:
        """Do it, and lead ``to`` where it is seen. ``ids``: of what was changed, kept for a repetition.

        ``settle``: the request with what it left open.
        """
        fields = await read_fields(self.request)
        body, problems = understand(fields, model, self.here.codes, locale_of(self.request), **lists)
        if body is None:
            first = problems[0]
            return await again(Refused("{sentence}", first["field"], sentence=first["text"]), fields)
        meant = body if settle is None else settle(body)

        async def work(session: AsyncSession) -> dict[str, Any]:
            changed = await action(session, self.actor, *given, meant)
            return {name: str(one) for name, one in ids(changed).items()}

        try:
            done = await self.here.perform(
                self.actor,
                work,
                key=fields.get("idempotency_key"),
                what=self.request.url.path,
                body=body.model_dump(mode="json"),
            )
        except Missing:
            raise
        except Refused as refusal:
            return await again(refusal, fields)
        return RedirectResponse(done.link(to(done.answer)), status_code=303)


Form = Annotated[_Form, Depends()]


class _HouseholdForm:
    """A form on a household's page."""

    def __init__(self, household: UUID, form: Form) -> None:
        self.household, self.form = household, form
        self.here = form.here

    async def do(
        self,
        model: type[BaseModel],
        action: Action,
        *given: UUID | str,
        place: str,
        settle: Callable[[Any], BaseModel] | None = None,
        **lists: str,
    ) -> Response:
        """Do it, and go back to ``place`` on the page."""

        async def again(refusal: Refused, fields: dict[str, Any]) -> Response:
            form = self.form
            return await household_page(
                form.request, form.here, form.actor, self.household, refusal=refusal, sent=fields
            )

        return await self.form.send(
            model,
            action,
            *given,
            again=again,
            ids=lambda _: {"household": self.household},
            to=lambda _: f"/intake/households/{self.household}#{place}",
            settle=settle,
            **lists,
        )


HouseholdForm = Annotated[_HouseholdForm, Depends()]
