"""``./kasane account``: the first administrator of an empty ward, from the console to the browser."""

import asyncio
import json
import re

import httpx
import pyotp
import pytest

from services.casework.app import create_app
from services.casework.tests.sample import PRIVATE, PUBLIC
from services.commands import accounts
from services.commands.trouble import Trouble
from shared.settings import Settings
from shared.testing import FreshDatabase
from shared.web import join

KEY = "Y29uc29sZS1jb25zb2xlLWNvbnNvbGUtY29uc29sZS0="


@pytest.fixture
async def url(fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty casework, reached as from within its container."""
    found = await fresh_database("casework")
    monkeypatch.setenv("KASANE_SERVICE", "casework")
    monkeypatch.setenv("KASANE_DATABASE_URL", found)
    monkeypatch.setenv("KASANE_ACCOUNT_KEY", KEY)
    return found


async def test_the_first_administrator_comes_in(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    def invite() -> int:
        return accounts.invite(None, "Admin", name="最初 の人", role="operator", agency="chiiki", as_json=True)

    assert await asyncio.to_thread(invite) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["login"] == "admin"
    settings = Settings(
        database_url=url,
        redis_url=None,
        signing_key=PRIVATE,
        verifying_key=PUBLIC,
        account_key=KEY,
        cookie_secure=False,
        pool_size=3,
    )
    app = join(create_app(settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ward") as client,
    ):
        page = await client.get("/casework/sign-in")
        assert 'action="/casework/sign-in/local"' in page.text
        assert 'name="post"' not in page.text, "no demo here"
        opened = await client.post("/casework/sign-in/letter", data={"code": told["code"]})
        (secret,) = re.findall(r'class="secret">([A-Z2-7]{32})<', opened.text)
        password = "seven lanterns behind the mill"
        form = {"letter": told["code"], "password": password, "code": pyotp.TOTP(secret).now()}
        done = await client.post("/casework/sign-in/set-up", data=form)
        recovery = re.findall(r"<li><code>([A-Z0-9-]{29})</code></li>", done.text)
        form = {"login": "admin", "password": password, "code": recovery[0]}
        assert (await client.post("/casework/sign-in/local", data=form)).status_code == 303
        assert (await client.get("/casework/people")).status_code == 200
    assert await asyncio.to_thread(lambda: accounts.list_(None, as_json=True)) == 0
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (row["login"], row["state"], row["posts"]) == ("admin", "there", ["operator@chiiki"])
    assert await asyncio.to_thread(lambda: accounts.reset(None, "admin", as_json=False)) == 0
    assert re.search(r"code\s+[A-Z0-9-]{24}", capsys.readouterr().out)


async def test_what_a_person_can_mend_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert url
    with pytest.raises(Trouble, match="--name"):
        await asyncio.to_thread(
            lambda: accounts.invite(None, "new", name="", role="operator", agency="chiiki", as_json=True)
        )
    with pytest.raises(Trouble, match="nobody has"):
        await asyncio.to_thread(lambda: accounts.reset(None, "new", as_json=True))
    monkeypatch.setenv("KASANE_ACCOUNT_KEY", "")
    with pytest.raises(Trouble, match="local accounts are off"):
        await asyncio.to_thread(lambda: accounts.reset(None, "new", as_json=True))
