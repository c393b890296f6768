"""``./kasane log adopt SERVICE``: a log restored from a backup is the truth from now on."""

from __future__ import annotations

from redis.asyncio import Redis

from services.commands.places import database
from services.commands.trouble import say
from shared.settings import Settings
from shared.spine.going_back import adopt_log
from shared.spine.wire import Names


async def run(service: str, settings: Settings) -> int:
    """Adopt, and print the facts that the log has lost: position, type, subjects."""
    redis = Redis.from_url(settings.redis_url) if settings.redis_url else None
    try:
        async with database(settings) as db:
            adopted = await adopt_log(db, redis, Names(settings.municipality), service)
    finally:
        if redis is not None:
            await redis.aclose()
    say(f"{service}: new epoch {adopted.epoch}, going on after position {adopted.position}")
    say(f"the old stream is kept as {adopted.old_stream}" if adopted.old_stream else "there was no old stream")
    for fact in adopted.lost:
        print(f"{fact.position}\t{fact.type}\t{','.join(fact.subjects)}")
    say(f"{len(adopted.lost)} facts are lost" if adopted.lost else "no fact is lost")
    return 0
