"""E-mail: what waits is sent after its quiet hours; what fails is tried again; what was read meanwhile is not sent."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import select, update

from services.notify.rules.letters import LEASE, Letter, again_after, write_letter
from services.notify.tables import Delivery, Notification, Preference
from shared import clock
from shared.codes import Code

if TYPE_CHECKING:
    from shared.db import Database
    from shared.settings import Settings

PORTION = 50
_SECONDS = 10.0


async def deliver_waiting(db: Database, settings: Settings) -> int:
    """Send a portion of what is due; answers how many letters the mail server took."""
    if not settings.smtp_url:
        return 0
    sent = 0
    for notification_id in await _claim(db):
        sent += await _deliver(db, settings, notification_id)
    return sent


async def _claim(db: Database) -> list[UUID]:
    now = clock.now()
    due = (
        select(Delivery.notification)
        .where(Delivery.state == "waiting", Delivery.channel == "email", Delivery.send_at <= now)
        .order_by(Delivery.send_at)
        .limit(PORTION)
        .with_for_update(skip_locked=True)
    )
    async with db.transaction() as session:
        claimed = list((await session.scalars(due)).all())
        await session.execute(
            update(Delivery)
            .where(Delivery.notification.in_(claimed), Delivery.channel == "email")
            .values(send_at=now + LEASE, attempts=Delivery.attempts + 1)
        )
    return claimed


async def _deliver(db: Database, settings: Settings, notification_id: UUID) -> int:
    async with db.read() as session:
        row = (
            await session.execute(
                select(Notification, Preference, Code, Delivery.attempts)
                .join(Delivery, Delivery.notification == Notification.id)
                .outerjoin(Preference, Preference.post == Notification.post)
                .outerjoin(Code, (Code.list == "NOTIFICATION_KIND") & (Code.code == Notification.kind))
                .where(Notification.id == notification_id, Delivery.channel == "email")
            )
        ).one_or_none()
    if row is None:
        return 0
    notification: Notification = row[0]
    preference: Preference | None = row[1]
    kind: Code | None = row[2]
    attempts: int = row[3]
    to = address_of(preference)
    if to is None or kind is None or notification.read_at is not None or notification.settled_at is not None:
        await _note(db, notification_id, state="dropped")
        return 0
    letter = write_letter(kind.ja, kind.en, notification.read_by, f"{settings.public_url}/notify/")
    try:
        await asyncio.to_thread(send, settings, to, letter, f"{notification_id}@kasane")
    except (smtplib.SMTPException, OSError) as error:
        code = getattr(error, "smtp_code", "")
        pause = again_after(attempts)
        told = f"{type(error).__name__} {code}".strip()
        await _note(db, notification_id, state="waiting" if pause else "failed", error=told, pause=pause)
        return 0
    await _note(db, notification_id, state="sent")
    return 1


def address_of(preference: Preference | None) -> str | None:
    """Where somebody wants letters; None when they want none (any more)."""
    if preference is None or "email" not in preference.channels:
        return None
    return preference.email


async def _note(
    db: Database, notification_id: UUID, *, state: str, error: str | None = None, pause: object = None
) -> None:
    now = clock.now()
    values: dict[str, object] = {"state": state, "error": error}
    if state == "sent":
        values["sent_at"] = now
    if pause is not None:
        values["send_at"] = now + pause  # type: ignore[operator]
    async with db.transaction() as session:
        await session.execute(
            update(Delivery).where(Delivery.notification == notification_id, Delivery.channel == "email").values(values)
        )


def send(settings: Settings, to: str, letter: Letter, message_id: str) -> None:
    """One SMTP conversation (RFC 5321): STARTTLS where the server offers it, a password only over TLS.

    Raises smtplib.SMTPException or OSError. The same notification always has the same Message-ID, so that a letter
    that was sent twice can be told.
    """
    url = urlsplit(settings.smtp_url or "")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = letter.subject, settings.mail_from, to
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    host, secure = url.hostname or "localhost", url.scheme == "smtps"
    if secure:
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, timeout=_SECONDS, context=ssl.create_default_context()
        )
    else:
        client = smtplib.SMTP(host, url.port or 25, timeout=_SECONDS)
    with client:
        client.ehlo()
        if not secure and client.has_extn("starttls"):
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
            secure = True
        if url.username:
            if not secure:
                msg = "the mail server offers no TLS for the password"
                raise smtplib.SMTPNotSupportedError(msg)
            client.login(unquote(url.username), unquote(url.password or ""))
        client.send_message(message)
