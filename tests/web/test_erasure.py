"""What every service forgets of a household, and what it throws away by itself when its time is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared import clock
from shared.codes import Code
from shared.erasure import forget_everything
from shared.events import BLANK
from shared.periods import days_kept, holds_on
from shared.tidying import tidy
from shared.tombstones import erased_among, set_tombstones

if TYPE_CHECKING:
    from shared.db import Database
    from tests.web.conftest import House

GONE, OTHER, CASE = UUID(int=1), UUID(int=2), UUID(int=3)


async def rows(db: Database, query: str, **values: Any) -> list[tuple[Any, ...]]:
    async with db.transaction() as session:
        return [tuple(row) for row in await session.execute(text(query), values)]


async def write(db: Database, statement: str, **values: Any) -> None:
    async with db.transaction() as session:
        await session.execute(text(statement), values)


async def erase_all(db: Database) -> None:
    async with db.transaction() as session:
        await forget_everything(session, GONE, [CASE])


async def put_draft(house: House, **about: UUID | None) -> int:
    body = {"fields": {"words": "書きかけ"}} | {name: str(id_) for name, id_ in about.items()}
    answer = await house.client.put(f"/casework/drafts/entry/{uuid4()}", json=body)
    return answer.status_code


async def test_drafts_go_and_none_comes_back(house: House) -> None:
    house.sign_in()
    for about in ({"household": GONE}, {"about": CASE}, {"household": OTHER}):
        assert await put_draft(house, **about) == 200
    await erase_all(house.service.db)
    assert await rows(house.service.db, "SELECT household FROM draft") == [(OTHER,)]
    for about in ({"household": GONE}, {"about": CASE}, {"household": GONE, "about": OTHER}):
        assert await put_draft(house, **about) == 404
    assert await put_draft(house, household=OTHER) == 200
    assert await put_draft(house) == 200


async def test_a_draft_on_its_way_is_waited_for(house: House) -> None:
    """It is written, then the erasure finds it: none slips in between."""
    house.sign_in()
    begun = asyncio.Event()

    async def write_slowly() -> None:
        async with house.service.db.transaction() as session:
            from shared.tombstones import demand_not_erased  # noqa: PLC0415 - what save_draft does first

            await demand_not_erased(session, GONE)
            begun.set()
            await asyncio.sleep(0.3)
            await session.execute(
                text(
                    "INSERT INTO draft (id, person, form, household, body, saved_at, expires_at)"
                    " VALUES (gen_random_uuid(), :person, 'entry', :household, '{}', now(), now())"
                ),
                {"person": house.actor.person, "household": GONE},
            )

    writing = asyncio.create_task(write_slowly())
    await begun.wait()
    await erase_all(house.service.db)
    await writing
    assert await rows(house.service.db, "SELECT 1 FROM draft") == []


async def test_stored_answers_that_name_it_go(house: House) -> None:
    db = house.service.db
    answers = {"a": {"household": str(GONE)}, "b": {"made": [{"case": str(CASE)}]}, "c": {"household": str(OTHER)}}
    for key, answer in answers.items():
        await write(
            db,
            "INSERT INTO idempotency_key (post, key, fingerprint, answer, created_at)"
            " VALUES (:post, :key, 'f', CAST(:answer AS jsonb), now())",
            post=house.actor.post,
            key=key,
            answer=str(answer).replace("'", '"'),
        )
    await erase_all(db)
    assert await rows(db, "SELECT key FROM idempotency_key") == [("c",)]


async def test_what_was_heard_of_it_goes_and_the_way_back_stays(house: House) -> None:
    db, ids = house.service.db, [uuid4() for _ in range(3)]
    subjects = [str(OTHER), f"{OTHER},{GONE}", str(GONE)]
    await write(
        db,
        "INSERT INTO applied_run (source, epoch, last, ids, types, subjects)"
        " VALUES ('notify', 'e', 3, :ids, '{intake.a,intake.b,intake.c}', :subjects)",
        ids=ids,
        subjects=subjects,
    )
    for position, households in enumerate(([str(GONE)], [str(OTHER)], [str(OTHER), str(GONE)])):
        await write(
            db,
            "INSERT INTO parked (source, epoch, position, event_id, type, version, subjects, envelope, state)"
            " VALUES ('notify', 'e', :position, gen_random_uuid(), 'intake.a', 1, :households, '{}', 'parked')",
            position=position,
            households=households,
        )
    await write(
        db,
        "INSERT INTO lost_fact (source, epoch, position, event_id, type, subjects, envelope, found_in)"
        " VALUES ('notify', 'e', 9, :id, 'intake.a', :households, '{\"a\": 1}', 'reader')",
        id=ids[0],
        households=[str(GONE)],
    )
    await erase_all(db)
    assert await rows(db, "SELECT ids, types, subjects FROM applied_run WHERE source = 'notify'") == [
        (ids, ["intake.a", BLANK, BLANK], [str(OTHER), "", ""])
    ]
    assert await rows(db, "SELECT subjects FROM parked") == [([str(OTHER)],)]
    assert await rows(db, "SELECT event_id, type, subjects, envelope FROM lost_fact") == [(ids[0], BLANK, [], None)]


async def test_erasing_twice_changes_nothing(house: House) -> None:
    await erase_all(house.service.db)
    before = await rows(house.service.db, "SELECT id, erased_at FROM tombstone ORDER BY id")
    assert [row[0] for row in before] == [GONE, CASE]
    await erase_all(house.service.db)
    assert await rows(house.service.db, "SELECT id, erased_at FROM tombstone ORDER BY id") == before


async def test_more_tombstones_than_one_statement_takes(house: House) -> None:
    ids = [UUID(int=n) for n in range(12_001)]
    async with house.service.db.transaction() as session:
        await set_tombstones(session, ids, clock.now())
        assert await erased_among(session, [ids[0], ids[-1], uuid4()]) == {ids[0], ids[-1]}


async def test_what_is_no_record_goes_when_its_time_is_over(house: House) -> None:
    db = house.service.db
    for age in (1, 29, 31, 179, 181):
        await write(
            db,
            "INSERT INTO idempotency_key (post, key, fingerprint, created_at) VALUES (:post, :key, 'f', :at)",
            post=house.actor.post,
            key=str(age),
            at=clock.now() - timedelta(days=age),
        )
        await write(
            db,
            "INSERT INTO draft (id, person, form, body, saved_at, expires_at)"
            " VALUES (gen_random_uuid(), :person, :form, '{}', now(), :expires)",
            person=uuid4(),
            form=str(age),
            expires=clock.now() + timedelta(days=30 - age),
        )
        for n, state in enumerate(("done", "parked")):
            await write(
                db,
                "INSERT INTO parked (source, epoch, position, event_id, type, version, subjects, envelope, state,"
                " resolved_at)"
                " VALUES ('notify', 'e', :position, gen_random_uuid(), 'a.b', 1, '{x}', '{}', :state, :at)",
                position=10 * age + n,
                state=state,
                at=clock.now() - timedelta(days=age) if state == "done" else None,
            )
    for _ in range(2):
        await tidy(db)
        assert await rows(db, "SELECT key FROM idempotency_key ORDER BY key") == [("1",), ("29",)]
        assert await rows(db, "SELECT form FROM draft ORDER BY form") == [("1",), ("29",)]
        assert await rows(db, "SELECT count(*) FROM parked WHERE state = 'done'") == [(4,)]
        assert await rows(db, "SELECT count(*) FROM parked WHERE state = 'parked'") == [(5,)]


async def test_the_ward_sets_the_periods(house: House) -> None:
    db = house.service.db
    async with db.transaction() as session:
        assert await days_kept(session, "draft") == timedelta(days=30)
        for code, days, since, until in (("draft", 14, None, "2026-12-31"), ("draft_later", 7, "2027-01-01", None)):
            attributes = {"what": "draft", "days": days, "valid_from": since, "valid_until": until}
            session.add(Code(list="KEPT", code=code, ja="下書き", en="Drafts", attributes=attributes))
    for moment, days in ((datetime(2026, 12, 31, tzinfo=UTC), 14), (datetime(2027, 1, 2, tzinfo=UTC), 7)):
        with clock.at(moment):
            async with db.transaction() as session:
                assert await days_kept(session, "draft") == timedelta(days=days)
    async with db.transaction() as session:
        with pytest.raises(LookupError):
            await days_kept(session, "nothing of the kind")


@pytest.mark.parametrize(
    ("dates", "day", "holds"),
    [
        ({}, date(2026, 1, 1), True),
        ({"valid_from": "2026-01-01"}, date(2025, 12, 31), False),
        ({"valid_from": "2026-01-01", "valid_until": "2026-01-01"}, date(2026, 1, 1), True),
        ({"valid_until": "2026-01-01"}, date(2026, 1, 2), False),
    ],
)
def test_dated_entries_hold_from_their_first_to_their_last_day(dates: dict[str, str], day: date, holds: bool) -> None:
    assert holds_on(dates, day) is holds
