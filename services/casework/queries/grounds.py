"""On what a look at a case rests: a part that still has its ground in law, a seat in a meeting. As conditions.

These fail closed by themselves: a part that rests on consent opens nothing from the moment on which no consent covers
it, whether casework has ended the part yet or not; a seat opens nothing without a signed secrecy notice (守秘確認),
after its release, or once the meeting's materials are recalled or due to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Text, and_, any_, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from services.casework.rules.cases import COUNCIL
from services.casework.rules.sharing import BY_INVITATION, TAKING_PART
from services.casework.tables import Agency, Case, Consent, Invitation, Meeting, MeetingMember
from shared import clock
from shared.codes import Code
from shared.rights import BY_CONSENT

if TYPE_CHECKING:
    from typing import Any

    from shared.identity import Actor

_CONSENT, _STATE, _PURPOSE, _ASKED = aliased(Consent), aliased(Code), aliased(Code), aliased(Agency)
_FALLEN, _TOLD = aliased(Invitation), aliased(Invitation)
_SEAT, _SITTING = aliased(MeetingMember), aliased(Meeting)
"""Made once: an alias is dear, and these conditions are part of every select."""


def ground_holds(part: Any) -> ColumnElement[bool]:
    """Whether a request (``Invitation`` or an alias of it) has its ground still: consent must cover it today.

    The same as :meth:`services.casework.rules.sharing.ConsentFacts.covers`, told to the database.
    """
    return or_(part.basis != BY_CONSENT, _covered(part))


def _covered(part: Any) -> ColumnElement[bool]:
    today = clock.today()
    kind = select(_ASKED.kind).where(_ASKED.code == part.agency).correlate(part).scalar_subquery()
    allows = exists().where(
        _STATE.list == "CONSENT_STATE",
        _STATE.code == _CONSENT.state,
        _STATE.attributes["allows"].as_boolean().is_(True),
    )
    for_this = exists().where(
        _PURPOSE.list == "CONSENT_PURPOSE",
        _PURPOSE.code == any_(_CONSENT.purposes),
        _PURPOSE.attributes["ways"].contains([BY_INVITATION]),
    )
    return exists().where(
        _CONSENT.household == part.household,
        _CONSENT.withdrawn_at.is_(None),
        or_(_CONSENT.ends_on.is_(None), _CONSENT.ends_on >= today),
        or_(_CONSENT.confirm_by.is_(None), _CONSENT.confirm_by >= today),
        or_(part.agency == any_(_CONSENT.recipients), kind == any_(_CONSENT.recipients)),
        cast(_CONSENT.items, ARRAY(Text)).contains(part.items),
        func.cardinality(part.items) > 0,
        allows,
        for_this,
    )


def lost_its_ground(actor: Actor) -> ColumnElement[bool]:
    """Cases in which the actor's agency takes part by consent alone, and none covers it any more."""
    return exists().where(
        _FALLEN.case_id == Case.id,
        _FALLEN.agency == actor.agency,
        _FALLEN.state.in_(sorted(TAKING_PART)),
        ~ground_holds(_FALLEN),
    )


def told_in_a_council(actor: Actor) -> ColumnElement[bool]:
    """Cases in which the actor's agency takes part on the ground of a support council: nothing of them is taken out."""
    return exists().where(
        _TOLD.case_id == Case.id,
        _TOLD.agency == actor.agency,
        _TOLD.state.in_(sorted(TAKING_PART)),
        _TOLD.basis == COUNCIL,
    )


def seated(actor: Actor) -> ColumnElement[bool]:
    """Cases about which a meeting sits of which ``actor`` is a named member: level M, inside that meeting alone."""
    return exists().where(_SEAT.case_id == Case.id, *_sits(actor), _SITTING.anonymous.is_(False))


def sits_in(actor: Actor) -> ColumnElement[bool]:
    """Meetings (:class:`Meeting`) whose sheet and materials ``actor`` may see today."""
    return exists().where(_SEAT.meeting == Meeting.id, *_sits(actor))


def _sits(actor: Actor) -> list[ColumnElement[bool]]:
    return [
        _SEAT.post == literal(actor.post),
        _SEAT.released_at.is_(None),
        _SEAT.secrecy_on.is_not(None),
        _SITTING.id == _SEAT.meeting,
        is_open(_SITTING),
    ]


def is_open(meeting: Any) -> ColumnElement[bool]:
    """Whether a meeting's materials are not yet recalled, nor due to be."""
    return and_(
        meeting.named.is_(True),
        meeting.state != "cancelled",
        meeting.recalled_at.is_(None),
        meeting.recall_on > clock.today(),
    )
