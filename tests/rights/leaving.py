"""People whose right has ended, with everything that their browser still holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.story.stage import arrival
from shared import clock
from shared.events import SERVICES
from tests.rights.town import PATIENCE

if TYPE_CHECKING:
    import httpx

    from services.story.stage import Person


async def sign_out(person: Person) -> httpx.AsyncClient:
    """Their cookies as they were, after they have signed out."""
    kept = dict(person.http.cookies)
    await person.http.post("/casework/sign-out")
    person.http.cookies.update(kept)
    await _until_shut(person)
    return person.http


async def end_post(person: Person, operator: Person) -> httpx.AsyncClient:
    """Their cookies, after their post has ended."""
    post = person.post
    answer = await operator.http.post(f"/casework/people/{post.person}/posts/{post.id}/end")
    assert answer.status_code == 303, answer.text
    await _until_shut(person)
    return person.http


async def promise_post(person: Person, operator: Person) -> str:
    """Give somebody another post, as a manager, from next month on; its id."""
    begins = clock.today() + timedelta(days=31)
    post = {"agency": "chiiki", "role": "manager", "starts_on": begins.isoformat(), "title_ja": "来月から"}
    answer = await operator.http.post(f"/casework/people/{person.post.person}/posts", data=post)
    assert answer.status_code == 303, answer.text
    page = await operator.http.get(f"/casework/people/{person.post.person}", headers={"accept": "text/html"})
    ids = [part.partition("/")[0] for part in page.text.split(f"/casework/people/{person.post.person}/posts/")[1:]]
    return next(one for one in ids if len(one) == len(str(person.post.id)) and one != str(person.post.id))


async def _until_shut(person: Person) -> None:
    async def everywhere_shut() -> bool:
        asked = [f"/{service}/drafts/consultation" for service in SERVICES]
        return all([(await person.http.get(path)).status_code == 401 for path in asked])

    await arrival(everywhere_shut, "the end of a session or post in all four services", PATIENCE)
