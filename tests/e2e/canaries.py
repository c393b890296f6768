"""Marked words, and where they were found: every column of every table, every stream, every line and address."""

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio as aioredis

from services.stack import Stack
from services.story.stage import Person

MARK = re.compile(r"qzk[a-j]{4}zq|0800007\d{4}|080-0007-\d{4}", re.IGNORECASE)
"""Words, telephone numbers and addresses that nobody but a test types."""
SQL_MARK = r"qzk[a-j]{4}zq|0800007\d{4}|080-0007-\d{4}|533926947"
BIRTH, MESH = "1931-07-19", "533926947"
_PRIVACY = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
_ROW = re.compile(r"^\| (intake|casework|outreach|notify) \| (\w+) \| (\w+) \|")
_TABLES = (
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p') AND NOT relispartition"
)

Column = tuple[str, str, str]


class Marks:
    """Gives a new marked word for every field."""

    def __init__(self) -> None:
        self._count = 0

    def word(self) -> str:
        """A word that no normalisation changes: small letters alone, since digits are read as house numbers."""
        self._count += 1
        return "qzk" + "".join("abcdefghij"[int(digit)] for digit in f"{self._count:04d}") + "zq"

    def phone(self) -> str:
        """A telephone number; it is found with and without hyphens."""
        self._count += 1
        return f"080-0007-{self._count:04d}"

    def email(self) -> str:
        """An e-mail address."""
        return f"{self.word()}@example.org"


def listed_columns() -> set[Column]:
    """The columns that ``docs/privacy.md`` lists."""
    lines = _PRIVACY.read_text(encoding="utf-8").splitlines()
    return {(m[1], m[2], m[3]) for line in lines if (m := _ROW.match(line))}


async def marked_columns(running: Stack) -> set[Column]:
    """Every column of the four databases in which a mark stands."""
    found: set[Column] = set()
    for service in running.apps:
        url = running.database_url(service).replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            async for table, column in _marked(connection):
                found.add((service, table, column))
        finally:
            await connection.close()
    return found


async def _marked(connection: Any) -> AsyncIterator[tuple[str, str]]:
    for row in await connection.fetch(_TABLES):
        table = row["name"]
        columns = await connection.fetch(
            "SELECT attname AS name FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
            f'"{table}"',
        )
        names = [column["name"] for column in columns]
        looks = ", ".join(f'bool_or("{name}"::text ~* $1) AS "{name}"' for name in names)
        marked = await connection.fetchrow(f'SELECT {looks} FROM "{table}"', SQL_MARK)  # noqa: S608 - names of our own
        for name in names:
            if marked[name]:
                yield table, name


async def kept_words(running: Stack) -> set[str]:
    """Every marked word that stands anywhere in the four databases: what was really kept of all that was sent."""
    found: set[str] = set()
    for service in running.apps:
        connection = await asyncpg.connect(running.database_url(service).replace("+asyncpg", ""))
        try:
            for row in await connection.fetch(_TABLES):
                query = f"SELECT DISTINCT (regexp_matches(t::text, $1, 'g'))[1] AS word FROM \"{row['name']}\" t"  # noqa: S608 - names of our own
                found |= {one["word"] for one in await connection.fetch(query, "(qzk[a-j]{4}zq)")}
        finally:
            await connection.close()
    return found


async def birthdays(running: Stack) -> set[Column]:
    """Where the marked birthday stands, in whatever form a date has as text."""
    found = set()
    for service in running.apps:
        connection = await asyncpg.connect(running.database_url(service).replace("+asyncpg", ""))
        try:
            rows = await connection.fetch(
                "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
            )
            for row in rows:
                query = f'SELECT bool_or("{row["c"]}"::text LIKE $1) FROM "{row["t"]}"'  # noqa: S608 - as above
                if await connection.fetchval(query, f"%{BIRTH}%"):
                    found.add((service, row["t"], row["c"]))
        finally:
            await connection.close()
    return found


async def stream_entries(redis_url: str) -> list[str]:
    """Everything that Redis holds, as text."""
    async with aioredis.Redis.from_url(redis_url) as client:
        found: list[str] = []
        async for key in client.scan_iter("*"):
            kind = await client.type(key)
            values: Any = await client.xrange(key) if kind == b"stream" else await client.dump(key)
            found.append(f"{key!r} {values!r}")
        return found


def hrefs(pages: Iterable[str]) -> list[str]:
    """Every address that a page leads to, asks for, or names itself."""
    pattern = re.compile(r"""(?:href|action|src|hx-[a-z-]+|data-[a-z-]*url)=["']([^"']+)["']""")
    return [address for page in pages for address in pattern.findall(page) if address.startswith(("/", "?"))]


async def try_every_body(
    person: Person, service: str, openapi: dict[str, Any], marks: Marks, ids: dict[str, str]
) -> None:
    """Send each operation a body whose every text is a mark: most are refused, and say nothing of what was typed."""
    for template, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "delete", "head"} or template in {"/session/renew", "/sign-out", "/api/session"}:
                continue
            path = re.sub(r"\{(\w+)\}", lambda part: ids.get(part[1], ids["household"]), template)
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            body = _filled(schema, openapi, marks, depth=0)
            await person.send(method.upper(), f"/{service}{path}", body if isinstance(body, dict) else {})


def _filled(schema: dict[str, Any], openapi: dict[str, Any], marks: Marks, depth: int) -> Any:
    """A value of the schema's shape with marks for texts; codes, ids and dates are marks too, and so are refused."""
    if "$ref" in schema:
        schema = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _filled(options[0], openapi, marks, depth)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" and depth < 4:
        return {name: _filled(part, openapi, marks, depth + 1) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_filled(schema.get("items", {}), openapi, marks, depth + 1)]
    return {"integer": 1, "number": 1, "boolean": True, "string": marks.word()}.get(kind or "")
