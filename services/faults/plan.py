"""The kinds of fault, and in which order a seed has them come."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from random import Random
from typing import Final

from services.faults import on_postgres, on_redis, on_services
from services.faults.trial import Fault

FAULTS: Final = (
    Fault("intake_killed", on_services.killed("intake")),
    Fault("casework_killed", on_services.killed("casework")),
    Fault("outreach_killed", on_services.killed("outreach")),
    Fault("notify_killed", on_services.killed("notify")),
    Fault("all_killed", on_services.all_killed),
    Fault("services_ended", on_services.ended),
    Fault("relay_killed_before_append", on_services.killed_exactly("before", "intake", "casework", "notify")),
    Fault("relay_killed_after_append", on_services.killed_exactly("after", "intake", "casework", "notify")),
    Fault("reader_killed_in_batch", on_services.killed_exactly("applying", "casework", "outreach", "notify")),
    Fault("two_replicas_one_killed", on_services.two_replicas),
    Fault("replica_frozen", on_services.frozen),
    Fault("new_event_type", on_services.upgraded),
    Fault("same_request_twice", on_services.same_request_twice),
    Fault("clock_moved", on_services.clock_moved, on_services.no_faketime),
    Fault("redis_stopped", on_redis.stopped),
    Fault("redis_restarted", on_redis.restarted),
    Fault("redis_killed", on_redis.killed),
    Fault("redis_frozen", on_redis.frozen),
    Fault("redis_emptied", on_redis.emptied),
    Fault("redis_stale", on_redis.stale),
    Fault("redis_full", on_redis.full),
    Fault("stream_trimmed", on_redis.trimmed),
    Fault("entries_doubled", on_redis.given("doubled")),
    Fault("entries_reordered", on_redis.given("reordered")),
    Fault("entries_unknown", on_redis.given("unknown")),
    Fault("entries_malformed", on_redis.given("malformed")),
    Fault("postgres_restarted", on_postgres.restarted),
    Fault("postgres_killed", on_postgres.killed),
    Fault("database_slow", on_postgres.slow),
    Fault("database_restored", on_postgres.restored),
)

KINDS: Final = tuple(fault.kind for fault in FAULTS)


def rounds(dice: Random, only: Collection[str] = ()) -> Iterator[list[Fault]]:
    """Endless rounds; in each every kind (of ``only``, where given) comes once, in an order that the dice choose."""
    chosen = [fault for fault in FAULTS if not only or fault.kind in only]
    while True:
        yield dice.sample(chosen, len(chosen))
