"""What a service says to Prometheus beside its requests: its spine, as the operator's page shows it.

Every figure comes from the answer that the page and ``./kasane status`` read, at most two seconds old. Labels are names
of services, states, channels and feed readers: there are never more of them than the code knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from shared.spine.wire import position_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from shared.operations import Operations
    from shared.service import Service

AWAY = (SQLAlchemyError, asyncpg.PostgresError, RedisError, OSError, TimeoutError)
"""What asking a service's own database may end in."""

_STATES = ("ok", "diverged", "standby")

Sample = tuple[dict[str, str], float]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its name, what it means, and the labels beside ``service``."""

    name: str
    told: str
    labels: tuple[str, ...] = ()


GAUGES = (
    Gauge("kasane_database_up", "1 when the service's database answers; all others are missing while it is 0"),
    Gauge("kasane_redis_up", "1 when Redis answers"),
    Gauge("kasane_log_head", "Last position of the service's own event log"),
    Gauge("kasane_log_unplaced_events", "Events recorded and not yet given a position"),
    Gauge("kasane_log_events_per_minute", "Events recorded a minute, over the last five minutes"),
    Gauge("kasane_log_diverged", "1 when the log has gone back and an operator must adopt it"),
    Gauge("kasane_stream_tail", "Position of the last entry of the service's stream in Redis"),
    Gauge("kasane_stream_length", "Entries that the service's stream in Redis holds"),
    Gauge("kasane_relay_leader", "1 when one of the service's replicas leads its relay"),
    Gauge("kasane_relay_leading", "1 on the replica that leads"),
    Gauge("kasane_relay_beat_age_seconds", "Seconds since the leader's last word on its connection"),
    Gauge("kasane_reader_position", "Last position of a source that is applied here", ("source",)),
    Gauge("kasane_reader_lag_events", "Events of a source that are stated and not applied here", ("source",)),
    Gauge("kasane_reader_lag_seconds", "Seconds since the first of those was stated", ("source",)),
    Gauge("kasane_reader_state", "1 for the state a source's reader is in, 0 for the others", ("source", "state")),
    Gauge("kasane_parked_subjects", "Households (and posts) that stand still because of a parked event"),
    Gauge("kasane_parked_events", "Events that an operator must look at, and events behind them", ("source", "state")),
    Gauge("kasane_parked_oldest_seconds", "Age of the oldest event that is parked or waits", ("source",)),
    Gauge("kasane_waiting_events", "Events that wait for another source's fact and go on by themselves", ("source",)),
    Gauge("kasane_heartbeat_age_seconds", "Age of the last probe sent (own name) or heard (hop)", ("hop",)),
    Gauge("kasane_feed_reader_position", "Position up to which a reader had the log when it asked last", ("reader",)),
    Gauge("kasane_feed_reader_age_seconds", "Seconds since a reader asked the feed", ("reader",)),
    Gauge("kasane_lost_facts", "Facts that a restored log no longer knows"),
    Gauge("kasane_incidents", "Things that the spine has mended by itself"),
    Gauge("kasane_deliveries", "Messages on a channel that wait, or were given up in seven days", ("channel", "state")),
    Gauge("kasane_delivery_oldest_seconds", "Age of the oldest message that waits on a channel", ("channel",)),
)
"""Every metric that is not about requests; ``docs/operations.md`` lists the same."""


async def measure(service: Service) -> bytes:
    """The whole answer of ``/metrics``: requests as they were counted, then the spine as it is."""
    try:
        found: Operations | None = await service.operations.get()
    except AWAY:
        found = None
    registry = CollectorRegistry()
    registry.register(_Now(service.name, found))
    return generate_latest(service.metrics.registry) + generate_latest(registry)


class _Now:
    """Collects one answer."""

    def __init__(self, service: str, found: Operations | None) -> None:
        self._service = service
        self._samples: dict[str, list[Sample]] = {"kasane_database_up": [({}, float(found is not None))]}
        if found is not None:
            self._samples |= {name: list(samples) for name, samples in _samples(found)}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family, also one that has nothing to say now."""
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.told, labels=("service", *gauge.labels))
            for labels, value in self._samples.get(gauge.name, ()):
                family.add_metric((self._service, *(labels[name] for name in gauge.labels)), value)
            yield family


def _samples(found: Operations) -> Iterator[tuple[str, Iterable[Sample]]]:
    status = found.status
    tail = position_of(status.stream_tail.encode()) if status.stream_tail else None
    yield "kasane_redis_up", _one(status.redis)
    yield "kasane_log_head", _one(status.head)
    yield "kasane_log_unplaced_events", _one(status.unplaced)
    yield "kasane_log_events_per_minute", _one(status.per_minute)
    yield "kasane_log_diverged", _one(status.log_state != "ok")
    yield "kasane_stream_tail", _one(tail)
    yield "kasane_stream_length", _one(status.stream_length)
    yield "kasane_relay_leader", _one(status.leader is not None)
    yield "kasane_relay_leading", _one(status.leading)
    yield "kasane_relay_beat_age_seconds", _one(_age(status.leader_beat_at, status.at))
    yield "kasane_parked_subjects", _one(status.subjects)
    yield "kasane_lost_facts", _one(status.lost_facts)
    yield "kasane_incidents", _one(status.incidents)
    sources = status.sources
    yield "kasane_reader_position", [({"source": s.source}, s.position) for s in sources]
    yield "kasane_reader_lag_events", [({"source": s.source}, s.lag_events) for s in sources]
    yield "kasane_reader_lag_seconds", [({"source": s.source}, s.lag_seconds) for s in sources]
    yield (
        "kasane_reader_state",
        [({"source": s.source, "state": state}, float(s.state == state)) for s in sources for state in _STATES],
    )
    yield (
        "kasane_parked_events",
        [
            ({"source": s.source, "state": state}, count)
            for s in sources
            for state, count in (("parked", s.parked), ("behind", s.behind))
        ],
    )
    yield "kasane_parked_oldest_seconds", [({"source": s.source}, _age(s.oldest_at, status.at) or 0.0) for s in sources]
    yield "kasane_waiting_events", [({"source": s.source}, s.waiting) for s in sources]
    yield (
        "kasane_heartbeat_age_seconds",
        [({"hop": beat.service}, _age(beat.started_at, status.at) or 0.0) for beat in status.beats],
    )
    readers = status.feed_readers
    yield "kasane_feed_reader_position", [({"reader": r.reader}, r.position) for r in readers]
    yield (
        "kasane_feed_reader_age_seconds",
        [({"reader": r.reader}, _age(r.asked_at, status.at) or 0.0) for r in readers],
    )
    yield (
        "kasane_deliveries",
        [
            ({"channel": d.channel, "state": state}, count)
            for d in found.deliveries
            for state, count in (("waiting", d.waiting), ("failed", d.failed))
        ],
    )
    yield (
        "kasane_delivery_oldest_seconds",
        [({"channel": d.channel}, _age(d.oldest_at, status.at) or 0.0) for d in found.deliveries],
    )


def _one(value: float | None) -> list[Sample]:
    return [] if value is None else [({}, float(value))]


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max((now - since).total_seconds(), 0.0)
