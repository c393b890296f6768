"""Screening (スクリーニング): what the rules propose and what a person decided, written into a consultation's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.rules.consent import allows
from services.intake.rules.screening import PLAN, ScreeningRequest, screen
from services.intake.rules.urgency import first_contact_due, propose_urgency, sight_check_due, suspects_abuse
from shared import clock
from shared.events.intake import ConsultationScreened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.intake.requests import ConsultationIn, ScreeningIn
    from services.intake.rules.facts import HouseholdFacts
    from services.intake.rules.rulebook import RuleBook
    from services.intake.rules.types import TypeResult
    from services.intake.tables import Consultation
    from shared.identity import Actor

_TOWARD_CONSENT = "toward_consent"


def screen_values(
    consultation: Consultation,
    actor: Actor,
    request: ConsultationIn | ScreeningIn,
    *,
    facts: HouseholdFacts,
    results: Iterable[TypeResult],
    book: RuleBook,
    consents: Collection[str] = (),
) -> None:
    """Propose an urgency; where the request decides one, write the decision and its clocks.

    ``consents``: the members' states of consent. Raises Refused when the decision lacks something.
    """
    proposal = propose_urgency(facts, results, consultation.occurred_at, book)
    consultation.urgency_proposed = proposal.level
    if request.urgency is None:
        return
    result = request.result or (PLAN if any(allows(state) for state in consents) else _TOWARD_CONSENT)
    abuse = suspects_abuse(facts, book)
    screen(
        ScreeningRequest(
            result=result,
            urgency=request.urgency,
            reason=request.reason,
            agency=request.hand_to or "",
            abuse_suspected=abuse,
            consents=consents,
        ),
        book,
    )
    consultation.urgency = request.urgency
    consultation.result = result
    consultation.result_reason = request.reason
    consultation.handed_to = request.hand_to
    consultation.first_contact_due = first_contact_due(request.urgency, consultation.occurred_at, book)
    consultation.sight_check_due = sight_check_due(consultation.occurred_at) if abuse else None
    consultation.screened_by = actor.post
    consultation.screened_at = clock.now()


def screened_fact(consultation: Consultation) -> ConsultationScreened:
    """What the others learn of a screening."""
    return ConsultationScreened.model_validate(
        {
            "household": consultation.household_id,
            "consultation": consultation.id,
            "urgency": consultation.urgency,
            "result": consultation.result,
            "first_contact_due": consultation.first_contact_due,
            "sight_check_due": consultation.sight_check_due,
            "screened_by": consultation.screened_by,
        }
    )
