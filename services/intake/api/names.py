"""Whether staff have the surname of somebody in the households they looked at: asked by casework for an auditor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.intake.queries.relations import same_names
from shared.audit import note
from shared.audit.routes import Auditor
from shared.identity import only_for
from shared.service import Here

router = APIRouter(tags=["audit"])


class NamesIn(BaseModel):
    """Pairs of a post and a household, and the name and reading (``|`` between) of who holds each post."""

    pairs: Annotated[list[tuple[UUID, UUID]], Field(max_length=50_000)]
    surnames: Annotated[dict[UUID, Annotated[str, Field(max_length=500)]], Field(max_length=10_000)]


@router.post("/api/audit/same-name", dependencies=[Depends(only_for("casework"))])
async def tell_same_names(body: NamesIn, here: Here, actor: Auditor) -> list[tuple[UUID, UUID]]:
    """Those pairs that share a surname; ids alone, no name of a family."""
    async with here.db.transaction() as session:
        found = await same_names(session, body.pairs, body.surnames)
        await note(session, actor, "audit", [household for _, household in found] or [None], basis="same_name")
    return found
