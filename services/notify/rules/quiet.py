"""Quiet hours: when a message may leave for a channel that follows people home. The inbox itself is never quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from shared.clock import TOKYO
from shared.errors import Refused
from shared.i18n import N_


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``since`` to ``until`` in Tokyo, over midnight when ``until`` is earlier; both the same means none."""

    since: time
    until: time

    def covers(self, moment: datetime) -> bool:
        """Whether ``moment`` is in them."""
        local = moment.astimezone(TOKYO).time()
        if self.since <= self.until:
            return self.since <= local < self.until
        return local >= self.since or local < self.until


def send_at(moment: datetime, quiet: QuietHours | None, *, urgent: bool) -> datetime:
    """When a message of ``moment`` may leave: at once, or when the quiet hours end."""
    if quiet is None or urgent or not quiet.covers(moment):
        return moment
    local = moment.astimezone(TOKYO)
    day = local.date() if local.time() < quiet.until else local.date() + timedelta(days=1)
    return datetime.combine(day, quiet.until, TOKYO).astimezone(UTC)


def choose_quiet(since: time | None, until: time | None) -> QuietHours | None:
    """Both or neither; at most 16 hours, so that a message always gets through."""
    if since is None and until is None:
        return None
    if since is None or until is None:
        raise Refused(N_("静かな時間は、始まりと終わりの両方を入れてください。"), field="quiet_until")
    if since == until:
        return None
    minutes = ((until.hour * 60 + until.minute) - (since.hour * 60 + since.minute)) % (24 * 60)
    if minutes > 16 * 60:
        raise Refused(N_("静かな時間は 16時間までにしてください。"), field="quiet_until")
    return QuietHours(since, until)
