"""Keeps one embedded server: starts it, and stops it when the program that asked goes away.

Run by ``server.py`` as a process of its own, with standard input as a pipe from that program: end of file means
"stop", whether the program closed it or died. It is a session of its own, so Ctrl-C and a closed terminal don't reach
it; it inherits the folder's lock and so holds it for as long as the server lives. Only the standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_WANTED_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    switch: dict[str, Any] = {}
    if order["user"]:
        entry = pwd.getpwnam(order["user"])
        switch = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def before_exec() -> None:  # runs after the change of user, which would undo the request below
        for number in _WANTED_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if libc is not None:  # on Linux the kernel stops the server even when the keeper itself is killed
            libc.prctl(_PR_SET_PDEATHSIG, order["stop_signal"])

    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the order comes from our own parent
            order["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=before_exec,  # noqa: PLW1509 - this process has one thread
            **switch,
        )


def main() -> int:
    """Start, tell the process id on standard output, wait, stop. The order is JSON in the first argument."""
    order = json.loads(sys.argv[1])
    for number in _WANTED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    server = _start(order)
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    while server.poll() is None:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 64)
        if 0 in ready and not os.read(0, 64):
            break
    if server.poll() is None:
        server.send_signal(order["stop_signal"])
        try:
            server.wait(order["stop_seconds"])
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
