"""The two processes of one system: started, given orders, watched for processor time and memory, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any, Self

import psutil

from tests.bench.spine.workload import Order

HOME = Path(__file__).resolve().parents[3]
_PATIENCE = 120.0


class ProcessFailedError(RuntimeError):
    """A process of the bench has ended or said nothing for two minutes; the text is the end of what it wrote."""


class Process:
    """One process and its children. ``python`` is the interpreter of the system's environment."""

    def __init__(self, python: Path, order: Order, log: Path) -> None:
        self._python, self._order, self._log = python, order, log
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it; a producer is connected when this returns."""
        environment = {
            **os.environ,
            **self._order.as_environment(),
            "PYTHONPATH": str(HOME),
            "PYTHONWARNINGS": "ignore",
        }
        producing = self._order.role == "producer"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(self._python), "-P", "-m", "tests.bench.spine.role",
                stdin=asyncio.subprocess.PIPE if producing else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if producing else log,
                stderr=log, env=environment, cwd=HOME,
            )  # fmt: skip
        if producing:
            await self._answer()

    async def ask(self, do: str, **values: Any) -> Any:
        """Give a producer an order and wait for its result."""
        process = self._running()
        if process.stdin is None:
            raise RuntimeError(do)
        process.stdin.write(json.dumps({"do": do, **values}).encode() + b"\n")
        await process.stdin.drain()
        return (await self._answer())["result"]

    async def _answer(self) -> Any:
        process = self._running()
        if process.stdout is None:
            raise RuntimeError(self._order.role)
        while True:
            try:
                line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
            except TimeoutError:
                line = b""
            if not line:
                raise ProcessFailedError(self.said())
            with contextlib.suppress(ValueError):  # a library may print a line of its own
                return json.loads(line)

    def said(self) -> str:
        """The last of what it wrote."""
        words = self._log.read_text(errors="replace")[-2000:]
        return f"the {self._order.role} of {self._order.system}: {words}"

    def used(self) -> tuple[float, int]:
        """Processor seconds so far and bytes of memory now, with all children."""
        seconds, memory = 0.0, 0
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss
        return seconds, memory

    def _family(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._running().pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise ProcessFailedError(self.said()) from None

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            raise ProcessFailedError(self.said())
        return self._process

    async def stop(self) -> None:
        """End it and its children, kindly first."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
