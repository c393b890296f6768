"""A case goes to another owner: by a person's hand, or because the owner's post ends. The new owner says they have it.

No open case is ever without an owner whose post lasts: a post ends in the transaction that hands its last case on, and
whoever gives a case to a post keeps that post from ending until the commit (``posts``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import DBAPIError

from services.casework.actions.files import open_files, running_clocks
from services.casework.actions.keeping import add_happening, household_of, take_case
from services.casework.actions.posts import close_post, heads_of, on_duty, post_facts
from services.casework.rules.cases import PostFacts
from services.casework.rules.handing import next_owner
from services.casework.tables import Case, Handover, Post
from shared import clock
from shared.audit import note
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.events.casework import OwnerChanged
from shared.i18n import N_
from shared.spine import hold, record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.db import Database
    from shared.identity import Actor

_PORTION: Final = 300
"""Cases handed on in one transaction."""
_TRIES: Final = 5
_NO_POST = N_("その職はありません。")
NOBODY = N_("担当ケースを引き継げる職がありません。先に後任か、機関の長か、当番の職を決めてください。")
_NOT_YOURS = N_("受け取りを確認できるのは、新しい担当だけです。")
_DEADLOCK: Final = "40P01"
log = structlog.get_logger()


async def pass_on(session: AsyncSession, case: Case, after: UUID, why: str, *, actor: Actor | None) -> None:
    """Give a case, whose household is held, to another post. ``why``: ``handed`` or ``post_ended``."""
    before, now = case.owner, clock.now()
    case.owner = after
    for running in await running_clocks(session, case):
        if running.owner == before:
            running.owner = after
    add_happening(session, case.id, "owner_changed", now, post=after)
    await session.execute(delete(Handover).where(Handover.case_id == case.id, Handover.acknowledged_at.is_(None)))
    taken = now if actor is not None and actor.post == after else None  # who takes a case has it
    session.add(
        Handover(id=clock.new_id(), case_id=case.id, before=before, after=after, why=why, at=now, acknowledged_at=taken)
    )
    await record(session, OwnerChanged(household=case.household, case=case.id, owner=after, before=before), actor=actor)


async def acknowledge(session: AsyncSession, actor: Actor, case_id: UUID) -> Case:
    """The new owner has read the hand-over and has the case."""
    case = await take_case(session, actor, case_id)
    if case.owner != actor.post:
        raise Forbidden(_NOT_YOURS)
    waiting = select(Handover).where(
        Handover.case_id == case.id, Handover.after == actor.post, Handover.acknowledged_at.is_(None)
    )
    for handover in await session.scalars(waiting):
        handover.acknowledged_at = clock.now()
        add_happening(session, case.id, "handover_acknowledged", clock.now(), post=actor.post)
    return case


async def end_post(db: Database, actor: Actor | None, post_id: UUID) -> int:
    """End a post now: its cases go on, then all its rights end; how many cases went. Again: nothing is left to do.

    Refused when nobody is there to take them. The last portion and the end are one transaction.
    """
    moved, tries = 0, 0
    while True:
        try:
            async with db.transaction() as session:
                gone, ended = await _end_portion(session, actor, post_id)
        except DBAPIError as error:  # somebody was opening a case for it at this moment
            tries += 1
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK or tries == _TRIES:
                raise
            continue
        moved += gone
        if ended:
            return moved


async def _end_portion(session: AsyncSession, actor: Actor | None, post_id: UUID) -> tuple[int, bool]:
    owned = select(Case.id, Case.household).where(Case.owner == post_id, Case.state == "open").order_by(Case.id)
    rows = (await session.execute(owned.limit(_PORTION))).all()
    await hold(session, post_id, *(row.household for row in rows))
    post = await session.get(Post, post_id, with_for_update=True, populate_existing=True)
    if post is None:
        raise Missing(_NO_POST)
    if post.ended_at is not None:
        return 0, True
    leaving = PostFacts(id=post.id, role=post.role, agency=post.agency, owns=False, ended=True)
    moved = await _hand_on(session, actor, leaving, post.successor, [row.id for row in rows])
    if (await session.execute(owned.limit(1))).first() is not None:
        return moved, False  # more than a portion, or one was opened meanwhile: once more
    await close_post(session, actor, post)
    if actor is not None:
        await note(session, actor, "post_ended", basis=f"post:{post_id}")
    return moved, True


async def _hand_on(
    session: AsyncSession, actor: Actor | None, leaving: PostFacts, successor: UUID | None, case_ids: list[UUID]
) -> int:
    """Give each of these cases, which are still the post's, to whoever comes next."""
    heir, heads = await post_facts(session, successor), await heads_of(session, leaving)
    moved = 0
    for file in await open_files(session, case_ids):
        case = file.case
        if case.owner != leaving.id or case.state != "open":
            continue
        try:
            after = next_owner(heir, heads, await _duty_beside(session, case, leaving))
        except LookupError:
            raise Conflict(NOBODY) from None
        await pass_on(session, case, after, "post_ended", actor=actor)
        moved += 1
    await session.flush()
    return moved


