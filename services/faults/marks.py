"""Which row shows that a service has taken a fact in: the effects that are looked for in every database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Mark:
    """The rows of ``table`` (those that hold ``when``) whose ``key`` is the fact's own ``key_of``.

    ``key`` and ``when`` are SQL; ``fields`` are the fields of the event that make the same key, a constant with ``=``.
    """

    service: str
    type: str
    table: str
    key: str
    fields: tuple[str, ...]
    when: str = "true"
    only: tuple[str, str] | None = None
    """The mark is due only where this field has this value."""

    @property
    def source(self) -> str:
        """The service that states the fact."""
        return self.type.partition(".")[0]

    def due(self, data: Mapping[str, Any]) -> bool:
        """Whether this fact leaves the mark."""
        return self.only is None or data[self.only[0]] == self.only[1]

    def key_of(self, data: Mapping[str, Any]) -> str:
        """The key that the fact's mark has."""
        return " ".join(str(data[name]) for name in self.fields)


def _mark(service: str, type_: str, table: str, key: str, *fields: str, **more: Any) -> Mark:
    return Mark(service, type_, table, f"{key}::text" if " " not in key else key, fields, **more)


MARKS: Final = (
    _mark("casework", "intake.household_registered", "household", "id", "household", when="number <> ''"),
    _mark("casework", "intake.consultation_received", "consultation", "id", "consultation"),
    _mark("casework", "intake.type_matched", "household_type", "household || ' ' || code", "household", "code"),
    _mark("casework", "intake.consultation_screened", "support_case", "household", "household"),
    _mark("casework", "outreach.visit_assigned", "visit", "id", "visit"),
    _mark(
        "casework", "outreach.assignment_answered", "visit", "id || ' ' || unnest(accepted)", "visit", "worker",
        only=("answer", "accepted"),
    ),
    _mark("casework", "outreach.visit_started", "visit", "id", "visit", when="state IN ('started', 'reported')"),
    _mark("casework", "outreach.visit_reported", "visit", "id", "visit", when="state = 'reported'"),
    _mark("casework", "notify.notification_sent", "notice", "id", "notification", when="sent_at IS NOT NULL"),
    _mark("casework", "notify.notification_read", "notice", "id", "notification", when="read_at IS NOT NULL"),
    _mark("outreach", "intake.household_registered", "household", "id", "household"),
    _mark("outreach", "intake.consultation_screened", "household", "id", "household", when="urgency IS NOT NULL"),
    _mark("outreach", "casework.case_opened", "support_case", "id", "case"),
    _mark("outreach", "casework.visit_requested", "visit_request", "id", "request"),
    _mark("notify", "intake.household_registered", "household", "id", "household"),
    _mark("notify", "intake.consultation_screened", "household", "id", "household", when="urgency IS NOT NULL"),
    _mark("notify", "casework.case_opened", "support_case", "id", "case"),
    _mark("notify", "casework.agency_invited", "invitation", "id", "invitation"),
    _mark("notify", "casework.agency_answered", "invitation", "id || ' ' || state", "invitation", "answer"),
    _mark("notify", "casework.visit_requested", "visit_request", "id", "request"),
    _mark("notify", "outreach.visit_assigned", "visit", "id", "visit"),
    _mark("notify", "outreach.visit_reported", "visit", "id", "visit", when="over"),
    _mark("intake", "casework.case_opened", "case_of_household", "case_id", "case"),
    _mark(
        "intake", "casework.agency_answered", "access_grant", "source_id", "invitation",
        when="ground = 'agency' AND NOT ended", only=("answer", "accepted"),
    ),
    _mark("intake", "casework.visit_requested", "access_grant", "source_id", "request", when="ground = 'request'"),
    _mark("intake", "outreach.visit_assigned", "access_grant", "source_id", "request", when="ground = 'worker'"),
)  # fmt: skip

TABLES: Final = {
    service: tuple(sorted({mark.table for mark in MARKS if mark.service == service}))
    for service in ("intake", "casework", "outreach", "notify")
}


@dataclass(frozen=True, slots=True)
class Telling:
    """Who must have a notification because of a fact: posts named by the event's own fields, or by its case.

    ``whom`` are fields that hold posts; ``owner`` adds the owner of its case, ``requester`` who asked for the visit.
    Whoever did it themselves (the event's actor) need not be told.
    """

    type: str
    whom: tuple[str, ...] = ()
    owner: bool = False
    requester: bool = False
    anyone: bool = False
    """It is enough that somebody was told: whom, is the ward's own rule."""


TELLINGS: Final = (
    Telling("intake.consultation_screened", anyone=True),
    Telling("casework.case_opened", whom=("owner",)),
    Telling("casework.agency_invited", anyone=True),
    Telling("casework.agency_answered", owner=True),
    Telling("casework.visit_requested", anyone=True),
    Telling("outreach.visit_assigned", whom=("workers",)),
    Telling("outreach.visit_reported", owner=True, requester=True),
)
