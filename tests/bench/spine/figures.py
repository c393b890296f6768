"""Medians of the rounds, the spread, and the ratios that ``docs/bench.md`` is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any, Final

from tests.bench.spine.floors import Floors
from tests.bench.spine.sessions import Live

KEYS: Final = ("events_per_second", "drain_per_second", "p50_ms", "p99_ms", "cpu_s_per_1000", "memory_mb")

_RATIOS: Final[tuple[tuple[str, str, str, str, float, bool], ...]] = (
    # name, whose, of what, of whom, wanted, whether more is better
    ("bulk path of the limit in bulk", "kasane_bulk", "events_per_second", "limit_bulk", 0.5, True),
    ("bulk path of the limit", "kasane_bulk", "events_per_second", "limit", 0.5, True),
    ("bulk path of Celery", "kasane_bulk", "events_per_second", "celery", 8, True),
    ("record() of the limit", "kasane", "events_per_second", "limit", 0.2, True),
    ("record() of Celery", "kasane", "events_per_second", "celery", 3, True),
    ("drain in batches of the limit", "kasane_bulk", "drain_per_second", "limit", 0.4, True),
    ("drain one by one of the limit", "kasane", "drain_per_second", "limit", 0.15, True),
    ("drain in batches of Celery", "kasane_bulk", "drain_per_second", "celery", 25, True),
    ("drain one by one of Celery", "kasane", "drain_per_second", "celery", 25, True),
    ("p50 of the limit", "kasane", "p50_ms", "limit", 1.3, False),
    ("p99 of the limit", "kasane", "p99_ms", "limit", 2, False),
    ("processor of Celery", "kasane", "cpu_s_per_1000", "celery", 1 / 6, False),
    ("processor in bulk of Celery", "kasane_bulk", "cpu_s_per_1000", "celery", 1 / 6, False),
)
_ADDED_MS: Final = 0.3


class Figures:
    """What the rounds gave. A p50 and a p99 are of all samples of all rounds together."""

    def __init__(self, systems: Sequence[str], *, rounds: int, rate: float) -> None:
        self._systems, self._rounds, self._rate = systems, rounds, rate
        self._lives: defaultdict[str, list[Live]] = defaultdict(list)
        self._drains: defaultdict[str, list[float]] = defaultdict(list)
        self.floors: Floors | None = None
        """What lies under Kasane's figures, where it was measured."""

    def add(self, system: str, live: Live, drain: float) -> None:
        """One round of one system."""
        self._lives[system].append(live)
        self._drains[system].append(drain)

    def as_json(self) -> dict[str, Any]:
        """``systems`` as the issue names them; beside it ``spread``, ``ratios`` and what was done."""
        ratios = [
            {
                "name": name,
                "ratio": round(self._ratio(one, key, other), 3),
                "wanted": round(wanted, 3),
                "most": not more,
            }
            for name, one, key, other, wanted, more in _RATIOS
            if self._lives[one] and self._lives[other]
        ]
        result: dict[str, Any] = {
            "systems": {system: self._medians(system) for system in self._systems},
            "spread": {system: self._spread(system) for system in self._systems},
            "ratios": ratios,
            "rounds": self._rounds,
            "paced_per_second": self._rate,
            "samples": {system: sum(len(live.latencies) for live in self._lives[system]) for system in self._systems},
            "doubled": {system: sum(live.doubled for live in self._lives[system]) for system in self._systems},
        }
        result["record_adds_ms"] = {
            way: {
                "median": round(median(whole - without for whole, without in pairs), 3),
                "spread": [round(pick(whole - without for whole, without in pairs), 3) for pick in (min, max)],
                "transaction": round(median(whole for whole, _ in pairs), 3),
                "wanted": _ADDED_MS,
            }
            for way in ("warm", "cold")
            if (pairs := [live.compared[way] for live in self._lives["kasane"] if way in live.compared])
        }
        if self.floors is not None:
            result["floors"] = {name: _rounded(value) for name, value in asdict(self.floors).items()}
            result["floor_ratios"] = self._floor_ratios(self.floors)
        return result

    def _floor_ratios(self, floors: Floors) -> dict[str, float]:
        """What is left to reach for a protocol that costs nothing by itself."""
        found = {}
        if self._lives["limit"]:
            limit = self._medians("limit")
            found["sessions alone of the limit"] = floors.sessions_per_second / limit["events_per_second"]
            more = floors.parted_ms - floors.at_once_ms + floors.faststream_ms - floors.redis_ms
            found["p50 of the limit"] = (limit["p50_ms"] + more) / limit["p50_ms"]
        if self._lives["celery"]:
            celery = self._medians("celery")
            found["processor of sessions alone of Celery"] = floors.session_cpu_s_per_1000 / celery["cpu_s_per_1000"]
        return {name: round(value, 3) for name, value in found.items()}

    def _medians(self, system: str) -> dict[str, float]:
        samples = [latency for live in self._lives[system] for latency in live.latencies]
        values = {key: median(self._of(system, key)) for key in KEYS}
        values |= {"p50_ms": percentile(samples, 50), "p99_ms": percentile(samples, 99)}
        return {key: _rounded(value) for key, value in values.items()}

    def _spread(self, system: str) -> dict[str, list[float]]:
        return {key: [_rounded(min(self._of(system, key))), _rounded(max(self._of(system, key)))] for key in KEYS}

    def _of(self, system: str, key: str) -> list[float]:
        take: dict[str, Callable[[Live], float]] = {
            "events_per_second": lambda live: live.events_per_second,
            "p50_ms": lambda live: percentile(live.latencies, 50),
            "p99_ms": lambda live: percentile(live.latencies, 99),
            "cpu_s_per_1000": lambda live: live.cpu_s_per_1000,
            "memory_mb": lambda live: live.memory_mb,
        }
        if key == "drain_per_second":
            return self._drains[system]
        return [take[key](live) for live in self._lives[system]]

    def _ratio(self, one: str, key: str, other: str) -> float:
        return self._medians(one)[key] / self._medians(other)[key]


def percentile(samples: Sequence[float], percent: float) -> float:
    """By nearest rank."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _rounded(value: float) -> float:
    return round(value, 3 if value < 100 else 0)
