"""What people agree to, and take back: the steps of the courses become intake's own actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions.consents import record_consent, withdraw_consent
from services.intake.requests.consents import ConsentIn, WithdrawIn
from services.intake.tables import ConsentText, Member
from services.ward import steps
from services.ward.courier import Room
from services.ward.deeds import actor_of
from services.ward.family import Household
from services.ward.places import AREAS
from services.ward.staff import POST_BY_CODE, Post
from shared import clock
from shared.clock import TOKYO

_AT_ONCE = 60
"""Steps that share a transaction."""
_YEAR = timedelta(days=365)


def receiver_of(household: Household) -> Post:
    """The caseworker of its area who takes its calls."""
    return POST_BY_CODE[f"caseworker-{household.home.area}{1 + household.number // len(AREAS) % 2}"]


class Signing:
    """Intake's caseworkers with the form; remembers which consent a later step is about."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._given: dict[tuple[UUID, int], UUID] = {}

    async def write_down(self, said: Iterable[tuple[steps.Agreed | steps.TookBack, Household]]) -> None:
        """Each at its own time."""
        waiting = list(said)
        for first in range(0, len(waiting), _AT_ONCE):
            portion = waiting[first : first + _AT_ONCE]
            async with self._room.db.transaction() as session:
                members = await _members_of(session, {household.id for _, household in portion})
                for step, household in portion:
                    with clock.at(step.at):
                        await self._write(session, step, household, members[household.id])

    async def _write(
        self, session: AsyncSession, step: steps.Agreed | steps.TookBack, household: Household, members: list[UUID]
    ) -> None:
        actor, key = actor_of(receiver_of(household)), (household.id, step.member)
        if isinstance(step, steps.TookBack):
            taken = WithdrawIn(reason=step.words, channel="phone")
            await withdraw_consent(session, actor, self._given[key], taken)
            return
        today = step.at.astimezone(TOKYO).date()
        yes = bool(step.recipients)
        request = ConsentIn(
            member=members[step.member],
            state=step.state,
            purposes=["support"] if yes else [],
            recipients=list(step.recipients),
            items=list(step.items),
            limits=step.limits,
            ends_on=today + _YEAR if yes else None,
            text_version=await _text_on(session, today),
            understood=yes,
        )
        self._given[key] = (await record_consent(session, actor, household.id, request)).id


async def _members_of(session: AsyncSession, households: set[UUID]) -> dict[UUID, list[UUID]]:
    rows = await session.execute(
        select(Member.household_id, Member.id)
        .where(Member.household_id.in_(households))
        .order_by(Member.household_id, Member.position)
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for household, member in rows:
        found[household].append(member)
    return found


async def _text_on(session: AsyncSession, day: date) -> str | None:
    """The wording that was in use; none before the first."""
    found: str | None = await session.scalar(select(func.max(ConsentText.version)).where(ConsentText.valid_from <= day))
    return found
