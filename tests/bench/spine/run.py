"""``./kasane bench spine``: all systems in interleaved rounds on the same servers, and what their figures say."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.bench.spine.figures import Figures
from tests.bench.spine.floors import measure_floors
from tests.bench.spine.peers import peers_python
from tests.bench.spine.sessions import Ground, Scale

OURS = ("kasane", "kasane_bulk", "limit", "limit_bulk", "faststream", "faststream_group")
"""What runs in Kasane's own environment."""
PEERS = ("celery", "taskiq", "procrastinate")
SYSTEMS = (*OURS, *PEERS)

ROUNDS = 3
_SCALE = Scale()
_QUICK = Scale(seconds=0.3, backlog=1600, paced=20, compared=5)
_SLOW = 0.25
"""Of the backlog for those who take a message at a time."""

_POSTGRES = {"track_commit_timestamp": "on", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


async def measure(systems: Sequence[str], *, rounds: int = ROUNDS, quick: bool = False) -> Figures:
    """Run it on embedded servers as durable as the demo's: PostgreSQL with fsync, Redis with its append-only file."""
    scale = _QUICK if quick else _SCALE
    python_of = dict.fromkeys(OURS, Path(sys.executable))
    if set(systems) & set(PEERS):
        python_of |= dict.fromkeys(PEERS, await asyncio.to_thread(peers_python))
    figures = Figures(systems, rounds=rounds, rate=scale.rate)
    with _temporary_folder() as folder, contextlib.ExitStack() as servers:
        postgres = servers.enter_context(EmbeddedPostgres(folder, options=_POSTGRES))
        redis = servers.enter_context(EmbeddedRedis(folder))
        ground = Ground(postgres.url, redis.url, folder, python_of)
        for number in range(rounds):
            turn = number * len(systems) // rounds
            for system in [*systems[turn:], *systems[:turn]]:
                _tell(f"round {number + 1} of {rounds}: {system}")
                live = await ground.live(system, scale)
                backlog = scale.backlog if system in OURS[:4] else int(scale.backlog * _SLOW)
                figures.add(system, live, await ground.drain(system, backlog))
        if "kasane" in systems:
            _tell("what lies under it")
            figures.floors = await measure_floors(postgres.url, redis.url, seconds=scale.seconds, amount=scale.compared)
    return figures


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kasane-bench-"))
    folder.chmod(0o711)  # run by root, PostgreSQL is another user and must pass through
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tell(text: str) -> None:
    sys.stderr.write(f"kasane: {text}\n")
