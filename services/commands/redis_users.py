"""Who may do what in Redis: one user a service, who appends to its own stream and reads those it follows.

The commands are those that ``shared/spine`` and the stream subscriber send, in Redis 7.0's words; ``tests/launch``
plays the spine as these users and so holds the list to the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.readers import sources_of
from shared.spine.wire import Names

_ANY = ("ping", "echo", "client|setname", "client|no-evict", "info", "select")
_READ = ("xread", "xrange", "xrevrange", "xlen", "xinfo|stream", "exists", "type")
_WRITE = ("xadd", "xtrim", "rename", "expire", "eval", "evalsha", "script|load", "script|exists")


def acl_lines(municipality: str, password_hashes: Mapping[str, str]) -> str:
    """The text of an ACL file (``aclfile``) for these services; ``password_hashes`` are SHA-256 in hex."""
    names = Names(municipality)
    allowed = " ".join(f"+{command}" for command in (*_ANY, *_READ, *_WRITE))
    lines = ["user default off resetpass", "user health on nopass resetkeys resetchannels -@all +ping"]
    for service, digest in password_hashes.items():
        own = names.stream(service)
        followed = " ".join(f"%R~{names.stream(source)}" for source in sorted(sources_of(service)))
        lines.append(f"user {service} on #{digest} resetkeys resetchannels -@all {allowed} {followed} ~{own} ~{own}:*")
    return "\n".join(lines) + "\n"
