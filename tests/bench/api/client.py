"""HTTP/1.1 over connections that stay open, with as little work of its own as can be: what is measured is the server.

The answer's length must be given (``Content-Length``), which all of Kasane's pages and answers do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Self

_MOST = 2**20


class AnswerError(RuntimeError):
    """A request was not answered as it had to be; the text is the answer's."""


class Connection:
    """One connection to a port of the loopback, for one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=_MOST))

    async def send(self, message: bytes) -> bytes:
        """Send a whole request; the body of its answer. Raises AnswerError for anything but a 2xx."""
        self._writer.write(message)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if not found:
            raise AnswerError(head.decode(errors="replace"))
        body = await self._reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        if not head.startswith(b"http/1.1 2"):
            raise AnswerError(f"{head[9:12].decode()}: {body[:500].decode(errors='replace')}")
        return body

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def message(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
