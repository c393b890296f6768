"""One process of the bench: ``python -m tests.bench.spine.role``, told by ``KASANE_BENCH_ORDER`` what it is.

A producer takes orders line by line (JSON) on standard input and answers each on standard output; a consumer runs until
it is terminated.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from tests.bench.spine.driving import Producer
from tests.bench.spine.workload import Order

MODULES = {
    "kasane": "kasane",
    "kasane_bulk": "kasane",
    "limit": "limit",
    "limit_bulk": "limit",
    "faststream": "faststream",
    "faststream_group": "faststream_group",
    "celery": "celery",
    "taskiq": "taskiq",
    "procrastinate": "procrastinate",
}


def main() -> None:
    """Be what the order says."""
    order = Order.given()
    module = importlib.import_module(f"tests.bench.spine.systems.{MODULES[order.system]}")
    gc.collect()
    gc.freeze()  # as ./kasane serve does; here every system alike
    if order.role == "producer":
        asyncio.run(_produce(module.producer(order)))
    elif hasattr(module, "work"):
        module.work(order)
    else:
        asyncio.run(_until_terminated(module.consume, order))


async def _produce(producer: Producer) -> None:
    await producer.start()
    _answer({"ready": True})
    lines = await _lines()
    while line := await lines.readline():
        order = json.loads(line)
        action: Callable[..., Any] = getattr(producer, order.pop("do"))
        _answer({"result": await action(**order)})
    await producer.stop()


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _until_terminated(consume: Callable[[Order], Any], order: Order) -> None:
    task = asyncio.ensure_future(consume(order))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


def _answer(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
