"""A service that breaks at a chosen point: ``python -m services.faults.fragile SERVICE PORT FLAW…``.

The service is the real one; a flaw is put around one function of it in this process alone:

- ``before:N``, ``after:N``: killed just before, or just after, its relay's N-th append to Redis;
- ``applying:N``: killed in its reader's N-th batch, when all is applied and nothing committed;
- ``without:TYPE``: an older version, which does not know an event type yet.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from shared.spine import cursors, reader
from shared.spine.stream import Stream


def die_at(point: str, times: int) -> None:
    """Have this process killed ``before`` or ``after`` its relay's append number ``times``, or ``applying`` a batch."""
    if point == "applying":
        reader.advance_to = _fatal(cursors.advance_to, times, after=True)  # type: ignore[attr-defined] # the point
    else:
        Stream._append = _fatal(Stream._append, times, after=point == "after")  # type: ignore[method-assign] # noqa: SLF001 - the point of the trial


def _fatal(work: Callable[..., Awaitable[Any]], times: int, *, after: bool) -> Callable[..., Any]:
    left = times

    async def until_death(*args: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        mine = left <= 0  # several are under way at once, and one may fail: the first to come through after it will do
        if mine and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = await work(*args, **more)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return until_death


def forget(service: str, type_: str) -> None:
    """Let this process be of a version that does not hear ``type_`` yet."""
    subscriptions = importlib.import_module(f"services.{service}.handlers").subscriptions
    del subscriptions.handlers[type_], subscriptions.contracts[type_]


def main(service: str, port: str, *flaws: str) -> int:
    """Break what is to break, then serve."""
    from services.commands.serve import run  # noqa: PLC0415 - tests take the flaws alone

    for flaw in flaws:
        point, _, value = flaw.partition(":")
        if point == "without":
            forget(service, value)
        else:
            die_at(point, int(value))
    return run(service, host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
