"""Asks another service for something that a person looks at, with that person's own rights: GETs, and searches by POST.

The person's token goes along, with a credential of this service that is bound to it. Never in a request that changes
something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import structlog

from shared.audit.origin import current_origin
from shared.credentials import HEADER, NoKeyError

if TYPE_CHECKING:
    from shared.service import Service

log = structlog.get_logger()


class AwayError(Exception):
    """The other service could not be asked, or would not answer. ``status``: what it said, 0 for nothing."""

    def __init__(self, service: str, status: int = 0) -> None:
        super().__init__(service)
        self.service = service
        self.status = status


async def ask(
    here: Service,
    token: str | None,
    other: str,
    path: str,
    *,
    method: str = "GET",
    patience: float = 10.0,
    **more: Any,
) -> Any:
    """The JSON answer of ``other`` to ``path`` (below its prefix). Raises AwayError."""
    url = here.settings.urls.get(other)
    if not url or not token:
        raise AwayError(other)
    try:
        headers = {
            "authorization": f"Bearer {token}",
            HEADER: here.spine.credentials.show(other, "behalf", viewer=token, origin=current_origin()),
        }
        async with httpx.AsyncClient(timeout=patience, trust_env=False) as client:
            answer = await client.request(method, url + path, headers=headers, **more)
            answer.raise_for_status()
            return answer.json()
    except httpx.HTTPStatusError as error:
        log.info("another service refused", service=other, status=error.response.status_code)
        raise AwayError(other, error.response.status_code) from None
    except (httpx.HTTPError, ValueError, NoKeyError) as error:
        log.info("another service could not be asked", service=other, error=type(error).__name__)
        raise AwayError(other) from None
