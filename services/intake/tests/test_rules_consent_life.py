"""The life of one consent, whatever is tried in whatever order on whatever day: a state machine."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.intake.rules.consent import (
    NEXT,
    ConsentFacts,
    ConsentRules,
    ConsentState,
    allows,
    confirm,
    ends_by_itself,
    may_share,
    may_withdraw,
    next_consent,
)
from shared.errors import Refused

DAY = date(2026, 6, 18)
RULES = ConsentRules()


def _shares(consent: ConsentFacts, on: date) -> bool:
    return may_share(consent, recipient="hokatsu-n", purpose="support", items=("care",), on=on)


class ConsentLife(RuleBasedStateMachine):
    """Whatever is tried in whatever order, on whatever day: sharing only ever follows a yes that still stands."""

    def __init__(self) -> None:
        super().__init__()
        self.today = DAY
        self.consent: ConsentFacts | None = None
        self.said: list[str] = []

    @property
    def before(self) -> str | None:
        if self.consent is None:
            return None
        return "withdrawn" if self.consent.ended else self.consent.state

    @rule(state=st.sampled_from(ConsentState), length=st.none() | st.integers(0, 40))
    def record(self, state: ConsentState, length: int | None) -> None:
        try:
            step = next_consent(self.before, state, self.today, purposes=("support",), recipients=("hokatsu-n",))
        except Refused:
            assert state not in NEXT[None if self.before is None else ConsentState(self.before)]
            return
        self.said.append(step.state)
        if step.state is ConsentState.WITHDRAWN:
            self.end("taken_back")
            return
        ends_on = None if length is None else self.today + timedelta(days=length)
        self.consent = ConsentFacts(
            step.state, self.today, frozenset({"support"}), frozenset({"hokatsu-n"}), frozenset({"care"}),
            confirm_by=step.confirm_by, ends_on=ends_on,
        )  # fmt: skip

    def end(self, _reason: str) -> None:
        assert self.consent is not None
        self.consent = _with(self.consent, ended=True)

    @precondition(lambda self: self.consent is not None)
    @rule()
    def sign(self) -> None:
        assert self.consent is not None
        try:
            step = confirm(self.consent, self.today)
        except Refused:
            return
        assert self.consent.state in {"oral", "considering"}
        self.said.append(step.state)
        self.consent = _with(self.consent, state=step.state, confirm_by=step.confirm_by)

    @precondition(lambda self: self.consent is not None)
    @rule()
    def withdraw(self) -> None:
        assert self.consent is not None
        if self.consent.ended or not allows(self.consent.state):
            return
        may_withdraw(self.consent)
        self.said.append("withdrawn")
        self.end("taken_back")
        assert not _shares(self.consent, self.today)

    @rule(days=st.integers(1, 20))
    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)

    @precondition(lambda self: self.consent is not None)
    @rule()
    def look_daily(self) -> None:
        assert self.consent is not None
        if ends_by_itself(self.consent, self.today) is not None:
            shared = _shares(self.consent, self.today)
            self.end("by itself")
            assert not shared, "what is over was shared until the daily look"

    @invariant()
    def shares_on_a_standing_yes_alone(self) -> None:
        consent = self.consent
        if consent is None:
            return
        confirmed = consent.confirm_by is None or self.today <= consent.confirm_by
        running = consent.ends_on is None or self.today <= consent.ends_on
        standing = allows(consent.state) and not consent.ended and confirmed and running
        assert _shares(consent, self.today) == standing

    @invariant()
    def an_oral_yes_never_lasts_unsigned(self) -> None:
        consent = self.consent
        if consent is not None and consent.state == "oral":
            assert not _shares(consent, consent.recorded_on + RULES.confirm_within + timedelta(days=1))


def _with(consent: ConsentFacts, **changed: Any) -> ConsentFacts:
    return ConsentFacts(**({name: getattr(consent, name) for name in ConsentFacts.__slots__} | changed))


TestConsentLife = ConsentLife.TestCase
