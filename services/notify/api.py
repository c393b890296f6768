"""The JSON API of notify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.notify.actions.passing_up import pass_up_unread
from services.notify.actions.reading import acknowledge, choose_channels
from services.notify.actions.ruling import RULING, set_deadline
from services.notify.queries import inbox
from services.notify.requests import (
    CountOut,
    DeadlineIn,
    InboxFilter,
    NotificationOut,
    PreferenceIn,
    PreferenceOut,
    ReceiptOut,
    RuleOut,
)
from services.notify.rules.notices import Rule
from services.notify.tables import Preference
from shared import clock
from shared.errors import Forbidden
from shared.i18n import N_, locale_of
from shared.identity import CurrentActor
from shared.service import Here, IdempotencyKeyHeader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/api", tags=["notify"])

Kind = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$")]


@router.get("/inbox")
async def read_inbox(
    request: Request, here: Here, actor: CurrentActor, wanted: Annotated[InboxFilter, Query()]
) -> list[NotificationOut]:
    """The inbox of the viewer's post: what waits, the most pressing first; or everything, the latest first."""
    async with here.db.read() as session:
        lines = await inbox.read_inbox(session, actor, wanted=wanted.filter, after=wanted.after_id, limit=wanted.limit)
    return [NotificationOut.of(line, here.codes, locale_of(request)) for line in lines]


@router.get("/count")
async def count(here: Here, actor: CurrentActor) -> CountOut:
    """How many notifications wait for the viewer's post."""
    async with here.db.read() as session:
        waiting, late = await inbox.count_waiting(session, actor, clock.now())
    return CountOut(waiting=waiting, late=late)


@router.post("/notifications/{notification_id}/read")
async def read(notification_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> ReceiptOut:
    """Give the receipt (受け取り). Once is enough; again changes nothing."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        return {"path": (await acknowledge(session, actor, notification_id)).path}

    done = await here.perform(actor, work, key=key, what="read", body=str(notification_id))
    return ReceiptOut(
        position=done.position, repeated=done.repeated, notification=notification_id, path=done.answer.get("path")
    )


@router.get("/preferences")
async def read_preferences(here: Here, actor: CurrentActor) -> PreferenceOut:
    """The channels and quiet hours of the viewer's post."""
    async with here.db.read() as session:
        return PreferenceOut.of(await session.get(Preference, actor.post))


@router.put("/preferences")
async def choose_preferences(
    body: PreferenceIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> PreferenceOut:
    """Set them."""

    async def work(session: AsyncSession) -> None:
        await choose_channels(session, actor, here.codes, **body.model_dump())

    await here.perform(actor, work, key=key, what="preferences", body=body.model_dump(mode="json"))
    async with here.db.read() as session:
        return PreferenceOut.of(await session.get(Preference, actor.post))


@router.get("/rules")
async def read_rules(request: Request, here: Here, actor: CurrentActor) -> list[RuleOut]:
    """Which fact tells whom, and by when it must be read; for managers and operators."""
    _demand_ruler(actor.role)
    await here.load_codes()
    rules = [Rule.of(entry.code, entry.attributes) for entry in here.codes["NOTIFICATION_KIND"].values()]
    return [
        RuleOut(
            kind=rule.kind,
            event=rule.event,
            whom=list(rule.whom),
            read={urgency: dict(allowed) for urgency, allowed in rule.read.items()},
            text=here.codes.label("NOTIFICATION_KIND", rule.kind, locale_of(request)),
        )
        for rule in rules
    ]


@router.put("/rules/{kind}/deadline")
async def change_deadline(
    kind: Kind, body: DeadlineIn, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> ReceiptOut:
    """By when notifications of a kind must be read, from the next one on (``{"minutes": 0}``: at once)."""
    allowed = {name: value for name, value in body.model_dump().items() if value is not None}

    async def work(session: AsyncSession) -> None:
        await set_deadline(session, actor, kind, allowed or None)

    done = await here.perform(actor, work, key=key, what="deadline", body=[kind, allowed])
    await here.load_codes()
    return ReceiptOut(position=done.position, repeated=done.repeated)


@router.post("/pass-up")
async def pass_up(here: Here, actor: CurrentActor) -> dict[str, int]:
    """Look now for what nobody has read in time, instead of waiting for the next round."""
    _demand_ruler(actor.role)
    return {"passed_up": await pass_up_unread(here.db, here.settings.read_minutes)}


def _demand_ruler(role: str) -> None:
    if role not in RULING:
        raise Forbidden(N_("見られるのは、管理職と運用担当です。"))
