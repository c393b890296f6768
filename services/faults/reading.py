"""Reads the books of all four services, for ``comparing``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from services.faults.comparing import Book, Fact
from services.faults.marks import MARKS
from services.parts import SERVICES

if TYPE_CHECKING:
    import asyncpg

    from services.faults.town import Town

_VISITS: Final = {
    "casework": "SELECT household::text, visits FROM support_case",
    "outreach": "SELECT household::text, visits FROM contact_record",
}


async def read_books(town: Town) -> dict[str, Book]:
    """All four, each in one snapshot; the town has to be at rest."""
    books = {}
    for service in SERVICES:
        async with town.admin(service) as connection, connection.transaction(isolation="repeatable_read"):
            books[service] = await _book(connection, service)
        entries: Any = await town.redis.xrange(town.names.stream(service))
        books[service].stream = [(int(raw.split(b"-")[0]), fields[b"id"].decode()) for raw, fields in entries]
    return books


async def _book(connection: asyncpg.Connection[asyncpg.Record], service: str) -> Book:
    book = Book(service, [_fact(row) for row in await connection.fetch(_LOG)])
    for row in await connection.fetch(_APPLIED):
        book.applied.setdefault(row["source"], []).append((row["position"], row["id"]))
    for mark in MARKS:
        if mark.service == service:
            keys = f"SELECT {mark.key} AS key FROM public.{mark.table} WHERE {mark.when}"  # noqa: S608 - constants
            book.marks[mark] = {row["key"] for row in await connection.fetch(keys)}
            lines = f"SELECT step, {mark.key} AS key FROM evidence.{mark.table} WHERE {mark.when}"  # noqa: S608 - as above
            steps = f"SELECT key, min(step) AS step FROM ({lines}) AS line GROUP BY key"  # noqa: S608 - as above
            book.steps[mark] = {row["key"]: row["step"] for row in await connection.fetch(steps)}
    if service == "notify":
        book.notifications = [tuple(row) for row in await connection.fetch(_NOTIFICATIONS)]
    if service == "intake":
        book.words = [row["words"] for row in await connection.fetch("SELECT words FROM consultation")]
    if service == "casework":
        book.cases = [row["household"] for row in await connection.fetch("SELECT household::text FROM support_case")]
    if service in _VISITS:
        book.visits = {row[0]: row[1] for row in await connection.fetch(_VISITS[service])}
    return book


def _fact(row: Any) -> Fact:
    return Fact(
        row["id"], row["position"], row["previous"], row["log_id"], row["type"], tuple(row["subjects"]),
        json.loads(row["data"]), row["actor"],
    )  # fmt: skip


_LOG = """
    SELECT id::text, position, previous::text, log_id, type, subjects, data, actor
    FROM event_log ORDER BY position NULLS LAST, log_id
"""
_APPLIED = """
    SELECT source, last - cardinality(ids) + place AS position, event::text AS id
    FROM applied_run, unnest(ids) WITH ORDINALITY AS line (event, place)
    ORDER BY source, position
"""
_NOTIFICATIONS = """
    SELECT post::text, kind, because::text, about::text FROM notification WHERE passed_up_from IS NULL
"""
