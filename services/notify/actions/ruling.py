"""How long people have to read: the ward may change it, kind by kind, while everything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from shared.codes import Code
from shared.errors import Forbidden, Missing
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Actor

RULING = frozenset({"manager", "operator"})


async def set_deadline(session: AsyncSession, actor: Actor, kind: str, allowed: Mapping[str, int] | None) -> None:
    """From the next notification on, ``kind`` must be read within ``allowed`` (``{"hours": 4}``); None: no deadline.

    The same for every urgency: a ward that wants it finer edits the code list.
    """
    if actor.role not in RULING:
        raise Forbidden(N_("期限を変えられるのは、管理職と運用担当です。"))
    row = await session.scalar(
        select(Code).where(Code.list == "NOTIFICATION_KIND", Code.code == kind).with_for_update()
    )
    if row is None:
        raise Missing(N_("その種類の知らせはありません。"))
    attributes = dict(row.attributes)
    if allowed is None:
        attributes.pop("read", None)
    else:
        attributes["read"] = {"*": dict(allowed)}
        attributes.setdefault("up", ["manager"])
    row.attributes = attributes
    row.edited = True
