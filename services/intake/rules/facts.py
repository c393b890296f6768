"""What the rules know of a household: plain values, each of which may be *unknown*.

Codes are those of the lists in ``services/intake/codes``; every list has ``unknown``. Yes/no questions are
:class:`~services.intake.rules.kleene.Truth`; numbers, dates and sets are ``UNKNOWN`` until somebody says. ``None`` is
not used: silence must never look like a no.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.intake.rules.birth import UNKNOWN_BIRTH, Birth
from services.intake.rules.kleene import UNKNOWN, Truth, Unknown

OUTSIDE = "outside"
"""In ``cares_for``: somebody who lives elsewhere, such as a parent in another town."""

UNKNOWN_CODE = "unknown"
"""The entry of every code list that says "nobody has told us"."""


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One person of the household (世帯員). Only ``id`` is needed; everything else starts unknown."""

    id: str
    relation: str = UNKNOWN_CODE
    """RELATION: 続柄 as told, to the head or the person in question."""
    birth: Birth = UNKNOWN_BIRTH
    sex: str = UNKNOWN_CODE
    """SEX"""
    coresident: str = UNKNOWN_CODE
    """CORESIDENT: yes, no, hospital_or_facility, unknown. Where somebody really lives, not the 住民票."""
    left: str = "none"
    """LEAVE_REASON, or ``none`` while the person belongs to the household."""
    parents: frozenset[str] = frozenset()
    """Member ids of parents that were named as such; the other ties follow from ``relation``."""
    marital: str = UNKNOWN_CODE
    """MARITAL"""

    work: str = UNKNOWN_CODE
    """WORK"""
    studies: Truth = Truth.UNKNOWN
    """In school or training."""
    own_pension: Truth = Truth.UNKNOWN
    """Draws a pension of their own."""

    care_level: str = UNKNOWN_CODE
    """CARE"""
    dementia_diagnosis: str = UNKNOWN_CODE
    """DEMENTIA_DIAGNOSIS: yes, suspected, no, unknown."""
    dementia_level: str = UNKNOWN_CODE
    """DEMENTIA_LEVEL (認知症高齢者の日常生活自立度)"""
    disability: frozenset[str] = frozenset()
    """DISABILITY, several; empty is unknown, ``none`` alone is no."""
    illness_suspected: Truth = Truth.UNKNOWN
    """Somebody suspects an illness of body or mind that no doctor has seen."""
    sees_doctor: Truth = Truth.UNKNOWN
    refuses_help: Truth = Truth.UNKNOWN
    """Says no to care or to a doctor."""
    alone_by_day: Truth = Truth.UNKNOWN
    """日中独居"""

    withdrawn_months: int | Unknown = UNKNOWN
    """Months of staying in (ひきこもり); 0: not withdrawn."""
    talks_outside_family: Truth = Truth.UNKNOWN
    """Has somebody beyond the family to talk to."""

    cares_for: frozenset[str] | Unknown = UNKNOWN
    """Member ids, or ``outside``, of those this person looks after (care, housework, comfort, interpreting)."""
    care_hours_weekday: float | Unknown = UNKNOWN
    school_missed: Truth = Truth.UNKNOWN
    """Absent or late at school, or refusing it."""
    carer_concern: Truth = Truth.UNKNOWN
    """The child, a teacher or somebody else is worried about the load."""


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """A household (世帯: who actually lives together) as the rules see it on one day."""

    id: str
    members: tuple[MemberFacts, ...] = ()
    incomplete: bool = False
    """A row of a ledger was refused, or somebody said there are more people: types are at most ``possible``."""
    registry_split: bool = False
    """世帯分離: one home, several households in the register."""
    dwelling: str = UNKNOWN_CODE
    """DWELLING"""

    worries: frozenset[str] = frozenset()
    """WORRY: what callers ticked."""
    concerns: frozenset[str] = frozenset()
    """CONCERN: what was assessed (課題)."""
    safety_flags: frozenset[str] = frozenset()
    """SAFETY_FLAG"""

    hoarding: int | Unknown = UNKNOWN
    """物品堆積 0–3."""
    rent_arrears_months: int | Unknown = UNKNOWN
    lifeline_stopped: Truth = Truth.UNKNOWN
    told_arrears: frozenset[str] | Unknown = UNKNOWN
    """Kinds of arrears that the person told us of and lets us use (never taken from tax files)."""

    contact_person: Truth = Truth.UNKNOWN
    """Somebody who would notice and call."""
    uses_services: Truth = Truth.UNKNOWN
    last_reaction: date | Unknown = UNKNOWN
    """The last day on which anybody of the household reacted."""

    agencies: frozenset[str] = frozenset()
    """Agencies that are involved now."""
    intake_agencies_90_days: frozenset[str] = frozenset()
    """Agencies that took a consultation in the last 90 days."""
    lead_named: Truth = Truth.UNKNOWN
    """A 主担当機関 is named."""
    notes: frozenset[str] = field(default=frozenset())
    """Codes of URGENT_WORD found in what was told (see ``urgency.find_words``)."""

    def member(self, member_id: str) -> MemberFacts | None:
        """The member with that id."""
        return next((member for member in self.members if member.id == member_id), None)

    @property
    def present(self) -> tuple[MemberFacts, ...]:
        """Members who have not left (died, moved away)."""
        return tuple(member for member in self.members if member.left == "none")


def lives_there(member: MemberFacts) -> Truth:
    """``co(p)``: has a bed there and sleeps in it (not 入院・入所, not 別居, not gone)."""
    if member.left != "none":
        return Truth.NO
    return {"yes": Truth.YES, "unknown": Truth.UNKNOWN}.get(member.coresident, Truth.NO)


def has_disability(member: MemberFacts) -> Truth:
    """A disability on paper or assessed; 疑い and 申請中 are not known yet."""
    codes = member.disability - {UNKNOWN_CODE, "suspected", "applying", "none"}
    if codes:
        return Truth.YES
    return Truth.NO if member.disability == {"none"} else Truth.UNKNOWN
