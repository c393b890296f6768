"""Facts that intake states: households, members, consultations, types, consent, protection.

Households travel as ids with area and district codes; the codes are absent while anybody in the household is
protected (DV等支援措置). Members travel as ids alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import HouseholdEvent

Verdict = Literal["match", "possible", "no"]
Urgency = Literal["A", "B", "C", "D"]


class HouseholdRegistered(HouseholdEvent):
    """A household (世帯: who actually lives together) is known for the first time."""

    type: ClassVar[str] = "intake.household_registered"

    number: str
    area: str | None = None
    district: str | None = None
    incomplete: bool = False
    """A row of an imported ledger was refused, so somebody may be missing."""


class HouseholdChanged(HouseholdEvent):
    """Area, district or completeness is different from what was said before; the whole present state."""

    type: ClassVar[str] = "intake.household_changed"

    number: str
    area: str | None = None
    district: str | None = None
    incomplete: bool = False


class MemberLeft(HouseholdEvent):
    """A member no longer lives there: died, moved, in hospital or facility (``reason`` of LEAVE_REASON)."""

    type: ClassVar[str] = "intake.member_left"

    member: UUID
    reason: str
    left_on: date | None = None


class ConsultationReceived(HouseholdEvent):
    """One contact (相談受付) was logged, whoever made it. Worries are the caller's ticks, as codes of WORRY."""

    type: ClassVar[str] = "intake.consultation_received"

    consultation: UUID
    channel: str
    route: str | None = None
    referrer: str | None = None
    worries: tuple[str, ...] = ()
    main_worry: str | None = None
    safety_flags: tuple[str, ...] = ()
    received_by: UUID
    agency: str


class ConsultationScreened(HouseholdEvent):
    """Somebody decided how urgent it is and what becomes of it. ``first_contact_due`` is the clock that runs."""

    type: ClassVar[str] = "intake.consultation_screened"

    consultation: UUID
    urgency: Urgency
    result: str
    first_contact_due: datetime | None = None
    sight_check_due: datetime | None = None
    """48 clock hours after receipt when abuse is suspected: safety confirmed by sight (目視)."""
    screened_by: UUID


class TypeMatched(HouseholdEvent):
    """A type's rule came to another verdict than before; ``no`` takes an earlier verdict back."""

    type: ClassVar[str] = "intake.type_matched"

    code: str
    verdict: Verdict
    rule_version: str
    tags: tuple[str, ...] = ()


class TypeAnswered(HouseholdEvent):
    """A worker confirmed or rejected what a rule had asked. Detection is a question, never a verdict."""

    type: ClassVar[str] = "intake.type_answered"

    code: str
    answer: Literal["confirmed", "rejected"]
    answered_by: UUID


class _TwoHouseholds(HouseholdEvent):
    """About two households at once; never stated while either side holds a protected person."""

    other: UUID

    @property
    def subjects(self) -> tuple[str, ...]:
        """Both households."""
        return (str(self.household), str(self.other))


class DuplicateSuspected(_TwoHouseholds):
    """Two records may be the same household. ``score`` 0–100."""

    type: ClassVar[str] = "intake.duplicate_suspected"

    score: int


class HouseholdsLinked(_TwoHouseholds):
    """Two records were linked as the same household or family; both stay."""

    type: ClassVar[str] = "intake.households_linked"

    kind: Literal["same", "family"] = "same"


class HouseholdsUnlinked(_TwoHouseholds):
    """A link was taken back."""

    type: ClassVar[str] = "intake.households_unlinked"


class ConsentRecorded(HouseholdEvent):
    """What one person allows (個人情報保護法69条2項1号): for which purpose, to whom, which classes of item."""

    type: ClassVar[str] = "intake.consent_recorded"

    consent: UUID
    member: UUID
    state: str
    purpose: str | None = None
    recipients: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    confirm_by: date | None = None
    """An oral consent must be confirmed by this day."""
    ends_on: date | None = None
    purposes: tuple[str, ...] = ()
    """All of them; ``purpose`` is the first."""
    method: str | None = None
    """How it was said (CONSENT_METHOD): signed, by proxy, electronically, orally."""
    limited: bool = False
    """The person has set limits; their words stay at intake, where whoever shares reads them."""
    replaces: UUID | None = None
    """An earlier consent of the same person, which this one renews or changes; that one is withdrawn next."""


class ConsentWithdrawn(HouseholdEvent):
    """Sharing on this consent stops now, everywhere: it was taken back, ran out, or was never confirmed."""

    type: ClassVar[str] = "intake.consent_withdrawn"
    never_waits: ClassVar[bool] = True

    consent: UUID
    member: UUID
    reason: str | None = None
    """Of CONSENT_END: taken_back, not_confirmed, period_over, replaced. Whatever it is, sharing stops."""


class ConsentReminded(HouseholdEvent):
    """A day has come on which somebody must be reminded of a consent: to confirm it, or that it will run out."""

    type: ClassVar[str] = "intake.consent_reminded"

    consent: UUID
    member: UUID
    reminder: str
    """Of CONSENT_REMINDER."""
    post: UUID
    """Who recorded it: told beside the case's owner."""
    due_on: date
    """The last day of the consent as it stands."""


class ProtectionSet(HouseholdEvent):
    """A member is protected (支援措置): the others forget the area and show nothing."""

    type: ClassVar[str] = "intake.protection_set"
    never_waits: ClassVar[bool] = True

    protection: UUID
    member: UUID
    kind: str
    ends_on: date | None = None


class ProtectionEnded(HouseholdEvent):
    """A protection was ended by a person; it never ends by itself."""

    type: ClassVar[str] = "intake.protection_ended"

    protection: UUID
    member: UUID


class AllowListChanged(HouseholdEvent):
    """Who may know where a protected household is has changed; said whole, for as long as a protection runs."""

    type: ClassVar[str] = "intake.allow_list_changed"

    posts: tuple[UUID, ...]
    """Those on the allow-list who answer for its area, caseworkers among them: protection takes nothing from them. Who
    else stands there is there by a part in the case, which the case itself knows."""


class ProtectionRenewed(HouseholdEvent):
    """The office has granted the measure anew, until ``ends_on``."""

    type: ClassVar[str] = "intake.protection_renewed"

    protection: UUID
    member: UUID
    ends_on: date


class ProtectionDue(HouseholdEvent):
    """A measure runs out in ``days_left`` days (60, 30, 7), or has run out (negative). It protects all the same."""

    type: ClassVar[str] = "intake.protection_due"

    protection: UUID
    member: UUID
    ends_on: date
    days_left: int
    posts: tuple[UUID, ...] = ()
    """Who set the protections of the household."""


class GlassAsked(HouseholdEvent):
    """A post not on the allow-list asks to see a protected household (緊急の開示); ``post`` is to approve."""

    type: ClassVar[str] = "intake.glass_asked"

    glass: UUID
    asked_by: UUID
    post: UUID


class GlassAnswered(HouseholdEvent):
    """A second person has answered; approved, the household is open to the asker until ``ends_at``."""

    type: ClassVar[str] = "intake.glass_answered"

    glass: UUID
    answer: Literal["approved", "declined"]
    answered_by: UUID
    ends_at: datetime | None = None
    posts: tuple[UUID, ...] = ()
    """Who asked, and when it was approved who set the protections."""


class HouseholdErased(HouseholdEvent):
    """Its retention period is over and disposal was approved: erase everything held about it."""

    type: ClassVar[str] = "intake.household_erased"
    never_waits: ClassVar[bool] = True