async def _duty_beside(session: AsyncSession, case: Case, leaving: PostFacts) -> list[PostFacts]:
    household = await household_of(session, case)
    return [post for post in await on_duty(session, household.area) if post.id != leaving.id]


async def find_owner_again(session: AsyncSession, case: Case) -> None:
    """A closed case that goes on gets an owner who is there: its own, else whoever comes after that post.

    The new owner acknowledges it like any hand-over. Raises LookupError when nobody is there.
    """
    before = await post_facts(session, case.owner)
    if before is not None and before.owns and not before.ended:
        return
    row = await session.get_one(Post, case.owner)
    leaving = PostFacts(id=row.id, role=row.role, agency=row.agency, owns=False, ended=True)
    heir, heads = await post_facts(session, row.successor), await heads_of(session, leaving)
    after = next_owner(heir, heads, await _duty_beside(session, case, leaving))
    await session.execute(delete(Handover).where(Handover.case_id == case.id, Handover.acknowledged_at.is_(None)))
    session.add(
        Handover(id=clock.new_id(), case_id=case.id, before=case.owner, after=after, why="post_ended", at=clock.now())
    )
    case.owner = after


async def sweep_posts(db: Database) -> int:
    """End every post whose last day has passed; how many. One whose cases nobody can take waits, and is logged."""
    async with db.read() as session:
        over = list(await session.scalars(select(Post.id).where(Post.ended_at.is_(None), Post.ends_on < clock.today())))
        orphans = select(Case.owner).join(Post, Post.id == Case.owner)
        left = list(await session.scalars(orphans.where(Case.state == "open", Post.ended_at.is_not(None)).distinct()))
    ended = 0
    for post_id in over:
        try:
            await end_post(db, None, post_id)
            ended += 1
        except Refused:
            log.warning("a post has ended and nobody can take its cases", post=str(post_id))
    for post_id in left:
        await _adopt(db, post_id)
    return ended


async def _adopt(db: Database, post_id: UUID) -> None:
    """Cases whose owner ended before hand-overs were kept (or by a restored backup) get a new one."""
    async with db.transaction() as session:
        owned = select(Case.id, Case.household).where(Case.owner == post_id, Case.state == "open").order_by(Case.id)
        rows = (await session.execute(owned.limit(_PORTION))).all()
        await hold(session, *(row.household for row in rows))
        leaving = await post_facts(session, post_id)
        if leaving is None:
            return
        try:
            await _hand_on(session, None, leaving, None, [row.id for row in rows])
        except Refused:
            log.warning("cases of an ended post wait for an owner", post=str(post_id))


async def name_successor(session: AsyncSession, actor: Actor, post_id: UUID, successor: UUID | None) -> Post:
    """Settle who takes a post's cases when it ends; None takes that back."""
    await hold(session, post_id)
    post = await session.get(Post, post_id, with_for_update=True)
    if post is None:
        raise Missing(_NO_POST)
    if successor is not None:
        heir = await session.scalar(
            select(Post)
            .where(Post.id == successor, Post.ended_at.is_(None), Post.id != post_id)
            .where(or_(Post.ends_on.is_(None), Post.ends_on > (post.ends_on or clock.today())))
        )
        facts = await post_facts(session, successor)
        if heir is None or facts is None or not facts.owns:
            raise Refused(N_("後任には、ケースを担当でき、その後もつづく職を選んでください。"), field="successor")
    post.successor = successor
    await note(session, actor, "successor_named", basis=f"post:{post_id}")
    return post
