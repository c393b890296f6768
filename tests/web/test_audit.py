"""The audit: rows are written once and sealed soon, one at a time however many seal, and what is changed is found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from shared import clock
from shared.audit import AuditEntry, note
from shared.audit.chain import Sealable, genesis, link
from shared.audit.sealing import chain_head, seal
from shared.audit.verifying import Anchor, Break, read_anchors, verify_chain
from shared.audit.witness import keep_anchor, say_head
from shared.db import Database
from shared.identity import Actor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.testing import FreshDatabase

ACTOR = Actor(
    post=UUID(int=1), person=UUID(int=2), session=UUID(int=3), agency="chiiki", agency_kind="chiiki", role="caseworker",
    areas=frozenset(), name="佐藤 美咲",
)  # fmt: skip

COPY = (
    "INSERT INTO audit_entry (at, post, person, action, number, hash) "
    "SELECT at, post, person, action, {}, hash FROM audit_entry WHERE number = {}"
)
MOVE = "UPDATE audit_entry SET number = number + {} WHERE number > 1000"
PUSH = "UPDATE audit_entry SET number = number + 1000 WHERE number >= 6"
AWAY = "DELETE FROM audit_entry WHERE number = 5; UPDATE audit_entry SET number = number + 1000 WHERE number >= 6"
SWAP = (
    "UPDATE audit_entry SET number = 1000 WHERE number = 4; UPDATE audit_entry SET number = 4 WHERE number = 5; "
    "UPDATE audit_entry SET number = 5 WHERE number = 1000"
)


@pytest.fixture
async def db(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """A database of notify with its triggers."""
    made = Database(await fresh_database("notify"), pool_size=5)
    yield made
    await made.close()


async def write(db: Database, count: int, action: str = "view") -> None:
    async with db.transaction() as session:
        await note(session, ACTOR, action, [uuid4() for _ in range(count)], reason="電話のため")


async def seal_all(db: Database) -> None:
    while await seal(db, "notify"):
        pass


async def break_in(db: Database, *statements: str) -> None:
    """As a superuser who has switched the triggers off."""
    async with db.transaction() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await session.execute(text(statement))


async def anchor_of(db: Database) -> Anchor:
    async with db.read() as session:
        number, digest = await chain_head(session, "notify")
    return Anchor("intake", number, digest)


async def broken(db: Database, *anchors: Anchor) -> Break | None:
    return (await verify_chain(db, "notify", anchors)).broken


async def test_rows_are_numbered_without_a_gap_and_hold_together(db: Database) -> None:
    await write(db, 3)
    await seal_all(db)
    await write(db, 4, "print")
    assert (await verify_chain(db, "notify")).unsealed == 4
    await seal_all(db)
    found = await verify_chain(db, "notify", [await anchor_of(db)])
    assert (found.rows, found.unsealed, found.broken) == (7, 0, None)


async def test_many_sealers_and_writers_make_one_chain(db: Database) -> None:
    async def work(n: int) -> None:
        for _ in range(5):
            await write(db, n % 3 + 1)
            await seal(db, "notify", most=4)

    await asyncio.gather(*(work(n) for n in range(6)))
    await seal_all(db)
    found = await verify_chain(db, "notify")
    assert (found.rows, found.unsealed, found.broken) == (60, 0, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'nothing' WHERE number = 2",
        "UPDATE audit_entry SET action = 'nothing' WHERE number IS NULL",
        "UPDATE audit_entry SET number = NULL, hash = NULL WHERE number = 2",
        "UPDATE audit_entry SET number = 9, hash = '\\x00', reason = '' WHERE number IS NULL",
        "DELETE FROM audit_entry WHERE number = 2",
        "DELETE FROM audit_entry WHERE number IS NULL",
        "TRUNCATE audit_entry",
        COPY.format(99, 2),
        "UPDATE audit_anchor SET number = 1",
        "DELETE FROM audit_anchor",
        "TRUNCATE audit_anchor",
    ],
)
async def test_the_database_refuses_to_change_the_audit(db: Database, statement: str) -> None:
    await write(db, 3)
    await seal_all(db)
    await write(db, 1)
    async with db.transaction() as session:
        assert await keep_anchor(session, "outreach", 5, "00" * 32)
    with pytest.raises(DBAPIError, match="append-only") as refused:
        async with db.transaction() as session:
            await session.execute(text(statement))
    assert refused.value.orig is not None
    assert getattr(refused.value.orig, "sqlstate", None) == "42501"


async def test_one_bit_flipped_is_found_and_named(db: Database) -> None:
    await write(db, 20)
    await seal_all(db)
    await break_in(
        db,
        "UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE number = 13",
        "UPDATE audit_entry SET hash = set_bit(hash, 7, 1 - get_bit(hash, 7)) WHERE number = 17",
    )
    async with db.read() as session:
        row = await session.scalar(select(AuditEntry.id).where(AuditEntry.number == 13))
    assert await broken(db) == Break("changed", 13, row)


@pytest.mark.parametrize("column", ["post", "person", "household"])
async def test_one_bit_of_an_id_is_found(db: Database, column: str) -> None:
    await write(db, 5)
    await seal_all(db)
    await break_in(
        db,
        f"UPDATE audit_entry SET {column} = (left({column}::text, 35) || "  # noqa: S608 - the columns above
        f"CASE right({column}::text, 1) WHEN '0' THEN '1' ELSE '0' END)::uuid WHERE number = 4",
    )
    found = await broken(db)
    assert found is not None
    assert (found.kind, found.number) == ("changed", 4)


@pytest.mark.parametrize(
    ("deed", "kind", "number"),
    [
        ("UPDATE audit_entry SET basis = 'consent' WHERE number = 4", "changed", 4),
        ("UPDATE audit_entry SET basis = '' WHERE number = 4", "changed", 4),
        ("UPDATE audit_entry SET origin = '10.0.0.1' WHERE number = 4", "changed", 4),
        ("UPDATE audit_entry SET reason = NULL WHERE number = 1", "changed", 1),
        ("DELETE FROM audit_entry WHERE number = 4", "missing", 4),
        ("DELETE FROM audit_entry WHERE number = 1", "missing", 1),
        ("UPDATE audit_entry SET number = 99 WHERE number = 4", "missing", 4),
        (f"{AWAY}; {MOVE.format(-1001)}", "changed", 5),
        (f"{PUSH}; {MOVE.format(-999)}; {COPY.format(6, 5)}", "changed", 6),
        (SWAP, "changed", 4),
    ],
)
async def test_changed_removed_moved_and_inserted_rows_are_named(
    db: Database, deed: str, kind: str, number: int
) -> None:
    await write(db, 10)
    await seal_all(db)
    await break_in(db, *deed.split(";"))
    found = await broken(db)
    assert found is not None
    assert (found.kind, found.number) == (kind, number)


async def test_a_cut_tail_is_found_by_what_others_keep(db: Database) -> None:
    await write(db, 10)
    await seal_all(db)
    anchor = await anchor_of(db)
    await break_in(db, "DELETE FROM audit_entry WHERE number > 7")
    assert await broken(db) is None
    assert await broken(db, anchor) == Break("cut", 8, None, "intake", 10)
    await write(db, 9)
    await seal_all(db)
    found = await broken(db, anchor)
    assert found is not None
    assert (found.kind, found.number, found.witness) == ("replaced", 10, "intake")


async def test_a_chain_made_again_is_found_by_what_others_keep(db: Database) -> None:
    await write(db, 10)
    await seal_all(db)
    anchor = await anchor_of(db)
    await break_in(
        db,
        "UPDATE audit_entry SET action = 'nothing' WHERE number = 3",
        "UPDATE audit_entry SET number = NULL, hash = NULL",
    )
    await seal_all(db)
    assert await broken(db) is None
    found = await broken(db, anchor)
    assert found is not None
    assert (found.kind, found.number) == ("replaced", 10)


async def test_a_witness_keeps_every_head_and_tells_when_one_goes_back(db: Database) -> None:
    async with db.transaction() as session:
        assert await say_head(session, "notify") == (None, None)
        assert await keep_anchor(session, "outreach", None, None)
        assert await keep_anchor(session, "outreach", 5, "aa" * 32)
        assert await keep_anchor(session, "outreach", 5, "aa" * 32)
        assert await keep_anchor(session, "outreach", 8, "bb" * 32)
        assert not await keep_anchor(session, "outreach", 8, "cc" * 32)
        assert not await keep_anchor(session, "outreach", 7, "dd" * 32)
    kept = (await read_anchors(db, "notify"))["outreach"]
    assert [(anchor.number, anchor.hash[0], anchor.witness) for anchor in kept] == [
        (5, 0xAA, "notify"),
        (7, 0xDD, "notify"),
        (8, 0xBB, "notify"),
    ]


async def test_a_request_that_fails_leaves_no_row(db: Database) -> None:
    async def fail() -> None:
        async with db.transaction() as session:
            await note(session, ACTOR, "view")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(AuditEntry)) == 0


some = st.none() | st.text(max_size=5)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(clock.TOKYO))  # noqa: DTZ001 - as hypothesis wants it
rows = st.builds(
    Sealable, id=st.integers(1, 2**62), at=moments, post=st.uuids(), person=st.uuids(), action=st.text(max_size=5),
    household=st.none() | st.uuids(), basis=some, reason=some, origin=some,
)  # fmt: skip


@given(rows, rows, st.integers(1, 2**40), st.integers(1, 2**40))
def test_different_rows_have_different_hashes(one: Sealable, other: Sealable, here: int, there: int) -> None:
    before = genesis("intake")
    same = (one, here) == (other, there)
    assert (link(before, here, one) == link(before, there, other)) is same
    assert link(before, here, one) != link(genesis("notify"), here, one)
    later = replace(one, at=one.at + timedelta(microseconds=1))
    assert link(before, here, later) != link(before, here, one)
    swapped = replace(one, basis=one.reason, reason=one.basis)
    assert (link(before, here, swapped) == link(before, here, one)) is (one.basis == one.reason)
