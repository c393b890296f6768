"""Names of agencies and staff, which casework owns, read once a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from services.casework.queries.views import PostView
from services.casework.rules.sessions import holds_post
from services.casework.tables import Agency, Person, Post
from shared import clock
from shared.i18n import current_locale

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes


@dataclass(frozen=True, slots=True)
class Directory:
    """Who works where; names in the language of the running request."""

    agencies: dict[str, Agency]
    posts: dict[UUID, PostView]
    by_kind: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    async def load(cls, session: AsyncSession) -> Directory:
        """Two queries, whatever the page shows."""
        agencies = {row.code: row for row in await session.scalars(select(Agency).order_by(Agency.code))}
        posts = {post.id: post for post in await list_posts(session, also_ended=True)}
        by_kind: dict[str, list[str]] = {}
        for agency in agencies.values():
            by_kind.setdefault(agency.kind, []).append(agency.code)
        return cls(agencies, posts, by_kind)

    def agency(self, code: str | None) -> str:
        """An agency's name."""
        if code is None:
            return ""
        row = self.agencies.get(code)
        return code if row is None else row.en if current_locale() == "en" else row.ja

    def post(self, post: UUID | None) -> str:
        """The name of who holds a post."""
        if post is None:
            return ""
        found = self.posts.get(post)
        if found is None:
            return "—"
        return found.romaji or found.name if current_locale() == "en" else found.name

    def title(self, post: UUID | None) -> str:
        """What a post is, and where."""
        found = self.posts.get(post) if post else None
        if found is None:
            return ""
        title = found.title_en if current_locale() == "en" else found.title_ja
        return f"{title}・{self.agency(found.agency)}"

    def kind(self, code: str | None) -> str:
        """An agency's kind."""
        row = self.agencies.get(code or "")
        return row.kind if row else ""


async def list_posts(session: AsyncSession, *, also_ended: bool = False) -> list[PostView]:
    """Every post that is held today (or ever), in the order of agencies and codes."""
    query = (
        select(Post, Person, Agency.kind)
        .join(Person, Person.id == Post.person)
        .join(Agency, Agency.code == Post.agency)
        .order_by(Post.agency, Post.head.desc(), Post.code, Post.id)
    )
    today = clock.today()
    return [
        PostView(
            id=post.id,
            code=post.code,
            agency=post.agency,
            agency_kind=kind,
            role=post.role,
            areas=post.areas,
            name=person.name,
            romaji=person.romaji,
            title_ja=post.title_ja,
            title_en=post.title_en,
            head=post.head,
        )
        for post, person, kind in (await session.execute(query)).all()
        if also_ended
        or holds_post(starts_on=post.starts_on, ends_on=post.ends_on, ended=post.ended_at is not None, today=today)
    ]


async def read_labels(
    session: AsyncSession, codes: Codes, posts: Collection[UUID], agencies: Collection[str]
) -> dict[str, str]:
    """Names of posts and agencies by id or code, for pages of other services."""
    directory = await Directory.load(session)
    found = {str(post): directory.post(post) for post in posts if post in directory.posts}
    for code in agencies:
        if code in directory.agencies:
            found[code] = directory.agency(code)
        elif "AGENCY_KIND" in codes and code in codes["AGENCY_KIND"]:
            found[code] = codes.label("AGENCY_KIND", code, current_locale())
    return found
