"""A case (支援ケース): when it opens, who owns it, how it ends and goes on. Pure.

(screened) → open ⇄ closed        reopened within twelve months under the same number, else a new case
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from shared.errors import Conflict, Forbidden, Refused
from shared.i18n import N_

REOPENS_WITHIN = timedelta(days=365)
"""Domain paper 1.3: reopened within twelve months it is the same case."""
BOUNCES_TO_DECIDE = 2
"""From this many returned requests (差戻し) on, a coordinator must decide who leads."""

COUNCIL: Final = "support_council_106_6"
"""The ground on which a support council (支援会議) shares without consent."""

State = Literal["open", "closed"]
ShareTrack = Literal["none", "support_council", "consented"]
_URGENT_FIRST = "ABCD"


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What the rules need to know of a post. ``owns``: its role may own cases."""

    id: UUID
    role: str
    agency: str
    owns: bool
    ended: bool = False


def opens_case(screening: Mapping[str, Any], *, sight_check: bool) -> bool:
    """Whether a screening result starts support: the result says so, or somebody's safety must be seen to (48 h)."""
    return bool(screening.get("opens_case")) or sight_check


def choose_owner(receiving: PostFacts | None, duty: Sequence[PostFacts]) -> UUID:
    """The owner of a new case: who took the call if their role owns cases, else the area's duty coordinator.

    ``duty``: the posts on duty for the area, then those for the whole ward. LookupError when the ward has named none:
    a case without an owner must not exist, so the event waits until an administrator names one.
    """
    for post in (receiving, *duty):
        if post is not None and post.owns and not post.ended:
            return post.id
    raise LookupError("nobody is on duty")


def more_urgent(one: str, other: str) -> str:
    """The more urgent of two levels: a later, calmer call does not calm the case; a person does."""
    return min(one, other, key=_URGENT_FIRST.index)


def reopens(closed_at: datetime | None, now: datetime) -> bool:
    """Whether a new contact continues the closed case."""
    return closed_at is not None and now - closed_at <= REOPENS_WITHIN


def demand_open(state: str) -> None:
    """Refuse to change a closed case."""
    if state != "open":
        raise Conflict(N_("このケースは終結しています。続けるには先に再開してください。"))


def demand_coordination(role: str, *, is_owner: bool, is_lead: bool = False) -> None:
    """Who may ask agencies, request visits and change a case: its owner, its lead agency, a coordinator or manager."""
    if not (is_owner or is_lead or role in {"coordinator", "manager"}):
        raise Forbidden(N_("この操作は、担当・主担当・調整役だけができます。"))


def close(state: str, reason: str, *, waiting: int, tasks: int, lead: str | None) -> None:
    """Whether a case may end (終結). ``waiting``: requests without an answer; ``tasks``: decided and not done."""
    demand_open(state)
    if not reason:
        raise Refused(N_("終結の理由を選んでください。"), field="reason")
    if reason == "mistaken":
        return
    if waiting:
        raise Refused(N_("返事を待っている依頼が {n}件あります。先に片づけてください。"), n=waiting)
    if tasks:
        raise Refused(N_("終わっていない決まりごとが {n}件あります。先に片づけてください。"), n=tasks)
    if reason == "lead_agreed" and lead is None:
        raise Refused(N_("主担当機関を決めてから終結してください。"), field="reason")


def reopen(state: str, closed_at: datetime | None, now: datetime) -> None:
    """Whether a closed case may go on under its number."""
    if state != "closed":
        raise Conflict(N_("このケースは支援中です。"))
    if not reopens(closed_at, now):
        raise Refused(N_("終結から12か月をすぎています。新しい相談として受け付けてください。"))


def change_owner(before: UUID, after: PostFacts | None) -> UUID:
    """Hand a case to another post; nobody else's rules are asked, but there is always an owner."""
    if after is None or after.ended:
        raise Refused(N_("いまある職を選んでください。"), field="owner")
    if not after.owns:
        raise Refused(N_("この役割の職は、ケースの担当になれません。"), field="owner")
    if after.id == before:
        raise Conflict(N_("すでにこの職が担当しています。"))
    return after.id


def change_lead(agency: str | None, taking_part: frozenset[str], *, owners_agency: str) -> None:
    """The lead (主担当機関) takes part in the case, or is the owner's own agency."""
    if agency is not None and agency not in taking_part and agency != owners_agency:
        raise Refused(N_("受理した機関の中から主担当を選んでください。"), field="agency")


def share_track(*, consents: int, council: int) -> ShareTrack:
    """On which track a case is shared: by consents that stand, else by what was shared under article 106-6."""
    if consents:
        return "consented"
    return "support_council" if council else "none"
