"""Who sees that a visit is, and who what was written at the door: by relation to the case, and under protection."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from services.outreach.actions.planning import assign_visit
from services.outreach.actions.reporting import add_note
from services.outreach.queries.access import viewer_of, visible_visits
from services.outreach.queries.notes import show_notes
from services.outreach.rules.rights import LEVELS
from services.outreach.tables import AccessGrant, Visit
from shared import clock
from shared.errors import Forbidden
from shared.events.casework import AgencyAnswered, AgencyInvited, AgencyLeft, CaseClosed, LeadChanged, VisitRequested
from shared.events.intake import AllowListChanged, HouseholdErased, ProtectionEnded, ProtectionSet
from shared.identity import Actor
from shared.rights import BY_CONSENT

from .conftest import TODAY, Ward, make_actor

pytestmark = pytest.mark.integration

WORDS = "カーテンが閉まったままだった。"


async def visited(ward: Ward) -> tuple[VisitRequested, Visit]:
    """A household where somebody goes, with words about it."""
    wanted = await ward.request()
    start = clock.now().replace(hour=1, minute=0) + timedelta(days=1)
    async with ward.db.transaction() as session:
        visit = await assign_visit(
            session,
            ward.lead,
            ward.codes,
            wanted.request,
            team="outreach-n",
            workers=[worker.post for worker in ward.workers[:2]],
            starts_at=start,
            ends_at=start + timedelta(hours=1),
        )
        await add_note(session, ward.workers[0], visit.id, WORDS)
    return wanted, visit


async def sight(ward: Ward, actor: Actor, visit: Visit) -> str:
    """``""``, ``visit`` or ``visit note``."""
    async with ward.db.read() as session:
        there = visible_visits(await viewer_of(session, actor))
        seen = await session.scalar(select(func.count()).where(Visit.id == visit.id, there))
        words = [note.words for note in await show_notes(session, actor, visit.id)]
    assert seen or not words
    assert words in ([], [WORDS])
    return " ".join(["visit"] * bool(seen) + ["note"] * bool(words))


async def invite(ward: Ward, wanted: VisitRequested, agency: str, basis: str, by: Actor) -> AgencyInvited:
    event = AgencyInvited(
        household=wanted.household,
        case=wanted.case,
        invitation=uuid4(),
        agency=agency,
        basis=basis,
        invited_by=by.post,
        answer_due=TODAY,
        urgency="B",
    )
    await ward.hear(event)
    return event


async def answer(ward: Ward, asked: AgencyInvited, said: Literal["accepted", "returned"] = "accepted") -> None:
    await ward.hear(
        AgencyAnswered(
            household=asked.household,
            case=asked.case,
            invitation=asked.invitation,
            agency=asked.agency,
            answer=said,
            answered_by=uuid4(),
            invited_by=asked.invited_by,
        )
    )


async def test_by_relation_to_the_case_and_under_protection(ward: Ward) -> None:
    people = {
        "near": make_actor("caseworker", "sukoyaka-n", "sukoyaka", ("n",)),
        "far": make_actor("caseworker", "sukoyaka-s", "sukoyaka", ("s",)),
        "hokatsu": make_actor("agency_worker", "hokatsu-n", "hokatsu", ("n",)),
        "shakyo": make_actor("agency_worker", "shakyo", "shakyo"),
        "seikatsu": make_actor("agency_worker", "seikatsu", "seikatsu"),
        "other coordinator": make_actor("coordinator", "coordination", "coordination"),
        "operator": make_actor("operator", "outreach-n", "outreach"),
        "owner": ward.coordinator,
        "manager": ward.manager,
        "lead": ward.lead,
        "other lead": ward.other_lead,
        "goes": ward.workers[0],
        "stays": ward.workers[2],
    }
    wanted, visit = await visited(ward)

    async def readers() -> set[str]:
        """Who reads the note; the manager alone sees the visit without it."""
        found = {name: await sight(ward, one, visit) for name, one in people.items()}
        assert {name for name, seen in found.items() if seen == "visit"} <= {"manager"}
        return {name for name, seen in found.items() if "note" in seen}

    always = {"near", "owner", "lead", "goes"}
    assert await readers() == always
    assert await sight(ward, ward.manager, visit) == "visit"
    acts = people["other coordinator"]
    parts = [
        await invite(ward, wanted, people[name].agency, basis, acts)
        for name, basis in (("hokatsu", "internal_69_2_2"), ("shakyo", BY_CONSENT), ("seikatsu", "internal_69_2_2"))
    ]
    assert await readers() == always | {"other coordinator"}, "asked is not accepted; who asks acts in the case"
    for part in parts:
        await answer(ward, part)
    assert await readers() == always | {"other coordinator", "shakyo"}, "a part alone opens no door"
    await ward.hear(LeadChanged(household=wanted.household, case=wanted.case, agency="hokatsu-n"))
    assert await readers() == always | {"other coordinator", "shakyo", "hokatsu"}

    held = ProtectionSet(household=wanted.household, protection=uuid4(), member=uuid4(), kind="dv")
    await ward.hear(held)
    kept = {"owner", "lead", "goes", "other coordinator"}
    assert await readers() == kept, "the lead has sent somebody there"
    assert not await sight(ward, ward.manager, visit)
    near = people["near"].post
    await ward.hear(AllowListChanged(household=wanted.household, posts=(near,)))
    assert await readers() == kept | {"near"}, "the list takes nothing from those of the area"
    await ward.hear(AllowListChanged(household=wanted.household, posts=()))
    assert await readers() == kept
    await ward.hear(AllowListChanged(household=wanted.household, posts=(near,)))
    await ward.hear(ProtectionEnded(household=wanted.household, protection=held.protection, member=held.member))
    await ward.hear(ProtectionSet(household=wanted.household, protection=uuid4(), member=uuid4(), kind="dv"))
    assert await readers() == kept, "a list ends with its protection"


async def test_a_part_that_ended_shows_nothing(ward: Ward) -> None:
    wanted, visit = await visited(ward)
    shakyo = make_actor("agency_worker", "shakyo", "shakyo")
    for ending in ("returned", "left", "closed"):
        part = await invite(ward, wanted, shakyo.agency, BY_CONSENT, ward.coordinator)
        await answer(ward, part)
        assert await sight(ward, shakyo, visit) == "visit note"
        if ending == "returned":
            await answer(ward, part, "returned")
        elif ending == "left":
            await ward.hear(
                AgencyLeft(
                    household=part.household,
                    case=part.case,
                    invitation=part.invitation,
                    agency=part.agency,
                    reason="consent_withdrawn",
                )
            )
        else:
            await ward.hear(CaseClosed(household=wanted.household, case=wanted.case, reason="moved", closed_by=uuid4()))
        assert not await sight(ward, shakyo, visit), ending


async def test_who_reads_a_note_does_not_write_one(ward: Ward) -> None:
    near = make_actor("caseworker", "sukoyaka-n", "sukoyaka", ("n",))
    _, visit = await visited(ward)
    with pytest.raises(Forbidden):
        async with ward.db.transaction() as session:
            await add_note(session, near, visit.id, "x")


async def test_of_an_erased_household_no_part_is_kept(ward: Ward) -> None:
    wanted, _ = await visited(ward)
    await invite(ward, wanted, "shakyo", BY_CONSENT, ward.coordinator)
    await ward.hear(HouseholdErased(household=wanted.household))
    await invite(ward, wanted, "hokatsu-n", BY_CONSENT, ward.coordinator)
    async with ward.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(AccessGrant)) == 0


async def test_every_row_of_the_list_is_understood(ward: Ward) -> None:
    rows = ward.codes["ACCESS"].values()
    assert rows
    for row in rows:
        assert LEVELS.read(row.attributes) is not None, row.code
