"""What services show each other: made for one question, for one service, for five minutes; keys that change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt

from services.commands.secrets import run as make_secrets
from services.commands.trouble import Trouble
from services.parts import SERVICES
from shared import clock, keys
from shared.credentials import SECONDS, Caller, Credentials, NoKeyError, find_partner
from shared.events.intake import HouseholdErased
from shared.identity import Actor, Tokens, hash_of
from shared.keys import ALGORITHM, Keyring, Signer, make_key, public_of
from shared.settings import Settings

KEYS = {service: make_key() for service in SERVICES}
PUBLICS = {service: public_of(key) for service, key in KEYS.items()}
ACTOR = Actor(uuid4(), uuid4(), uuid4(), "ward", "ward", "caseworker", frozenset({"n"}), "大野")


def settings_of(service: str, **changed: Any) -> Settings:
    own: dict[str, Any] = {"service_key": KEYS[service], "service_keys": PUBLICS}
    return Settings(**own | changed)


def test_a_credential_says_who_asks_and_is_taken_once() -> None:
    outreach, intake = (Credentials(settings_of(service), service) for service in ("outreach", "intake"))
    assert intake.read(shown := outreach.for_feed("intake"), "feed") == Caller("outreach", None)
    assert intake.read(shown, "feed") is None, "shown twice"
    shown = outreach.show("intake", "behalf", viewer="a token", origin="192.0.2.7")
    assert intake.read(shown, "behalf", viewer="a token") == Caller("outreach", "192.0.2.7")


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ({"audience": "casework", "scope": "feed"}, {"scope": "feed"}),
        ({"audience": "intake", "scope": "feed"}, {"scope": "behalf"}),
        ({"audience": "intake", "scope": "behalf", "viewer": "one"}, {"scope": "behalf", "viewer": "another"}),
        ({"audience": "intake", "scope": "behalf", "viewer": "one"}, {"scope": "behalf"}),
        ({"audience": "intake", "scope": "behalf"}, {"scope": "behalf", "viewer": "one"}),
        ({"audience": "intake", "scope": "feed", "viewer": "one"}, {"scope": "feed"}),
    ],
)
def test_for_another_service_purpose_or_person_it_opens_nothing(shown: dict[str, Any], read: dict[str, Any]) -> None:
    outreach, intake = (Credentials(settings_of(service), service) for service in ("outreach", "intake"))
    assert intake.read(outreach.show(**shown), **read) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": -120},
        {"exp": SECONDS + 1},
        {"iat": 120, "exp": 180},
        {"iss": "/990001/casework"},
        {"iss": "/131016/outreach"},
        {"aud": "/131016/intake"},
        {"jti": None},
        {"scope": None},
    ],
)
def test_what_it_says_must_hold(changed: dict[str, Any]) -> None:
    now = int(clock.now().timestamp())
    signer = Signer(KEYS["outreach"])
    claims: dict[str, Any] = {
        "iss": "/990001/outreach", "aud": "/990001/intake", "scope": "feed", "iat": 0, "exp": SECONDS, "jti": "1",
    }  # fmt: skip
    intake = Credentials(settings_of("intake"), "intake")

    def signed(claims: dict[str, Any]) -> str:
        times = {name: now + claims[name] for name in ("iat", "exp")}
        said = {name: value for name, value in (claims | times).items() if value is not None}
        return jwt.encode(signer.header | {"typ": "kasane-service+jwt"}, said, signer.key, algorithms=[ALGORITHM])

    assert intake.read(signed(claims | changed), "feed") is None
    assert intake.read(signed(claims), "feed") == Caller("outreach", None), "the same without the change holds"


def test_it_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    outreach, intake = (Credentials(settings_of(service), service) for service in ("outreach", "intake"))
    shown, now = outreach.for_feed("intake"), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=SECONDS + 61))
    assert intake.read(shown, "feed") is None


@pytest.mark.parametrize("shown", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ⅷ.\ud800.x", "." * 100_000])
def test_rubbish_is_nobodys(shown: str) -> None:
    assert Credentials(settings_of("intake"), "intake").read(shown, "feed") is None


def test_a_persons_token_is_no_services_and_the_other_way_round() -> None:
    both = settings_of("casework", signing_key=KEYS["casework"], verifying_key=PUBLICS["casework"])
    tokens, credentials = Tokens(both), Credentials(both, "casework")
    assert credentials.read(tokens.sign(ACTOR), "feed") is None
    assert tokens.read(credentials.for_feed("casework")) is None


def test_a_token_of_another_municipality_opens_nothing() -> None:
    keys_of_both: dict[str, Any] = {"signing_key": KEYS["casework"], "verifying_key": PUBLICS["casework"]}
    here, there = (Tokens(Settings(municipality=code, **keys_of_both)) for code in ("990001", "131016"))
    assert there.read(there.sign(ACTOR)) == ACTOR
    assert here.read(there.sign(ACTOR)) is None


def test_without_a_key_a_service_asks_nobody() -> None:
    with pytest.raises(NoKeyError):
        Credentials(settings_of("notify", service_key=""), "notify").for_feed("intake")


def test_without_a_verifying_key_a_service_does_not_start() -> None:
    with pytest.raises(ValueError, match="no verifying key"):
        Tokens(Settings())


def test_a_services_name_is_no_partners() -> None:
    hashes = {"casework": ["0" * 64], "kita": [hash_of("one"), hash_of("two")], "gone": [hash_of("three")]}
    settings = Settings(feed_token_hashes=hashes, feed_readers={"kita": [HouseholdErased.type]})
    assert [find_partner(settings, shown) for shown in ("one", "two", "three", "")] == ["kita", "kita", None, None]


# -- keys that change --------------------------------------------------------------------------------------------------


def load(folder: Path, service: str) -> Settings:
    return Settings(_secrets_dir=folder / service, secrets_folder=folder / service)


def test_services_go_on_asking_each_other_while_their_keys_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets(tmp_path)
    old = Credentials(load(tmp_path, "outreach"), "outreach")
    running = Credentials(load(tmp_path, "intake"), "intake")
    assert running.read(old.for_feed("intake"), "feed")

    make_secrets(tmp_path, renew="services")
    restarted = Credentials(load(tmp_path, "outreach"), "outreach")
    started_before, started_since = running, Credentials(load(tmp_path, "intake"), "intake")
    for reader in (started_before, started_since):
        for asker in (restarted, old):
            assert reader.read(asker.for_feed("intake"), "feed") == Caller("outreach", None)

    make_secrets(tmp_path, retire="services")
    later = Credentials(load(tmp_path, "intake"), "intake")
    assert later.read(restarted.for_feed("intake"), "feed")
    monkeypatch.setattr(keys, "_LOOKS_AGAIN_SECONDS", 0.0)
    assert later.read(old.for_feed("intake"), "feed") is None


def test_who_is_signed_in_stays_so_while_the_signing_key_changes(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    casework, notify = Tokens(load(tmp_path, "casework")), Tokens(load(tmp_path, "notify"))
    before = casework.sign(ACTOR)
    make_secrets(tmp_path, renew="signing")
    restarted = Tokens(load(tmp_path, "casework"))
    after = restarted.sign(ACTOR)
    for service in (notify, Tokens(load(tmp_path, "notify")), restarted):
        assert [service.read(token) for token in (before, after)] == [ACTOR, ACTOR]
    make_secrets(tmp_path, retire="signing")
    assert [Tokens(load(tmp_path, "notify")).read(token) for token in (before, after)] == [None, ACTOR]


def test_a_token_of_before_keys_had_names_is_still_read() -> None:
    signer = Signer(make_key())
    tokens = Tokens(Settings(signing_key=None, verifying_key=signer.key.as_pem(private=False).decode()))
    claims = jwt.decode(Tokens(
        Settings(signing_key=signer.key.as_pem(private=True).decode(), verifying_key=PUBLICS["intake"])
    ).sign(ACTOR), signer.key, algorithms=[ALGORITHM]).claims  # fmt: skip
    assert tokens.read(jwt.encode({"alg": ALGORITHM}, claims, signer.key, algorithms=[ALGORITHM])) == ACTOR


def test_a_partner_keeps_the_credential_of_before_until_it_is_retired(tmp_path: Path) -> None:
    file = tmp_path / "readers" / "kita" / "feed_token"
    make_secrets(tmp_path, reader="kita", types=[HouseholdErased.type])
    tokens = [file.read_text()]
    make_secrets(tmp_path, renew="kita")
    tokens.append(file.read_text())
    assert [find_partner(load(tmp_path, "intake"), token) for token in tokens] == ["kita", "kita"]
    make_secrets(tmp_path, retire="kita")
    assert [find_partner(load(tmp_path, "intake"), token) for token in tokens] == [None, "kita"]


@pytest.mark.parametrize("what", ["casework", "../postgres", "nobody", ""])
def test_what_is_unknown_can_not_be_renewed(tmp_path: Path, what: str) -> None:
    make_secrets(tmp_path)
    with pytest.raises(Trouble):
        make_secrets(tmp_path, renew=what)


def test_a_ring_looks_at_its_file_now_and_then_and_survives_a_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_key(), make_key()
    looks: list[str] = []
    files = iter(["-----BEGIN PUBLIC KEY-----x-----END PUBLIC KEY-----", "", public_of(second)])

    def again() -> str:
        looks.append("look")
        return next(files)

    ring = Keyring(public_of(first), again)
    unknown = Signer(second).header["kid"]
    assert ring.find(unknown) is None, "a broken file"
    assert ring.find(unknown) is None
    assert looks == ["look"], "not at once again"
    monkeypatch.setattr(keys, "_LOOKS_AGAIN_SECONDS", 0.0)
    assert ring.find(unknown) is None, "an empty file"
    assert ring.find(Signer(first).header["kid"]), "what was known stays"
    assert ring.find(unknown), "it has come"
