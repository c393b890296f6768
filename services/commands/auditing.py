"""``./kasane audit verify``: reads every audit chain and names the first row that is not as it was written."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

from services.commands.places import database, find_services
from services.commands.trouble import Trouble
from services.parts import SERVICES
from shared.audit.verifying import Anchor, Break, Verdict, read_anchors, verify_chain
from shared.settings import Settings


def verify(service: str | None, data: Path | None, *, as_json: bool) -> int:
    """Print what was found; 1 when a chain is broken, else 0. Raises Trouble where there is nothing to read."""
    reach = _in_reach(data)
    if service is not None and service not in reach:
        msg = f"{service} can't be reached from here; there are {', '.join(reach)}"
        raise Trouble(msg)
    verdicts = asyncio.run(_verify(reach, [service] if service else list(reach)))
    if as_json:
        print(json.dumps([dataclasses.asdict(verdict) for verdict in verdicts]))
    else:
        for verdict in verdicts:
            print(_told(verdict))
        missing = [name for name in SERVICES if name not in reach]
        if missing:
            print(f"not in reach, so what they keep of the others was not asked: {', '.join(missing)}")
    return 1 if any(verdict.broken for verdict in verdicts) else 0


def _in_reach(data: Path | None) -> Mapping[str, Settings]:
    root = os.environ.get("KASANE_SECRETS_ROOT")
    if root:
        return {name: Settings(_secrets_dir=Path(root) / name) for name in SERVICES if (Path(root) / name).is_dir()}
    return find_services(data)


async def _verify(reach: Mapping[str, Settings], wanted: list[str]) -> list[Verdict]:
    anchors: dict[str, list[Anchor]] = {}
    for witness, settings in reach.items():
        async with database(settings) as db:
            for name, kept in (await read_anchors(db, witness)).items():
                anchors.setdefault(name, []).extend(kept)
    verdicts = []
    for name in wanted:
        async with database(reach[name]) as db:
            verdicts.append(await verify_chain(db, name, anchors.get(name, [])))
    return verdicts


def _told(verdict: Verdict) -> str:
    waiting = f", {verdict.unsealed} not sealed yet" if verdict.unsealed else ""
    if verdict.broken is None:
        kept = f"; agrees with {verdict.anchors} heads that other services keep" if verdict.anchors else ""
        return f"{verdict.service}: whole, {verdict.rows} rows{waiting}{kept}"
    return f"{verdict.service}: BROKEN at row {verdict.broken.number}: {_reason(verdict.broken)}{waiting}"


def _reason(broken: Break) -> str:
    if broken.kind == "missing":
        return "it has been removed"
    if broken.kind == "cut":
        return f"it and all after it are gone; {broken.witness} has seen row {broken.seen}"
    if broken.kind == "replaced":
        return f"{broken.witness} has seen another row here (id {broken.id} now): the chain was made again"
    return f"it was changed, inserted or moved (id {broken.id})"
