"""One running service: what a route finds at hand, and how a change is carried out exactly once.

``perform`` is the one way in which a request changes something: a transaction with the idempotency key in it, then,
after the commit, the position of what was recorded, so that the next page can wait for it (``after=intake:1234``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Request

from shared.codes import Codes
from shared.idempotency import claim_key, fingerprint_of, keep_answer
from shared.operations import Operations, Recent, read_operations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from jinja2 import Environment
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.audit.weekly import Relate
    from shared.db import Database
    from shared.disclosure.parts import Export
    from shared.identity import Actor, Tokens
    from shared.operations import CountDeliveries
    from shared.settings import Settings
    from shared.spine import Spine
    from shared.telemetry import Metrics

    Disclose = Callable[[AsyncSession, "Service", Actor, UUID], Awaitable[Export]]
    """How a service collects what it holds about a household for a disclosure request."""

AFTER_SECONDS = 2.0
"""How long a page waits for the fact it was promised."""


@dataclass(slots=True)
class Service:
    """The parts of one service, made by ``shared.web.build_service`` and found at ``app.state.service``."""

    name: str
    settings: Settings
    folder: Path
    db: Database
    spine: Spine
    tokens: Tokens
    templates: Environment
    metrics: Metrics
    codes: Codes = field(default_factory=lambda: Codes([]))
    deliveries: CountDeliveries | None = None
    disclose: Disclose | None = None
    relate: Relate | None = None
    """How the weekly look at the audit learns who belongs with which household."""
    operations: Recent[Operations] = field(init=False)
    """What an operator sees of it, at most two seconds old."""

    def __post_init__(self) -> None:
        """Prepare to be looked at."""
        self.operations = Recent(self._look)

    async def _look(self) -> Operations:
        return await read_operations(self.db, await self.spine.status(), self.deliveries)

    async def load_codes(self) -> None:
        """Read the code lists again, at start and after an edit."""
        async with self.db.read() as session:
            self.codes = await Codes.load(session)

    async def perform(
        self,
        actor: Actor,
        work: Callable[[AsyncSession], Awaitable[dict[str, Any] | None]],
        *,
        key: str | None = None,
        what: str = "",
        body: object = None,
    ) -> Done:
        """Run ``work`` in one transaction, once for each ``key`` of this post.

        ``what`` and ``body`` tell a repetition from another request under the same key (Conflict). ``work`` returns
        ids and codes only: its answer is kept for the repetition.
        """
        async with self.db.transaction() as session:
            if key:
                claim = await claim_key(session, actor.post, key, fingerprint_of(what, body))
                if claim.repeated:
                    return Done(claim.answer or {}, None, repeated=True)
            answer = await work(session) or {}
            if key:
                await keep_answer(session, actor.post, key, answer)
            recorded = self.spine.recorded_in(session)
        return Done(answer, await self.spine.position_after(recorded), repeated=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a change. ``position`` is ``<service>:<number>`` of its last event, when there is one."""

    answer: dict[str, Any]
    position: str | None
    repeated: bool

    def uuid(self, name: str) -> UUID:
        """An id out of the answer."""
        return UUID(self.answer[name])

    def link(self, path: str) -> str:
        """``path`` with the position to wait for; other parameters of ``path`` stay."""
        if self.position is None:
            return path
        path, mark, fragment = path.partition("#")
        return f"{path}{'&' if '?' in path else '?'}after={self.position}{mark}{fragment}"


def here(request: Request) -> Service:
    """The service that answers this request."""
    return cast("Service", request.app.state.service)


Here = Annotated[Service, Depends(here)]


def idempotency_key(request: Request) -> str | None:
    """The key of an API request, from its ``Idempotency-Key`` header; at most 200 characters count."""
    return (request.headers.get("idempotency-key") or "")[:200] or None


IdempotencyKeyHeader = Annotated[str | None, Depends(idempotency_key)]


async def wait_for_after(request: Request) -> None:
    """Wait up to two seconds for the facts that a link promised (``after=<service>:<position>``).

    Sets ``request.state.on_its_way`` when one has not come: a page then says so instead of 404.
    """
    request.state.on_its_way = False
    service = here(request)
    for promise in request.query_params.getlist("after")[:4]:
        source, _, position = promise.partition(":")
        if source == service.name or not position.isdigit() or len(position) > 18:  # noqa: PLR2004 - fits a bigint
            continue
        if not await service.spine.wait_for(source, int(position), timeout=AFTER_SECONDS):
            request.state.on_its_way = True
