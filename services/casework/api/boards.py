"""The board over JSON."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.casework.queries import board
from services.casework.queries.cases import CaseFilter
from shared.audit import note
from shared.identity import CurrentActor
from shared.service import Here
from shared.text import CodeName

router = APIRouter(prefix="/api", tags=["board"])


class BoardQuery(BaseModel):
    """What the board is narrowed to and sorted by. ``key``: the ``next`` of the page before."""

    moving: bool = True
    late: bool = False
    returned: bool = False
    no_lead: bool = False
    urgent: bool = False
    area: CodeName | None = None
    type: CodeName | None = None
    urgency: Literal["A", "B", "C", "D"] | None = None
    owner: UUID | None = None
    sort: Literal["still", "urgency", "due"] = "still"
    key: Annotated[str | None, Field(max_length=300)] = None

    def wanted(self) -> board.Wanted:
        """As the queries take it."""
        narrowed = CaseFilter(
            area=self.area or "",
            type=self.type or "",
            urgency=self.urgency or "",
            owner=self.owner,
            late=self.late,
            returned=self.returned,
            no_lead=self.no_lead,
            urgent=self.urgent,
        )
        return board.Wanted(narrowed, moving=self.moving, sort=self.sort, key=self.key)


@router.get("/board")
async def read_board(wanted: Annotated[BoardQuery, Query()], here: Here, actor: CurrentActor) -> board.BoardPage:
    """Fifty cases with the light of every agency, those that stand still first."""
    async with here.db.transaction() as session:
        found = await board.read_board(session, actor, wanted.wanted())
        await note(session, actor, "list")
    return found


@router.get("/board/figures")
async def read_figures(here: Here, actor: CurrentActor) -> board.Figures:
    """The ward's figures over the cases that the viewer sees."""
    async with here.db.read() as session:
        return await board.read_figures(session, actor, here.codes)
