"""Evidence of the order in which effects came, kept by PostgreSQL itself: the services know nothing of it.

A trigger on each table of effects copies every row that is inserted or changed into ``evidence.<table>``, with a number
that grows. It is written in the very transaction of the effect, so what was rolled back has left none, and a database
restored from a backup has the evidence of that time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.faults.marks import TABLES

if TYPE_CHECKING:
    import asyncpg


async def install(connection: asyncpg.Connection[asyncpg.Record], service: str) -> None:
    """Make the schema ``evidence`` and its triggers in a service's database; the superuser's work."""
    await connection.execute("CREATE SCHEMA evidence; CREATE SEQUENCE evidence.step")
    for table in TABLES[service]:
        await connection.execute(f"""
            CREATE TABLE evidence.{table} AS SELECT 0::bigint AS step, * FROM public.{table} WITH NO DATA;
            CREATE FUNCTION evidence.note_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                INSERT INTO evidence.{table} SELECT nextval('evidence.step'), NEW.*;
                RETURN NULL;
            END $$;
            CREATE TRIGGER zz_evidence AFTER INSERT OR UPDATE ON public.{table}
                FOR EACH ROW EXECUTE FUNCTION evidence.note_{table}();
        """)  # noqa: S608 - the tables of ``marks``


async def slow_down(connection: asyncpg.Connection[asyncpg.Record], seconds: float) -> None:
    """Let each statement that writes to the log or moves a cursor take ``seconds`` longer."""
    await connection.execute(f"""
        CREATE FUNCTION evidence.wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
        GRANT USAGE ON SCHEMA evidence TO PUBLIC;
        CREATE TRIGGER zz_slow BEFORE INSERT ON event_log FOR EACH STATEMENT EXECUTE FUNCTION evidence.wait();
        CREATE TRIGGER zz_slow BEFORE UPDATE ON cursor FOR EACH STATEMENT EXECUTE FUNCTION evidence.wait();
    """)


async def speed_up(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Take :func:`slow_down` back."""
    await connection.execute("DROP FUNCTION IF EXISTS evidence.wait() CASCADE")
