"""E-mail by a real SMTP conversation with a small server: what it says, when it leaves, what happens when it can't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from services.notify.actions.delivering import deliver_waiting
from services.notify.actions.reading import acknowledge, choose_channels
from services.notify.rules.letters import MOST_ATTEMPTS, again_after, write_letter
from services.notify.tables import Delivery, Notification
from shared import clock

from .conftest import Ward
from .test_telling import requested

pytestmark = pytest.mark.integration


@dataclass(slots=True)
class PostOffice:
    """A mail server that takes letters (or refuses those ``to`` somebody)."""

    port: int = 0
    refuses: bytes = b"nobody"
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = b""
        writer.write(b"220 post office\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                text = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
                message = message_from_bytes(text, policy=policy.default)
                self.letters.append((to.decode(), message))
                writer.write(b"250 taken\r\n")
            elif word == b"RCPT":
                to = line.partition(b":")[2].strip()
                writer.write(b"550 unknown\r\n" if self.refuses in to else b"250 ok\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    office = PostOffice()
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    yield office
    server.close()


async def choose(ward: Ward, email: str, quiet: tuple[time, time] | None = None) -> None:
    async with ward.db.transaction() as session:
        await choose_channels(
            session,
            ward.posts["lead"],
            ward.codes,
            channels=["email"],
            email=email,
            quiet_since=quiet[0] if quiet else None,
            quiet_until=quiet[1] if quiet else None,
            version=None,
        )


async def states(ward: Ward) -> list[tuple[str, str | None]]:
    async with ward.db.read() as session:
        return [(row.state, row.error) for row in await session.scalars(select(Delivery).order_by(Delivery.send_at))]


async def test_a_letter_says_what_and_until_when_and_nothing_else(ward: Ward) -> None:
    await choose(ward, "lead@example.jp")
    await ward.hear(requested(ward), by=ward["coordinator"])
    async with post_office() as office:
        settings = ward.settings.model_copy(
            update={"smtp_url": f"smtp://127.0.0.1:{office.port}", "public_url": "https://kasane.example"}
        )
        assert await deliver_waiting(ward.db, settings) == 1
        assert await deliver_waiting(ward.db, settings) == 0
    ((to, letter),) = office.letters
    assert to == "<lead@example.jp>"
    body = letter.get_content()
    assert "訪問の依頼が来ました。" in body
    assert "A visit is asked for." in body
    assert "https://kasane.example/notify/" in body
    assert "K26-0391" not in body + str(letter["Subject"])
    assert str(ward.household) not in letter.as_string()
    assert await states(ward) == [("sent", None)]


async def test_quiet_hours_hold_it_back_and_reading_takes_it_back(ward: Ward) -> None:
    with clock.at(datetime(2026, 6, 15, 14, 0, tzinfo=UTC)):  # eleven at night in Tokyo
        await choose(ward, "lead@example.jp", (time(22), time(7)))
        heard = await ward.hear(requested(ward), by=ward["coordinator"])
    async with post_office() as office:
        settings = ward.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{office.port}"})
        with clock.at(datetime(2026, 6, 15, 21, 0, tzinfo=UTC)):
            assert await deliver_waiting(ward.db, settings) == 0
        assert await states(ward) == [("waiting", None)]
        async with ward.db.transaction() as session:
            row = await session.scalar(select(Notification.id).where(Notification.because == heard.id))
            assert row is not None
            await acknowledge(session, ward.posts["lead"], row)
        with clock.at(datetime(2026, 6, 15, 22, 1, tzinfo=UTC)):
            assert await deliver_waiting(ward.db, settings) == 0
    assert office.letters == []
    assert await states(ward) == [("dropped", None)]


async def test_what_fails_is_tried_again_and_then_given_up(ward: Ward) -> None:
    await choose(ward, "nobody@example.jp")
    await ward.hear(requested(ward), by=ward["coordinator"])
    moment = clock.now()
    async with post_office() as office:
        settings = ward.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{office.port}"})
        for _ in range(MOST_ATTEMPTS):
            assert [state for state, _ in await states(ward)] == ["waiting"]
            moment += timedelta(hours=5)
            with clock.at(moment):
                assert await deliver_waiting(ward.db, settings) == 0
    assert await states(ward) == [("failed", "SMTPRecipientsRefused")]


async def test_no_server_loses_nothing(ward: Ward) -> None:
    await choose(ward, "lead@example.jp")
    await ward.hear(requested(ward), by=ward["coordinator"])
    assert await deliver_waiting(ward.db, ward.settings) == 0
    async with post_office() as office:
        closed = f"smtp://127.0.0.1:{office.port}"
    assert await deliver_waiting(ward.db, ward.settings.model_copy(update={"smtp_url": closed})) == 0
    ((state, error),) = await states(ward)
    assert state == "waiting"
    assert error == "ConnectionRefusedError"
    async with post_office() as office:
        settings = ward.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{office.port}"})
        with clock.shifted(timedelta(minutes=2)):
            assert await deliver_waiting(ward.db, settings) == 1


async def test_a_password_never_travels_in_the_clear(ward: Ward) -> None:
    await choose(ward, "lead@example.jp")
    await ward.hear(requested(ward), by=ward["coordinator"])
    async with post_office() as office:
        url = f"smtp://kasane:secret@127.0.0.1:{office.port}"
        assert await deliver_waiting(ward.db, ward.settings.model_copy(update={"smtp_url": url})) == 0
    assert await states(ward) == [("waiting", "SMTPNotSupportedError")]


def test_letters_and_patience() -> None:
    letter = write_letter("訪問です。", "A visit.", datetime(2026, 6, 15, 8, 15, tzinfo=UTC), "https://k/notify/")
    assert "6月15日 17:15 までに" in letter.body
    assert "15 Jun 17:15" in letter.body
    assert [again_after(n) for n in (1, 2, MOST_ATTEMPTS)] == [timedelta(minutes=1), timedelta(minutes=2), None]
