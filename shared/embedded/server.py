"""What the embedded servers have in common: a folder, its lock, a port, a password, a keeper."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final, Self

import psutil

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.03
_START_TRIES: Final = 5


class EmbeddedError(RuntimeError):
    """An embedded server can't start; the text says why and where its log is."""


class EmbeddedServer(ABC):
    """One server process: its folder, its port, its keeper. Not thread-safe; one object, one owner."""

    _name: str

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.port = 0
        self.pid = 0
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.folder / f"{self._name}.log"

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._keeper is not None and self._keeper.poll() is None

    def start(self) -> str:
        """Start the server, or take over after a crash; returns its address (with the password).

        Raises ``EmbeddedError`` when another program uses the folder or the server won't start.
        """
        if self.running:
            return self.url
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock_folder()
        try:
            self._prepare()
            self._start_on_some_port(lock)
        finally:
            os.close(lock)  # the keeper holds its own copy, and with it the lock, until the server is down
        return self.url

    def stop(self) -> None:
        """Stop the server cleanly and wait for it; does nothing when it does not run."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        if keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                keeper.stdin.close()
        try:
            keeper.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL), for fault trials; ``start`` brings it back."""
        if self._keeper is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._keeper.wait(_STOP_SECONDS)
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """The address to connect to, with the password."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- what each server does in its own way ----------------------------------------------------------------

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data folder ready before a start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether it answers."""

    @abstractmethod
    def _pid_file(self) -> Path:
        """Where it writes its process id."""

    def _user(self) -> str | None:
        return None

    @abstractmethod
    def _stop_signal(self) -> signal.Signals:
        """What makes it stop cleanly."""

    # -- what both do alike ------------------------------------------------------------------------------------

    def _lock_folder(self) -> int:
        lock = os.open(self.folder / f".{self._name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + 5.0
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # A keeper whose program has just died needs a moment to stop its server.
                if time.monotonic() > give_up:
                    os.close(lock)
                    msg = f"{self.folder} is in use by another running Kasane; stop that one, or name another folder"
                    raise EmbeddedError(msg) from None
                time.sleep(0.1)
            else:
                return lock

    def _start_on_some_port(self, lock: int) -> None:
        for attempt in range(_START_TRIES):
            self._end_leftover()
            self.port = self._choose_port(again=attempt > 0)
            if self._start_once(lock):
                return
            time.sleep(0.3 * (attempt + 1))  # a killed server's children may still hold its shared memory
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:]) if self.log.exists() else "(no log)"
        msg = f"{self._name} did not start; the end of {self.log}:\n{tail}"
        raise EmbeddedError(msg)

    def _start_once(self, lock: int) -> bool:
        order = {
            "argv": self._command(),
            "user": self._user(),
            "stop_signal": int(self._stop_signal()),
            "log": str(self.log),
            "stop_seconds": _STOP_SECONDS - 5,
        }
        keeper = subprocess.Popen(  # noqa: S603 - our own file by our own interpreter
            [sys.executable, "-I", str(_KEEPER), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lock,),
            start_new_session=True,
            cwd="/",
            env=plain_environment(),
        )
        self._keeper = keeper
        give_up = time.monotonic() + _START_SECONDS
        line = keeper.stdout.readline() if keeper.stdout else b""
        if line.strip():
            self.pid = int(line)
            while keeper.poll() is None and time.monotonic() < give_up:
                if self._ready():
                    if keeper.stdout:
                        keeper.stdout.close()
                    return True
                time.sleep(_POLL_SECONDS)
        self.stop()
        return False

    def _choose_port(self, *, again: bool) -> int:
        """The port of last time where it is still free, so that addresses survive a restart."""
        memory = self.folder / f".{self._name}.port"
        if memory.exists() and not again:
            with contextlib.suppress(ValueError, OSError):
                port = int(memory.read_text())
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
                return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        memory.write_text(str(port))
        return port

    def _end_leftover(self) -> None:
        """Stop a server of this folder whose keeper was killed; forget the pid file of one that is gone."""
        pid_file = self._pid_file()
        try:
            pid = int(pid_file.read_text().splitlines()[0])
            process = psutil.Process(pid)
            ours = self._program() in process.cmdline()[0] or process.name() == self._program()
        except (OSError, ValueError, IndexError, psutil.Error):
            return
        if not ours:
            pid_file.unlink(missing_ok=True)
            return
        process.send_signal(self._stop_signal())
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()

    @abstractmethod
    def _program(self) -> str:
        """The name of its process."""

    def _password(self) -> str:
        """The password of this folder's server, made on first use and kept in a file of mode 600."""
        file = self.folder / f".{self._name}.password"
        if not file.exists():
            fresh = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fresh, "w") as out:
                out.write(secrets.token_hex(16))
        return file.read_text().strip()


def plain_environment() -> dict[str, str]:
    """Nothing of the caller's PG* variables, and messages in one language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def package_folder(name: str) -> Path:
    """Where the installed package ``name`` lies, without importing it; raises ``EmbeddedError``."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        msg = f"the package {name} is not installed; run ./kasane once"
        raise EmbeddedError(msg)
    return Path(next(iter(found.submodule_search_locations)))
