"""``./kasane bench …``: Kasane beside what one would use instead, in one run. See docs/bench.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from services.commands.trouble import Trouble


def spine(*, as_json: bool, quick: bool, systems: Sequence[str], without_peers: bool, rounds: int | None) -> int:
    """Measure one durable hop; 2 for a system that there is not."""
    from tests.bench.spine.run import OURS, ROUNDS, SYSTEMS, measure

    strangers = set(systems) - set(SYSTEMS)
    if strangers:
        msg = f"there is no system {', '.join(sorted(strangers))}; there are {', '.join(SYSTEMS)}"
        raise Trouble(msg)
    wanted = tuple(systems) or (("kasane", "limit") if quick else OURS if without_peers else SYSTEMS)
    figures = asyncio.run(measure(wanted, rounds=rounds or (1 if quick else ROUNDS), quick=quick)).as_json()
    if as_json:
        print(json.dumps(figures))
    else:
        _print(figures)
    return 0


def rebuild(*, as_json: bool, households: int, services: Sequence[str]) -> int:
    """Fill logs, rebuild, compare; 1 when a table differs."""
    from services.parts import SERVICES
    from tests.bench.rebuild.run import measure as measure_rebuild

    strangers = set(services) - set(SERVICES)
    if strangers:
        msg = f"there is no service {', '.join(sorted(strangers))}; there are {', '.join(SERVICES)}"
        raise Trouble(msg)
    figures = asyncio.run(measure_rebuild(households, tuple(services) or SERVICES))
    if as_json:
        print(json.dumps(figures))
    else:
        table = Table("service", "equal", "events", "rows", "live s", "rebuild s", "events/s")
        for service, one in figures["services"].items():
            seconds = (f"{one['live_seconds']}", f"{one['rebuild_seconds']}", f"{one['events_per_second']:,}")
            table.add_row(service, "yes" if one["equal"] else "NO", f"{one['events']:,}", f"{one['rows']:,}", *seconds)
        Console().print(table)
    return 0 if all(one["equal"] for one in figures["services"].values()) else 1


def audit(*, as_json: bool) -> int:
    """Measure what the audit's chain costs."""
    from tests.bench.audit.run import measure as measure_audit

    figures = asyncio.run(measure_audit())
    if as_json:
        print(json.dumps(figures))
        return 0
    table = Table("way", "a second", "p50 ms", "p99 ms")
    for way, one in figures["ways"].items():
        table.add_row(way, f"{one['per_second']:,}", f"{one['p50_ms']}", f"{one['p99_ms']}")
    Console().print(table)
    print(f"sealing 1,000 rows: {figures['seal_1000_ms']['median']} ms (at most {figures['seal_1000_ms']['most']})")
    return 0


def story(*, as_json: bool, rates: Sequence[float], seconds: float | None) -> int:
    """Measure the way from a call to the notification."""
    from tests.bench.story.run import RATES, SATURATED, SECONDS
    from tests.bench.story.run import measure as measure_story

    figures = asyncio.run(
        measure_story(rates=rates or RATES, seconds=seconds or SECONDS, saturated=min(SATURATED, seconds or SATURATED))
    )
    if as_json:
        print(json.dumps(figures))
        return 0
    titles = {
        "chain": "whole chain",
        "save": "answer to the caller",
        "intake_commit": "until intake commits",
        "hop_casework": "intake to casework",
        "hop_notify": "casework to notify",
        "one_hop": "one hop: intake to outreach",
    }
    console = Console()
    for rate, one in figures["rates"].items():
        table = Table(f"{rate} a second, {one['samples']} samples", "p50 ms", "p99 ms")
        for part, title in titles.items():
            table.add_row(title, f"{one[part]['p50_ms']:,.0f}", f"{one[part]['p99_ms']:,.0f}")
        console.print(table)
        console.print(f"the chain's p50 is {one['chain_to_one_hop']} times one hop's (wanted at 1 a second: under 5)")
    stopped = figures["withdrawal"]
    table = Table(f"a consent withdrawn, {stopped['samples']} samples", "p50 ms", "p99 ms")
    steps = {
        "withdrawn": "until intake commits",
        "case_shut": "the case is shut to the agency",
        "part_ended": "its part is ended",
        "household_shut": "the household is shut to it",
    }
    for step, title in steps.items():
        table.add_row(title, f"{stopped[step]['p50_ms']:,.0f}", f"{stopped[step]['p99_ms']:,.0f}")
    console.print(table)
    console.print(f"saturates at {figures['saturation_per_second']} households a second")
    return 0


def api(*, as_json: bool, rounds: int | None) -> int:
    """Measure the busiest endpoints beside bare handlers."""
    from tests.bench.api.run import ROUNDS
    from tests.bench.api.run import measure as measure_api

    figures = asyncio.run(measure_api(rounds=rounds or ROUNDS))
    if as_json:
        print(json.dumps(figures))
        return 0
    table = Table(Column("endpoint", no_wrap=True), Column("", no_wrap=True))
    for title in ("requests/s", "p50 ms", "p99 ms", "CPU ms"):
        table.add_column(title, justify="right", overflow="fold")
    for name, one in figures["endpoints"].items():
        for system in ("kasane", "bare"):
            spread = one["spread"][system]
            cells = (
                f"{_short(value)}\n[dim]{_short(spread[key][0])}-{_short(spread[key][1])}[/dim]"
                for key, value in one[system].items()
            )
            table.add_row(name if system == "kasane" else "", system, *cells)
        table.add_row("", "ratio", *(f"{value:.3g}" for value in one["ratio"].values()), end_section=True)
    Console().print(table)
    return 0


def _short(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def _print(figures: dict[str, Any]) -> None:
    console = Console()
    titles = ("system", "events/s", "drain/s", "p50 ms", "p99 ms", "CPU s/1,000", "MB")
    table = Table(*titles[:1])
    for title in titles[1:]:
        table.add_column(title, justify="right")
    for system, values in figures["systems"].items():
        spread = figures["spread"][system]
        table.add_row(
            system,
            *(f"{value:,.4g}\n[dim]{spread[key][0]:,.4g}-{spread[key][1]:,.4g}[/dim]" for key, value in values.items()),
        )
    console.print(table)
    table = Table("ratio", "is", "wanted", "")
    for line in figures["ratios"]:
        good = line["ratio"] <= line["wanted"] if line["most"] else line["ratio"] >= line["wanted"]
        bound = "at most" if line["most"] else "at least"
        table.add_row(line["name"], f"{line['ratio']:.3g}", f"{bound} {line['wanted']:.3g}", "" if good else "short")
    console.print(table)
    for way, added in figures["record_adds_ms"].items():
        console.print(f"record() adds {added['median']} ms to a {way} transaction (wanted: at most {added['wanted']})")
    if floors := figures.get("floors"):
        table = Table("what lies under it", "is")
        for name, value in (floors | figures["floor_ratios"]).items():
            table.add_row(name, f"{value:,.4g}")
        console.print(table)
