"""Local accounts over HTTP: from the paper code to the session, and everything that must not let anybody in."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from services.casework.actions import accounts, entering
from services.casework.rules import accounts as rules
from services.casework.sealing import Sealer
from services.casework.tables import Account, RecoveryCode, SignInFailure
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.audit import AuditEntry
from shared.errors import Refused
from shared.identity import TOKEN_COOKIE

PASSWORD = "umbrella tuesday granite fjord"
SECRET = re.compile(r'<code class="secret">([A-Z2-7]{32})</code>')
RECOVERY = re.compile(r"<li><code>([A-Z0-9-]{29})</code></li>")


class Someone:
    """A person at the browser, with an authenticator app."""

    def __init__(self, client: httpx.AsyncClient, login: str) -> None:
        self.client, self.login, self.secret, self.recovery = client, login, "", list[str]()

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(clock.now())

    async def set_up(self, paper: str, password: str = PASSWORD) -> httpx.Response:
        opened = await self.client.post("/casework/sign-in/letter", data={"code": paper})
        assert opened.status_code == 200, opened.text
        (self.secret,) = SECRET.findall(opened.text)
        assert "<svg" in opened.text
        done = await self.client.post(
            "/casework/sign-in/set-up", data={"letter": paper, "password": password, "code": self.code()}
        )
        self.recovery = RECOVERY.findall(done.text)
        return done

    async def sign_in(self, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        data = {"login": self.login, "password": password, "code": self.code() if code is None else code}
        return await self.client.post("/casework/sign-in/local", data=data)


@pytest.fixture
def later(ward: Ward) -> Iterator[None]:
    """Two minutes on: the code of the set-up has been used."""
    assert ward.settings.account_key
    with clock.at(NOW + timedelta(minutes=2)):
        yield


async def invited(ward: Ward, client: httpx.AsyncClient, code: str = "manager", login: str = "ichiro") -> Someone:
    letter = await ward.do(
        lambda s: accounts.invite_person(s, ward.settings, actor_of("operator"), JOBS[code].person, login)
    )
    someone = Someone(client, login)
    with clock.at(NOW):
        done = await someone.set_up(letter.code)
    assert done.status_code == 200, done.text
    assert len(someone.recovery) == 10
    return someone


@pytest.mark.usefixtures("later")
async def test_from_the_paper_code_to_a_session(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    came = await someone.sign_in()
    assert (came.status_code, came.headers["location"]) == (303, "/casework/")
    me = (await client.get("/casework/api/me")).json()
    assert (me["role"], me["person"]) == ("manager", str(JOBS["manager"].person))
    async with ward.db.read() as session:
        account = await session.get_one(Account, JOBS["manager"].person)
    assert account.password_hash is not None
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert account.totp_secret is not None
    assert someone.secret.encode() not in account.totp_secret


@pytest.mark.usefixtures("later")
async def test_one_code_lets_nobody_in_twice(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    code = someone.code()
    assert (await someone.sign_in(code=code)).status_code == 303
    again = await someone.sign_in(code=code)
    assert again.status_code == 401
    with clock.at(clock.now() + timedelta(seconds=30)):
        assert (await someone.sign_in()).status_code == 303
        assert (await someone.sign_in(code=code)).status_code == 401, "nor an earlier one after a later one"


@pytest.mark.usefixtures("later")
async def test_a_recovery_code_works_once(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    paper = someone.recovery[3].lower().replace("-", " ")
    assert (await someone.sign_in(code=paper)).status_code == 303
    assert (await someone.sign_in(code=paper)).status_code == 401
    async with ward.db.read() as session:
        kept = set(await session.scalars(select(RecoveryCode.code_hash)))
    assert not kept & {code.replace("-", "") for code in someone.recovery}


@pytest.mark.usefixtures("later")
async def test_every_wrong_thing_gets_the_same_answer(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    waiting = await ward.do(
        lambda s: accounts.invite_person(s, ward.settings, None, JOBS["lead"].person, "not-yet-set-up")
    )
    assert waiting.login == "not-yet-set-up"
    answers = [
        await someone.sign_in(password="not the password at all"),
        await someone.sign_in(code="000000"),
        await Someone(client, "nobody").sign_in(code="123456"),
        await Someone(client, "not-yet-set-up").sign_in(code="123456"),
        await Someone(client, "\x00\ud800".encode("utf-8", "replace").decode()).sign_in(code="123456"),
    ]
    texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {401}
    assert len(texts) == 1
    assert all(TOKEN_COOKIE not in answer.cookies for answer in answers)


@pytest.mark.usefixtures("later")
async def test_failures_slow_an_account_down_and_are_forgotten(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    for _ in range(5):
        assert (await someone.sign_in(password="wrong wrong wrong")).status_code == 401
    resting = await someone.sign_in()
    assert resting.status_code == 429
    for _ in range(5):
        await Someone(client, "nobody").sign_in(code="1")
    assert (await Someone(client, "nobody").sign_in(code="1")).status_code == 429, "unknown names rest as well"
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert (await someone.sign_in()).status_code == 303
    async with ward.db.read() as session:
        keys = list(await session.scalars(select(SignInFailure.key)))
        noted = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert not any("ichiro" in key or "127.0.0.1" in key for key in keys)
    assert {"sign_in_failed", "sign_in_locked", "sign_in", "account_invite", "account_set_up"} <= set(noted)


async def test_an_address_that_fails_everywhere_rests(ward: Ward) -> None:
    sealer = entering.sealer_of(ward.settings)
    for n in range(rules.TRIES["address"]):
        await entering.count_try(ward.db, sealer, address="2001:db8::1", login=f"name{n}")
    with pytest.raises(entering.RestingError):
        await entering.count_try(ward.db, sealer, address="2001:db8::ffff", login="another")
    await entering.count_try(ward.db, sealer, address="2001:db8:1::1", login="another")


@pytest.mark.usefixtures("later")
async def test_a_reset_takes_everything_away_at_once(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    await someone.sign_in()
    token = client.cookies[TOKEN_COOKIE]
    letter = await ward.do(
        lambda s: accounts.reset_account(s, ward.settings, actor_of("operator"), JOBS["manager"].person)
    )
    refused = await client.get("/casework/api/me", headers={"authorization": f"Bearer {token}"})
    assert refused.status_code == 401
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert (await someone.sign_in()).status_code == 401
        assert (await someone.sign_in(code=someone.recovery[0])).status_code == 401
        assert (await someone.set_up(letter.code, "another quite long sentence")).status_code == 200
        assert (await client.post("/casework/sign-in/letter", data={"code": letter.code})).status_code == 404
        await ward.do(lambda s: s.execute(update(SignInFailure).values(failures=0)))
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert (await someone.sign_in("another quite long sentence")).status_code == 303


async def test_a_letter_that_is_too_old_or_unknown_opens_nothing(ward: Ward, client: httpx.AsyncClient) -> None:
    letter = await ward.do(lambda s: accounts.invite_person(s, ward.settings, None, JOBS["lead"].person, "lead"))
    with clock.at(NOW + timedelta(hours=ward.settings.letter_hours, seconds=1)):
        old = await client.post("/casework/sign-in/letter", data={"code": letter.code})
    unknown = await client.post("/casework/sign-in/letter", data={"code": "AAAA-BBBB-CCCC-DDDD-EEEE"})
    assert (old.status_code, unknown.status_code) == (404, 404)


@pytest.mark.parametrize("weak", ["short", "password1234", "aaaaaaaaaaaaaaaa", "ichiroichiro", "123456789012"])
async def test_a_weak_password_is_refused_beside_its_field(ward: Ward, client: httpx.AsyncClient, weak: str) -> None:
    letter = await ward.do(lambda s: accounts.invite_person(s, ward.settings, None, JOBS["lead"].person, "ichiro"))
    refused = await Someone(client, "ichiro").set_up(letter.code, weak)
    assert refused.status_code == 422
    assert 'id="f-password-error"' in refused.text


@pytest.mark.parametrize(
    "fine", ["correct staple horse battery", "夕焼けと自転車と二十七個の石ころ", "x7$Kq!vR2#mPz9&w"]
)
def test_a_strong_password_of_any_kind_is_taken(fine: str) -> None:
    rules.judge_password(fine, ("ichiro", "高梨 恵"))


def test_a_password_may_not_be_endless() -> None:
    with pytest.raises(Refused):
        rules.judge_password("long enough " * 20, ())


@pytest.mark.usefixtures("later")
async def test_changing_the_password_ends_the_other_sessions(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    await someone.sign_in()
    elsewhere = client.cookies[TOKEN_COOKIE]
    with clock.at(clock.now() + timedelta(minutes=1)):
        await someone.sign_in()
    with clock.at(clock.now() + timedelta(minutes=2)):
        form = {"old": "not this one", "password": "seventeen brown ottomans", "code": someone.code()}
        assert (await client.post("/casework/me/password", data=form)).status_code == 422
        done = await client.post("/casework/me/password", data=form | {"old": PASSWORD})
        assert done.headers["location"] == "/casework/me?done=password"
        assert (await client.get("/casework/me")).status_code == 200
        refused = await client.get("/casework/api/me", headers={"authorization": f"Bearer {elsewhere}"})
        assert refused.status_code == 401


@pytest.mark.usefixtures("later")
async def test_a_hash_with_old_parameters_is_made_anew(ward: Ward, client: httpx.AsyncClient) -> None:
    someone = await invited(ward, client)
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await ward.do(lambda s: s.execute(update(Account).values(password_hash=old)))
    assert (await someone.sign_in()).status_code == 303
    async with ward.db.read() as session:
        (fresh,) = await session.scalars(select(Account.password_hash))
    assert fresh is not None
    assert "m=19456" in fresh


def test_the_secret_opens_for_its_person_alone_and_survives_a_new_key(ward: Ward) -> None:
    sealer = Sealer(ward.settings.account_key)
    sealed = sealer.seal("JBSWY3DP", JOBS["lead"].person)
    newer = Sealer("bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LTMyYnk=," + ward.settings.account_key)
    assert newer.open(sealed, JOBS["lead"].person) == "JBSWY3DP"
    with pytest.raises(ValueError, match="no key"):
        sealer.open(sealed, JOBS["manager"].person)
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer("c2hvcnQ=")


def test_rests_grow_and_end() -> None:
    rests = [rules.rests_until("account", n, NOW) for n in range(30)]
    assert rests[:5] == [None] * 5
    lengths = [rest - NOW for rest in rests[5:] if isinstance(rest, datetime)]
    assert lengths[0] == timedelta(seconds=30)
    assert all(one <= other for one, other in pairwise(lengths))
    assert max(lengths) == timedelta(minutes=15)
