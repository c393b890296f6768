"""The Redis users of the containers: what the spine does is allowed, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from services.commands.redis_users import acl_lines
from services.parts import SERVICES
from shared.embedded import EmbeddedRedis
from shared.events.readers import sources_of
from shared.spine.wire import Names

NAMES = Names("990001")


@pytest.fixture
def guarded(server_folder: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(server_folder) as server:
        hashes = {service: hashlib.sha256(service.encode()).hexdigest() for service in SERVICES}
        with redis.Redis.from_url(server.url) as operator:
            for line in acl_lines("990001", hashes).splitlines()[1:]:
                _, name, *rules = line.split()
                operator.execute_command("ACL", "SETUSER", name, *rules)
        yield server


def client_of(server: EmbeddedRedis, service: str) -> redis.Redis:
    return redis.Redis(port=server.port, username=service, password=service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_appends_to_its_own_stream_and_reads_those_it_follows(guarded: EmbeddedRedis, service: str) -> None:
    with client_of(guarded, service) as client:
        own = NAMES.stream(service)
        script = client.register_script("return redis.call('XADD', KEYS[1], ARGV[1], 'id', '1', 'e', '{}')")
        assert script(keys=[own], args=["1-0"]) == b"1-0"
        client.xtrim(own, maxlen=10, approximate=True)
        client.rename(own, NAMES.set_aside(service, "old"))
        client.expire(NAMES.set_aside(service, "old"), 60)
        for source in sources_of(service):
            assert client.xrange(NAMES.stream(source)) == []
            assert client.xread({NAMES.stream(source): "0-0"}) in ({}, [])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_does_nothing_else(guarded: EmbeddedRedis, service: str) -> None:
    stranger = next(other for other in SERVICES if other != service)
    with client_of(guarded, service) as client:
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.xadd(NAMES.stream(stranger), {"e": "{}"}, id="9-0")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.xrange(Names("990002").stream(service))
        for command in (("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("SHUTDOWN",)):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)
