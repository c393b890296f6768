"""The JSON API of intake. Whoever asks gets what their post may see; what they may not see is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.intake.actions.consultations import receive_consultation, screen_consultation
from services.intake.actions.findings import answer_type
from services.intake.actions.households import change_household
from services.intake.actions.links import link_households, unlink_households
from services.intake.actions.members import add_member, change_member, mark_left
from services.intake.actions.protections import end_protection, set_protection
from services.intake.answers import Cell, Change, Found, HouseholdOut, Received, found_out, household_out
from services.intake.api.changing import Sent
from services.intake.checking import refuse_unknown_codes, settle_area
from services.intake.queries.household import read_household
from services.intake.queries.labels import (
    MOST_IDS,
    cells_of,
    household_names,
    household_of_members,
    member_names,
)
from services.intake.queries.listing import list_households
from services.intake.receipt import received_answer
from services.intake.requests import (
    ConsultationIn,
    EndIn,
    HouseholdChange,
    LeaveIn,
    LinkIn,
    MemberChange,
    MemberIn,
    ProtectionIn,
    ScreeningIn,
    SearchIn,
    TypeAnswerIn,
)
from shared.audit import note
from shared.i18n import locale_of
from shared.identity import CurrentActor, only_for
from shared.service import Here, IdempotencyKeyHeader
from shared.text import CodeName

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(tags=["intake"])

Ids = Annotated[list[UUID], Field(max_length=MOST_IDS)]


class LabelsIn(BaseModel):
    """Ids whose names a page wants to show."""

    households: Ids = []
    members: Ids = []


class CellsIn(BaseModel):
    """Households whose place a planner wants to know."""

    households: Ids


@router.post("/api/consultations", status_code=201)
async def post_consultation(
    body: ConsultationIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Received:
    """Log a consultation; with ``household`` for one that is known, else for a new one."""
    refuse_unknown_codes(body, here.codes)
    request = settle_area(body, here.codes)

    async def work(session: AsyncSession) -> dict[str, Any]:
        return received_answer(await receive_consultation(session, actor, request))

    done = await here.perform(actor, work, key=key, what="consultation", body=body.model_dump(mode="json"))
    return Received(position=done.position, repeated=done.repeated, **done.answer)


@router.post("/api/consultations/{consultation}/screening")
async def post_screening(consultation: UUID, body: ScreeningIn, here: Here, sent: Sent) -> Change:
    """Decide how urgent a consultation is, and what becomes of it."""
    refuse_unknown_codes(body, here.codes)

    return await sent.do("screening", screen_consultation, consultation, body)


@router.post("/api/households/search")
async def search_households(body: SearchIn, here: Here, actor: CurrentActor) -> Found:
    """Households by words and filters, the one last heard of first; protected ones are never found by words."""
    refuse_unknown_codes(body, here.codes)
    async with here.db.transaction() as session:
        found = await list_households(session, actor, body)
        await note(session, actor, "search", [None])
    return found_out(found)


@router.get("/api/households/{household}")
async def get_household(
    household: UUID, request: Request, here: Here, actor: CurrentActor, side: Literal["home", "apart"] | None = None
) -> HouseholdOut:
    """A household as the viewer may see it; the view is noted. ``side``: of one split for view, that side alone."""
    async with here.db.transaction() as session:
        view = await read_household(session, actor, household, side=side or "")
        await note(session, actor, "view", [household])
        return household_out(view, here.codes, locale_of(request))


@router.put("/api/households/{household}")
async def put_household(household: UUID, body: HouseholdChange, here: Here, sent: Sent) -> Change:
    """Correct the home."""
    refuse_unknown_codes(body, here.codes)
    request = settle_area(body, here.codes)

    return await sent.do("household", change_household, household, request, body=body)


@router.post("/api/households/{household}/members", status_code=201)
async def post_member(household: UUID, body: MemberIn, here: Here, sent: Sent) -> Change:
    """Add a member."""
    refuse_unknown_codes(body, here.codes)

    return await sent.do("member of", add_member, household, body)


@router.put("/api/members/{member}")
async def put_member(member: UUID, body: MemberChange, here: Here, sent: Sent) -> Change:
    """Correct a member."""
    refuse_unknown_codes(body, here.codes)

    return await sent.do("member", change_member, member, body)


@router.post("/api/members/{member}/left")
async def post_left(member: UUID, body: LeaveIn, here: Here, sent: Sent) -> Change:
    """A member died, moved away, or is in hospital or a facility."""
    refuse_unknown_codes(body, here.codes, reason="LEAVE_REASON")

    return await sent.do("left", mark_left, member, body)


@router.post("/api/households/{household}/types/{code}/answer")
async def post_type_answer(household: UUID, code: CodeName, body: TypeAnswerIn, sent: Sent) -> Change:
    """Confirm or reject what a rule asked."""
    return await sent.do("type", answer_type, household, code, body, named=lambda row: row.household_id)


@router.post("/api/households/{household}/protections", status_code=201)
async def post_protection(household: UUID, body: ProtectionIn, here: Here, sent: Sent) -> Change:
    """Protect a member from now on."""
    refuse_unknown_codes(body, here.codes, kind="PROTECTION_KIND")

    return await sent.do("protection of", set_protection, household, body)


@router.post("/api/protections/{protection}/end")
async def post_protection_end(protection: UUID, body: EndIn, sent: Sent) -> Change:
    """End a protection, with a reason."""
    return await sent.do("end of protection", end_protection, protection, body)


@router.post("/api/households/{household}/links")
async def post_link(household: UUID, body: LinkIn, sent: Sent) -> Change:
    """Say that another record is, or is not, the same household or family."""
    return await sent.do("link of", link_households, household, body)


@router.delete("/api/households/{household}/links/{other}")
async def delete_link(household: UUID, other: UUID, sent: Sent) -> Change:
    """Take a link back."""
    return await sent.do("unlink", unlink_households, household, other, named=lambda _: household)


@router.post("/labels")
async def tell_labels(body: LabelsIn, request: Request, here: Here, actor: CurrentActor) -> dict[UUID, str]:
    """Names by id, for other services' pages; what the viewer may not see is absent."""
    locale = locale_of(request)
    async with here.db.transaction() as session:
        households = await household_names(session, actor, body.households)
        members = await member_names(session, actor, body.members)
        homes = await household_of_members(session, members)
        await note(session, actor, "label", dict.fromkeys([*households, *homes.values()]))
    named = {
        member: name or here.codes.label("RELATION", relation, locale) for member, (name, relation) in members.items()
    }
    return households | named


@router.post("/api/cells", dependencies=[Depends(only_for("outreach"))])
async def tell_cells(body: CellsIn, here: Here, actor: CurrentActor) -> dict[UUID, Cell]:
    """Map cells for planning a visit; a protected household has none."""
    async with here.db.transaction() as session:
        cells = await cells_of(session, actor, body.households)
        await note(session, actor, "cell", cells)
    return {
        household: Cell(mesh=mesh, district=district, area=area) for household, (mesh, district, area) in cells.items()
    }
