"""The list of cases: filters, search by number, export as CSV and Excel."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.casework.pages.words import agency_choices, choices
from services.casework.queries.access import showing, viewer_of
from services.casework.queries.cases import PAGE, CaseFilter, list_cases
from services.casework.queries.directory import Directory
from services.casework.tables import Case
from shared import clock
from shared.audit import note
from shared.clock import TOKYO
from shared.i18n import N_, gettext, locale_of, speaking
from shared.identity import CurrentActor
from shared.service import Here
from shared.sheets import MIME, as_file
from shared.text import CodeName
from shared.web import page

if TYPE_CHECKING:
    from services.casework.queries.views import CaseView
    from shared.codes import Codes

router = APIRouter(include_in_schema=False)
MOST_EXPORTED = 5000


def _blank(value: object) -> object:
    return None if value == "" else value


MaybeCode = Annotated[CodeName | None, BeforeValidator(_blank)]


class ListQuery(BaseModel):
    """What the list is narrowed to: codes only, so that the address can be sent to a colleague."""

    state: Literal["open", "closed", "all"] = "open"
    area: MaybeCode = None
    type: MaybeCode = None
    urgency: MaybeCode = None
    agency: MaybeCode = None
    owner: Annotated[UUID | None, BeforeValidator(_blank)] = None
    mine: bool = False
    opened_before: Annotated[AwareDatetime | None, BeforeValidator(_blank)] = None
    before: Annotated[str, Field(max_length=20)] = ""

    def filter(self, post: UUID) -> CaseFilter:
        """As the queries take it."""
        return CaseFilter(
            state="" if self.state == "all" else self.state,
            area=self.area or "",
            type=self.type or "",
            urgency=self.urgency or "",
            agency=self.agency or "",
            owner=post if self.mine else self.owner,
        )

    def address(self, **more: Any) -> str:
        """The same narrowing as a query string."""
        fields = {
            name: value
            for name, value in self.model_dump(mode="json", exclude={"opened_before", "before"}).items()
            if value not in {None, "", False}
        }
        return urlencode(fields | more)


@router.get("/cases")
async def show_cases(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[ListQuery, Query()]
) -> HTMLResponse:
    """Fifty cases, the newest first."""
    key = (wanted.opened_before, wanted.before) if wanted.opened_before is not None else None
    async with here.db.transaction() as session:
        found, total = await list_cases(session, actor, wanted.filter(actor.post), before=key, limit=PAGE)
        await note(session, actor, "list")
        directory = await Directory.load(session)
    more = ""
    if len(found) == PAGE:
        last = found[-1]
        more = wanted.address(opened_before=last.opened_at.isoformat(), before=last.number)
    locale = locale_of(request)
    with speaking(locale):
        return page(
            request,
            "cases.html",
            cases=found,
            total=total,
            next=f"/casework/cases?{more}" if more else "",
            wanted=wanted,
            address=wanted.address(),
            directory=directory,
            now=clock.now(),
            areas=choices(here.codes, "AREA", locale),
            types=choices(here.codes, "TYPE", locale),
            agencies=agency_choices(directory),
            not_found=request.query_params.get("found") == "none",
        )


@router.post("/cases/search")
async def search_case(here: Here, actor: CurrentActor, number: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Find a case by its number; what is searched never stands in an address."""
    async with here.db.transaction() as session:
        await note(session, actor, "search")
        visible = showing(await viewer_of(session, actor), "file", "row")
        found = await session.scalar(select(Case.id).where(Case.number == _as_number(number), visible).limit(1))
    where = f"/casework/cases/{found}" if found else "/casework/cases?found=none"
    return RedirectResponse(where, status_code=303)


def _as_number(typed: str) -> str:
    """``k26-391``, ``Ｋ26‐0391`` and ``26-391`` are all K26-0391."""
    plain = unicodedata.normalize("NFKC", typed).strip().lower().removeprefix("k")
    plain = re.sub(r"[‐−–—ー]", "-", plain)
    year, _, count = plain.partition("-")
    if year.isdecimal() and count.isdecimal():
        return f"K{int(year):02d}-{int(count):04d}"
    return typed.strip().upper()


@router.get("/cases/export.{kind}")
async def export_cases(
    request: Request,
    here: Here,
    actor: CurrentActor,
    wanted: Annotated[ListQuery, Query()],
    kind: Literal["csv", "xlsx"],
) -> Response:
    """The narrowed list as a file: numbers, codes in words and dates; no name of a family. The export is audited.

    Nothing about a protected household (支援措置) leaves in a file, nor what a support council (支援会議) was told.
    """
    async with here.db.transaction() as session:
        listed, _ = await list_cases(session, actor, wanted.filter(actor.post), limit=MOST_EXPORTED, for_file=True)
        found = [one for one in listed if one.protected is False]  # unknown to who sees the number alone
        directory = await Directory.load(session)
        await note(session, actor, "export", [one.household for one in found if one.household is not None])
    locale = locale_of(request)
    with speaking(locale):
        table = [_head(), *(_row(one, here.codes, directory, locale) for one in found)]
    name = f"kasane-cases-{clock.today().isoformat()}.{kind}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(as_file(table, kind), media_type=MIME[kind], headers=headers)


def _head() -> list[str]:
    return [
        gettext(text)
        for text in (
            N_("ケース"), N_("緊急度"), N_("圏域"), N_("地区"), N_("類型"), N_("担当"), N_("主担当"),
            N_("共有"), N_("開始"), N_("返事待ちの始まり"), N_("つぎの期限"), N_("終結"), N_("終結の理由"),
        )
    ]  # fmt: skip


def _row(one: CaseView, codes: Codes, directory: Directory, locale: str) -> list[str]:
    def day(at: datetime | None) -> str:
        return at.astimezone(TOKYO).date().isoformat() if at else ""

    return [
        one.number,
        one.urgency or "",
        codes.label("AREA", one.area, locale),
        codes.label("DISTRICT", one.district, locale),
        "・".join(codes.label("TYPE", t.code, locale) for t in one.types),
        directory.post(one.owner),
        directory.agency(one.lead),
        codes.label("SHARE_TRACK", one.share_track, locale),
        day(one.opened_at),
        one.waiting_since.isoformat() if one.waiting_since else "",
        day(one.next_due_at),
        day(one.closed_at),
        codes.label("CLOSE_REASON", one.close_reason, locale),
    ]
