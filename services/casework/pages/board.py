"""進行ボード: which case stands still in which agency. No names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from services.casework.pages.listing import MaybeCode
from services.casework.pages.words import choices
from services.casework.queries import board
from services.casework.queries.cases import CaseFilter
from services.casework.queries.directory import Directory
from services.casework.rules.board import LOAD_MARK
from shared import clock
from shared.audit import note
from shared.i18n import locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.web import page

if TYPE_CHECKING:
    from shared.codes import Codes

router = APIRouter(include_in_schema=False)
_TICKS = ("late", "returned", "no_lead", "urgent", "eighty")


class BoardQuery(BaseModel):
    """The narrowing as the page's form sends it; ``f`` holds the ticks."""

    f: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=10)] = []
    area: MaybeCode = None
    type: MaybeCode = None
    sort: Literal["still", "urgency", "due"] = "still"
    key: Annotated[str | None, Field(max_length=300)] = None
    sent: Annotated[bool, Field(alias="set")] = False
    """The form was sent; before that, what moves is shown too."""

    def ticked(self) -> set[str]:
        """What is ticked."""
        return set(self.f) if self.sent else {"moving", *self.f}

    def wanted(self) -> board.Wanted:
        """As the queries take it."""
        ticked = self.ticked()
        kind = self.type or ("T8050" if "eighty" in ticked else "")
        narrowed = CaseFilter(
            area=self.area or "",
            type=kind,
            late="late" in ticked,
            returned="returned" in ticked,
            no_lead="no_lead" in ticked,
            urgent="urgent" in ticked,
        )
        return board.Wanted(narrowed, moving="moving" in ticked, sort=self.sort, key=self.key)

    def address(self, key: str) -> str:
        """The next page under the same narrowing."""
        fields = [("f", one) for one in sorted(self.ticked())] + [("set", "true"), ("sort", self.sort), ("key", key)]
        fields += [(name, value) for name, value in (("area", self.area), ("type", self.type)) if value]
        return urlencode(fields)


@router.get("/board")
async def show_board(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[BoardQuery, Query()]
) -> HTMLResponse:
    """The tiles, the board, the districts and the loads; htmx asks for further rows alone."""
    only_rows = request.headers.get("hx-request") == "true" and wanted.key is not None
    async with here.db.transaction() as session:
        found = await board.read_board(session, actor, wanted.wanted())
        await note(session, actor, "list")
        if not only_rows:
            figures = await board.read_figures(session, actor, here.codes)
            districts = await board.count_districts(session, actor)
            loads = await board.weigh_loads(session, actor)
            directory = await Directory.load(session)
    locale = locale_of(request)
    kinds = [(one.code, one.label(locale)) for one in here.codes["AGENCY_KIND"].values() if one.attributes.get("board")]
    following = f"/casework/board?{wanted.address(found.next)}" if found.next else ""
    with speaking(locale):
        if only_rows:
            return page(request, "board_rows.html", board=found, kinds=kinds, next=following, now=clock.now())
        return page(
            request,
            "board.html",
            board=found,
            kinds=kinds,
            next=following,
            figures=figures,
            areas=_areas(here.codes, districts, locale),
            loads=loads,
            mark=LOAD_MARK,
            directory=directory,
            wanted=wanted,
            ticked=wanted.ticked(),
            now=clock.now(),
            area_choices=choices(here.codes, "AREA", locale),
            type_choices=choices(here.codes, "TYPE", locale),
            reach_codes=here.codes["REACH"],
        )


def _areas(codes: Codes, counts: dict[str, int | None], locale: str) -> list[dict[str, object]]:
    """The ward's areas with the cases of each district; a district without any shows 0, fewer than five nothing."""
    return [
        {
            "name": area.label(locale),
            "districts": [
                {"name": one.label(locale), "count": counts.get(one.code, 0)}
                for one in codes["DISTRICT"].values()
                if one.attributes.get("area") == area.code
            ],
        }
        for area in codes["AREA"].values()
    ]
