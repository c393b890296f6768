from __future__ import annotations

from datetime import timedelta

import pytest

from shared import clock
from shared.errors import Refused
from shared.events.intake import HouseholdChanged
from shared.spine import Received, Subscriptions, heard_from, refuse_when_deaf, sharing_is_safe, wire_heartbeat
from shared.spine.heartbeat import beats, send_probe
from tests.spine.rig import Rig, running, until


def listening(service: str) -> Subscriptions:
    subscriptions = Subscriptions(service)
    wire_heartbeat(subscriptions)
    if service == "outreach":

        @subscriptions.on(HouseholdChanged, projects=True)
        async def _(_session: object, _heard: Received[HouseholdChanged]) -> None:
            """Follows intake as the real service does, so that its cursor tells how fresh it is."""

    return subscriptions


async def test_a_probe_goes_round_and_comes_home(rig: Rig) -> None:
    nodes = [await rig.node(listening(service)) for service in ("intake", "casework", "outreach", "notify")]
    intake, _, outreach, _ = nodes
    async with running(*nodes):

        async def home() -> bool:
            async with intake.db.read() as session:
                return {beat.service for beat in await beats(session)} == {"intake", "notify"}

        await until(home, "the probe comes home")

        async def heard() -> bool:
            async with outreach.db.read() as session:
                return await sharing_is_safe(session)

        await until(heard, "outreach has heard from intake")
    async with intake.db.read() as session:
        sent, closed = await beats(session)
    assert sent.started_at == closed.started_at
    assert not sent.late
    with clock.shifted(timedelta(minutes=4)):
        assert closed.late
    async with outreach.db.read() as session:
        age = await heard_from(session, "intake")
        assert age is not None
        assert age < timedelta(minutes=1)
        with clock.shifted(timedelta(minutes=4)):
            assert not await sharing_is_safe(session)
            with pytest.raises(Refused):
                await refuse_when_deaf(session)
        await refuse_when_deaf(session)


async def test_nothing_heard_is_not_safe(rig: Rig) -> None:
    outreach = await rig.node(listening("outreach"))
    async with outreach.db.read() as session:
        assert await heard_from(session, "intake") is None
        assert not await sharing_is_safe(session)


async def test_one_probe_a_minute_whoever_sends(rig: Rig) -> None:
    intake = await rig.node(listening("intake"))
    sent = []
    for seconds in (0, 10, 50, 61, 70, 130):
        async with intake.db.transaction() as session:
            with clock.at(clock.now().replace(microsecond=0, second=0) + timedelta(seconds=seconds)):
                sent.append(await send_probe(session))
    assert sent == [True, False, False, True, False, True]
