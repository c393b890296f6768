"""Names of staff and agencies for the pages of other services."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.casework.queries.directory import read_labels
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here

router = APIRouter(tags=["labels"])


class LabelsIn(BaseModel):
    """Whose names are wanted; at most 500 of each."""

    posts: Annotated[list[UUID], Field(max_length=500)] = []
    agencies: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=500)] = []


@router.post("/labels")
async def tell_labels(request: Request, body: LabelsIn, here: Here, actor: CurrentActor) -> dict[str, str]:
    """``{id or code: name}`` in the viewer's language; what is not known is left out. Every post sees staff names."""
    del actor
    async with here.db.read() as session:
        with speaking(locale_of(request)):
            return await read_labels(session, here.codes, body.posts, body.agencies)
