"""Coming in by the organisation's provider: the way there is remembered once, the subject becomes a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.casework.actions.entering import NOBODY, stranger
from services.casework.actions.sessions import SignedIn, enter
from services.casework.provider import Begun, ProviderError
from services.casework.rules.providers import has_second_factor, known_by
from services.casework.tables import Identity, OidcFlow, Person
from shared import clock
from shared.audit import note
from shared.i18n import N_
from shared.identity import hash_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.settings import Settings

_LASTS: Final = timedelta(minutes=10)
_TOO_LATE = N_("サインインの途中で時間がたちすぎました。もう一度ためしてください。")
_UNKNOWN = N_("庁内の認証はできましたが、この人はまだ登録されていません。管理者にたずねてください。")
_ONE_FACTOR = N_("庁内の認証で、2つめの確認（多要素認証）が行われていません。")


async def begin_flow(session: AsyncSession, next_path: str) -> Begun:
    """Remember that a browser was sent to the provider, for ten minutes."""
    begun = Begun(clock.new_secret(), clock.new_secret(), clock.new_secret(48))
    session.add(
        OidcFlow(
            state_hash=hash_of(begun.state),
            nonce=begun.nonce,
            verifier=begun.verifier,
            next_path=next_path,
            expires_at=clock.now() + _LASTS,
        )
    )
    return begun


async def take_flow(session: AsyncSession, state: str) -> OidcFlow:
    """What was remembered of this state, which can't be used again. ProviderError when there is nothing."""
    flow = await session.get(OidcFlow, hash_of(state), with_for_update=True)
    if flow is None or flow.expires_at < clock.now():
        raise ProviderError(_TOO_LATE)
    await session.execute(delete(OidcFlow).where(OidcFlow.state_hash == flow.state_hash))
    session.expunge(flow)
    return flow


async def enter_by_provider(db: Database, settings: Settings, claims: dict[str, Any], device: str) -> SignedIn:
    """Begin the session of whoever the claims are about. ProviderError for strangers and for one factor alone."""
    refused = None
    async with db.transaction() as session:
        if not has_second_factor(claims, settings.oidc_acr, settings.oidc_amr):
            refused = _ONE_FACTOR
        else:
            person = await _find(session, settings, claims)
            if person is not None:
                return await enter(session, settings, person, "oidc", device)
            refused = _UNKNOWN
        await note(session, stranger(NOBODY), "sign_in_failed", basis="oidc")
    raise ProviderError(refused)


async def _find(session: AsyncSession, settings: Settings, claims: dict[str, Any]) -> UUID | None:
    """Whom the subject was bound to; else the person whom the configured claim names, bound from now on.

    A person who is bound to another subject of this provider is not found by a claim: addresses are given to others.
    """
    issuer, subject = settings.oidc_issuer, str(claims["sub"])
    bound = await session.get(Identity, (issuer, subject))
    if bound is not None:
        return bound.person
    value = known_by(claims, settings.oidc_match, settings.oidc_claim)
    if value is None:
        return None
    column = Person.email if settings.oidc_match == "email" else Person.employee_number
    person = await session.scalar(select(Person.id).where(column == value).with_for_update())
    if person is None or await session.scalar(
        select(Identity.subject).where(Identity.issuer == issuer, Identity.person == person)
    ):
        return None
    row = {"issuer": issuer, "subject": subject, "person": person, "bound_at": clock.now()}
    await session.execute(insert(Identity).values(row).on_conflict_do_nothing())
    await note(session, stranger(person), "identity_bound", basis=settings.oidc_match)
    return person
