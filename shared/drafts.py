"""Nothing typed is ever lost: drafts by person and form, kept on the server, found again on the next device.

A draft belongs to a form and to what the form is about (a case, a visit), so that two half-written entries about two
cases never stand in each other's place. It names its household where one is known, so that erasure reaches it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import BaseModel, Field
from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.db import SharedBase
from shared.errors import Conflict, Missing, Refused
from shared.i18n import N_
from shared.identity import CurrentActor
from shared.my_number import is_telephone_field, strike_out
from shared.periods import days_kept
from shared.service import Here
from shared.tombstones import demand_not_erased
from shared.typed import strikes_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_MOST_DRAFTS = 50
_MOST_FIELDS = 2000
_NO_SUCH_DRAFT = N_("その下書きはありません。")
_ANOTHER_PERSON = N_("別の窓で、ほかの人がサインインしています。この下書きはその人のものにはなりません。")

FormName = Annotated[str, Path(pattern=r"^[a-z0-9_\-]{1,40}$")]


class Draft(SharedBase):
    """One form half filled in. It may hold personal data, so it lives with the service whose form it is."""

    __tablename__ = "draft"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(index=True)
    form: Mapped[str]
    about: Mapped[UUID | None] = mapped_column(index=True)
    """What the form is about: a case, a meeting, a visit; none for a form that begins something."""
    household: Mapped[UUID | None] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DraftBody(BaseModel):
    """What the browser sends: the form's fields as they stand."""

    fields: dict[Annotated[str, Field(max_length=100)], str | list[str] | bool | None]
    about: UUID | None = None
    household: UUID | None = None


class DraftOut(BaseModel):
    """A draft as it is given back."""

    id: UUID
    form: str
    about: UUID | None
    fields: dict[str, Any]
    saved_at: datetime


router = APIRouter(prefix="/drafts", tags=["drafts"])


async def demand_same_person(
    actor: CurrentActor, typist: Annotated[UUID | None, Header(alias="x-kasane-person")] = None
) -> None:
    """Whose page it was typed on: in one browser somebody else may have signed in since, in another window.

    What one person typed is never kept as another's: Conflict, and the page says who is signed in.
    """
    if typist is not None and typist != actor.person:
        raise Conflict(_ANOTHER_PERSON)


@router.put("/{form}/{draft_id}", dependencies=[Depends(demand_same_person)])
@strikes_out
async def save_draft(form: FormName, draft_id: UUID, body: DraftBody, here: Here, actor: CurrentActor) -> DraftOut:
    """Save, or save again. A draft of somebody else is refused as if it were not there.

    The digits of a マイナンバー are struck out first (■); the browser keeps what it stands for until it is corrected.
    Nothing is kept about a household that was erased: Missing.
    """
    if len(body.fields) > _MOST_FIELDS:
        raise Refused("下書きの項目が多すぎます。")
    fields = {strike_out(name): _storable(value, name) for name, value in body.fields.items()}
    now = clock.now()
    async with here.db.transaction() as session:
        await demand_not_erased(session, body.household, body.about)
        expires_at = now + await days_kept(session, "draft")
        held = await session.scalar(select(func.count()).where(Draft.person == actor.person, Draft.id != draft_id))
        if (held or 0) >= _MOST_DRAFTS:
            raise Refused("下書きが多すぎます。使わないものを消してください。")
        statement = insert(Draft).values(
            id=draft_id,
            person=actor.person,
            form=form,
            about=body.about,
            household=body.household,
            body=fields,
            saved_at=now,
            expires_at=expires_at,
        )
        saved = await session.scalar(
            statement.on_conflict_do_update(
                index_elements=[Draft.id],
                set_={
                    "body": fields,
                    "household": body.household,
                    "saved_at": now,
                    "expires_at": expires_at,
                },
                where=(Draft.person == actor.person)
                & (Draft.form == form)
                & Draft.about.is_not_distinct_from(body.about),
            ).returning(Draft.id)
        )
        if saved is None:
            raise Missing(_NO_SUCH_DRAFT)
    return DraftOut(id=draft_id, form=form, about=body.about, fields=fields, saved_at=now)


@router.get("/{form}")
async def list_drafts(form: FormName, here: Here, actor: CurrentActor, about: UUID | None = None) -> list[DraftOut]:
    """The person's own drafts of a form about one thing, the newest first."""
    async with here.db.read() as session:
        rows = await session.scalars(
            select(Draft)
            .where(
                Draft.person == actor.person,
                Draft.form == form,
                Draft.about.is_not_distinct_from(about),
                Draft.expires_at > clock.now(),
            )
            .order_by(Draft.saved_at.desc())
        )
        return [DraftOut(id=d.id, form=d.form, about=d.about, fields=d.body, saved_at=d.saved_at) for d in rows]


@router.delete("/{form}/{draft_id}", status_code=204)
async def drop_draft(form: FormName, draft_id: UUID, here: Here, actor: CurrentActor) -> Response:
    """Throw a draft away; one that is gone already is no error."""
    async with here.db.transaction() as session:
        await session.execute(
            delete(Draft).where(Draft.id == draft_id, Draft.form == form, Draft.person == actor.person)
        )
    return Response(status_code=204)


async def keep_draft(
    session: AsyncSession,
    person: UUID,
    form: str,
    fields: dict[str, Any],
    *,
    about: UUID,
    household: UUID,
    draft: UUID | None = None,
) -> None:
    """Put back into the form what a person has taken back, so that no word of it is lost.

    ``draft``: its id, where the form looks for one of its own; what stood there gives way.
    """
    now = clock.now()
    row = {
        "person": person,
        "form": form,
        "about": about,
        "household": household,
        "body": fields,
        "saved_at": now,
        "expires_at": now + await days_kept(session, "draft"),
    }
    statement = insert(Draft).values(id=draft or clock.new_id(), **row)
    await session.execute(statement.on_conflict_do_update(index_elements=[Draft.id], set_=row))


async def forget_drafts(session: AsyncSession, household: UUID, about: Iterable[UUID]) -> None:
    """Erase what anybody had half written about a household, or ``about`` something that belongs to it."""
    await session.execute(delete(Draft).where(or_(Draft.household == household, Draft.about.in_(list(about)))))


def _storable(value: str | list[str] | bool | None, name: str) -> str | list[str] | bool | None:
    """As typed, without what PostgreSQL can't store (NUL, lone surrogates) and nobody may (マイナンバー)."""
    if isinstance(value, str):
        value = value.replace("\x00", "").encode("utf-8", "replace").decode()
        return strike_out(value, telephone=is_telephone_field(name))
    if isinstance(value, list):
        return [str(_storable(item, name)) for item in value]
    return value
