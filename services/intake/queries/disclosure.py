"""What intake holds about a household, for the file of one of its members.

A protection of anybody else is no part of it, nor is where somebody is who is kept apart from the one who asks: not
even whether there is such a thing is told (存否応答拒否, 個人情報保護法81条).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from services.intake.queries.household import read_household
from services.intake.reasons import said_of_birth, sentence_maker, short_name
from services.intake.rules.disclosure import third_member
from services.intake.rules.reasons import Reason
from services.intake.tables import HouseholdLink, Protection
from services.intake.traits import answers_in_words
from shared.disclosure import Export, Part, say
from shared.i18n import N_, current_locale, gettext

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.intake.queries.household import HouseholdView
    from services.intake.tables import Consent, Consultation, Member, TypeFinding
    from shared.codes import Codes
    from shared.disclosure import Said
    from shared.disclosure.parts import Whose
    from shared.identity import Actor

_FINDING_ANSWERS = {"confirmed": N_("確かめた"), "rejected": N_("ちがうと答えた")}
_SAME, _RELATED = N_("同じ世帯"), N_("同じ家族")
_CONSENT_LEFT_OUT = frozenset(
    {"id", "household_id", "member_id", "recorded_at", "purpose", "replaces_id", "reminded", "confirmed_at"}
)
_CONSENT_LISTS = {
    "state": "CONSENT_STATE",
    "purposes": "CONSENT_PURPOSE",
    "items": "CONSENT_ITEM",
    "method": "CONSENT_METHOD",
    "said_first": "CONSENT_STATE",
    "representative_relation": "REPRESENTATIVE_RELATION",
    "representative_ground": "REPRESENTATIVE_GROUND",
    "end_reason": "CONSENT_END",
    "end_channel": "CHANNEL",
}
_CONSENT_FIELDS = {
    "purposes": "purpose",
    "withdrawn_at": "withdrawn",
    "end_words": "withdrawal",
    "end_reason": "reason",
    "end_channel": "way",
    "end_said_on": "said_on",
    "representative_name": "guardian",
    "representative_relation": "relation",
    "representative_ground": "basis",
    "said_first": "said_before",
}
_REPRESENTATIVE = "representative_name"
"""What a column is called in the file, where it is not called like the field."""


async def collect_own_parts(
    session: AsyncSession, codes: Codes, actor: Actor, household: UUID, member: Member
) -> tuple[Export, HouseholdView]:
    """The parts about the household as far as they belong into the file of ``member``, and the household.

    Of a household that is split for view it is the side on which the member stands.
    """
    asker = member.id
    view = await read_household(session, actor, household, side="apart" if member.apart else "home", for_file=True)
    writer = _Writer(view, codes, asker)
    hidden = await session.scalar(
        select(Protection.id)
        .where(Protection.household_id == household, Protection.ended_at.is_(None), Protection.member_id != asker)
        .limit(1)
    )
    parts = [writer.home(with_place=hidden is None or bool(view.side))]
    parts += [writer.member(one.row) for one in view.members]
    parts += [writer.consultation(one) for one in view.consultations]
    parts += [writer.finding(one) for one in view.findings]
    parts += [writer.consent(one) for one in view.consents]
    parts += [writer.protection(one) for one in view.protections if one.member_id == asker]
    if hidden is None:
        linked = select(HouseholdLink).where(
            or_(HouseholdLink.first_id == household, HouseholdLink.second_id == household),
            HouseholdLink.state == "linked",
        )
        parts += [writer.link(one) for one in await session.scalars(linked.order_by(HouseholdLink.decided_at))]
    return Export(service="intake", parts=parts, accesses=[]), view


class _Writer:
    """Puts rows into parts, in the language of the request."""

    def __init__(self, view: HouseholdView, codes: Codes, asker: UUID) -> None:
        self._view, self._codes, self._asker, self._locale = view, codes, asker, current_locale()
        self._say = sentence_maker(view, codes, self._locale)

    def _word(self, name: str, code: str | None) -> str:
        return "" if code in {None, "unknown"} else self._codes.label(name, code, self._locale)

    def _words(self, name: str, chosen: list[str]) -> list[str]:
        return [self._word(name, code) for code in chosen]

    def _answers(self, traits: dict[str, Any]) -> list[str]:
        people = {
            str(one.row.id): short_name(one.row.name, self._word("RELATION", one.row.relation))
            for one in self._view.members
        }
        return answers_in_words(traits, self._codes, self._locale, people)

    def home(self, *, with_place: bool) -> Part:
        home = self._view.home
        where = (
            say("address", " ".join(one for one in (home.address, home.room) if one)), say("phone", home.phone),
            say("area", [self._word("AREA", home.area), self._word("DISTRICT", home.district)] if home.area else ""),
            say("mesh", home.mesh),
        ) if with_place else ()  # fmt: skip
        return _part(
            "home", home.id, None, None, *where,
            say("number", home.number), say("dwelling", self._word("DWELLING", home.dwelling)),
            say("answers", self._answers(home.traits)),
        )  # fmt: skip

    def member(self, row: Member) -> Part:
        other = third_member(row.id, self._asker)
        whose: Whose = "member" if other else ""
        told: tuple[tuple[str, object], ...] = (
            ("name", row.name), ("kana", row.kana), ("sex", self._word("SEX", row.sex)),
            ("birth", row.birth_said or said_of_birth(row, self._locale)), ("phone", row.phone),
            ("work", self._word("WORK", row.work)), ("care", self._word("CARE", row.care)),
            ("dementia", self._word("DEMENTIA_DIAGNOSIS", row.dementia_diagnosis)),
            ("dementia", self._word("DEMENTIA_LEVEL", row.dementia_level)),
            ("disability", self._words("DISABILITY", row.disability)), ("marital", self._word("MARITAL", row.marital)),
            ("coresident", self._word("CORESIDENT", row.coresident)), ("met", row.met_on),
            ("left", "" if row.left_reason == "none" else self._word("LEAVE_REASON", row.left_reason)),
            ("answers", self._answers(row.traits)),
        )  # fmt: skip
        said = [say(name, text, whose, row.id) for name, text in told]
        position = say("position", self._word("RELATION", row.relation))
        return _part("other_member" if other else "person", row.id, None, None, position, *said, member=row.id)

    def consultation(self, row: Consultation) -> Part:
        whose: Whose = "" if row.caller_relation == "self" else "caller"
        return _part(
            "consultation", row.id, row.occurred_at, row.received_by,
            say("channel", self._word("CHANNEL", row.channel)), say("caller", row.caller_name, whose),
            say("caller_relation", self._word("CALLER_RELATION", row.caller_relation), whose),
            say("phone", row.caller_phone, whose), say("worries", self._words("WORRY", row.worries)),
            say("words", row.words), say("safety", self._words("SAFETY_FLAG", row.safety_flags)),
            say("avoid", row.avoid), say("urgency", row.urgency), say("result", self._word("SCREENING", row.result)),
            say("reason", row.result_reason), agency=row.agency,
        )  # fmt: skip

    def finding(self, row: TypeFinding) -> Part:
        return _part(
            "finding", row.code, row.found_at, row.answered_by,
            say("kind", self._word("TYPE", row.code)), say("verdict", self._word("VERDICT", row.verdict)),
            say("reasons", [self._say(Reason.from_json(one)) for one in row.reasons]),
            say("answer", gettext(_FINDING_ANSWERS.get(row.answer or "", ""))), say("reason", row.answer_reason),
        )  # fmt: skip

    def consent(self, row: Consent) -> Part:
        whose: Whose = "member" if third_member(row.member_id, self._asker) else ""
        told = []
        for name in row.__table__.columns.keys():  # noqa: SIM118 - a column collection is no dict
            if name in _CONSENT_LEFT_OUT or (name.endswith("_by") and name != "confirm_by"):
                continue
            value, codes = getattr(row, name), _CONSENT_LISTS.get(name)
            if isinstance(value, bool):
                value = "○" if value else None
            if codes is not None and value:
                value = self._words(codes, value if isinstance(value, list) else [value])
            of_another: Whose = whose or ("caller" if name == _REPRESENTATIVE else "")
            told.append(say(_CONSENT_FIELDS.get(name, name), value, of_another, row.member_id))
        return _part("consent", row.id, row.recorded_at, row.recorded_by, *told, member=row.member_id)

    def protection(self, row: Protection) -> Part:
        return _part(
            "protection", row.id, row.set_at, row.set_by,
            say("kind", self._word("PROTECTION_KIND", row.kind)), say("reason", row.reason),
            say("starts_on", row.starts_on), say("ends_on", row.ends_on), say("closed", row.end_reason),
            member=row.member_id,
        )  # fmt: skip

    def link(self, row: HouseholdLink) -> Part:
        kind = gettext(_SAME if row.kind == "same" else _RELATED)
        return _part("link", row.id, row.decided_at, row.decided_by, say("kind", kind, "member"))


def _part(
    kind: str,
    identity: object,
    at: object,
    post: UUID | None,
    *said: list[Said],
    member: UUID | None = None,
    agency: str | None = None,
) -> Part:
    return Part(
        service="intake",
        kind=kind,
        id=str(identity),
        at=at,  # type: ignore[arg-type] # checked by the model
        post=post,
        agency=agency or None,
        member=member,
        said=[one for some in said for one in some],
    )
