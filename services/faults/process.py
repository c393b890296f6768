"""One replica of a service as a process of its own, to be killed, frozen and started again."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from shared import clock
from shared.embedded.server import plain_environment

_PR_SET_PDEATHSIG: Final = 1
_HOME: Final = Path(__file__).parents[2]
_GRACE: Final = 20.0
"""Seconds that a service may take to end after SIGTERM: eight for requests, the rest for a busy machine."""


class NeverCameError(Exception):
    """Something that had to come did not; the sentence says what."""


@dataclass(slots=True)
class Replica:
    """A running ``./kasane serve`` on a port of its own."""

    service: str
    port: int
    process: subprocess.Popen[bytes]
    frozen: bool = False

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    @property
    def answering(self) -> bool:
        """Whether it can be asked at all."""
        return not self.gone and not self.frozen

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if not self.gone:
            self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it without its knowing (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def wake(self) -> None:
        """Let it go on as if no time had passed."""
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    async def terminate(self) -> None:
        """Ask it to end (SIGTERM) and wait; NeverCameError when it does not."""
        if not self.gone:
            self.process.terminate()
        ends = clock.monotonic() + _GRACE
        while not self.gone:
            if clock.monotonic() > ends:
                raise NeverCameError(f"{self.service} did not end {_GRACE:g} s after SIGTERM")
            await asyncio.sleep(0.05)

    async def healthy(self) -> bool:
        """Whether it says that it is well."""
        if not self.answering:
            return False
        try:
            async with httpx.AsyncClient(timeout=2.0) as http:
                answer = await http.get(f"http://127.0.0.1:{self.port}/{self.service}/health")
        except httpx.HTTPError:
            return False
        return answer.is_success


def start(
    service: str, port: int, *, settings: Path, log: Path, flaws: Sequence[str] = (), extra: Mapping[str, str]
) -> Replica:
    """Start a service; with ``flaws`` (see ``fragile``) as one that will break. ``extra`` joins its environment.

    To be called on the main thread: on Linux the kernel ends the process when the thread that started it ends.
    """
    if flaws:
        command = ["-m", "services.faults.fragile", service, str(port), *flaws]
    else:
        command = ["-m", "services.cli", "serve", service, "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program by our own interpreter
            [sys.executable, "-P", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=_HOME,
            env={**environment_of(service, settings), **extra},
            start_new_session=True,  # Ctrl-C is the run's own
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - before any thread
        )
    return Replica(service, port, process)


def environment_of(service: str, settings: Path) -> dict[str, str]:
    """What a command of Kasane finds in the container of ``service``: the folder of its settings, and little else."""
    return plain_environment() | {
        "PYTHONPATH": str(_HOME),
        "KASANE_HOME": str(_HOME),
        "KASANE_SERVICE": service,
        "KASANE_SECRETS_DIR": str(settings),
        "HOME": os.environ.get("HOME", "/"),
    }


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
