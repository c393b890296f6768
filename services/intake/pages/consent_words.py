"""Consents put into words for the household's page, their own page and the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.queries.access import WRITING_ROLES
from services.intake.queries.consents import who_knows
from services.intake.rules.consent import ConsentEnd, allows
from services.intake.rules.wording import Piece, paragraphs, with_readings
from shared import clock
from shared.formats import human_time
from shared.i18n import speaking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from services.intake.queries.consents import Agencies, ConsentView, Knows
    from services.intake.tables import Consent
    from shared.codes import Codes

CONSENT_ROLES = WRITING_ROLES | {"outreach_worker", "outreach_lead"}
"""Who asks people for their consent; at the door that is the outreach team."""
_SOON_DAYS = 7


def consents_context(
    consents: Sequence[Consent], named: Mapping[UUID, str], agencies: Agencies, codes: Codes, locale: str
) -> dict[str, Any]:
    """What ``consents.html`` reads. ``named``: how each person is called.

    ``knows``: a line for each person and recipient; ``unsaid``: of whom nothing stands, what was said last;
    ``ended``: what no longer stands, the newest first.
    """
    today = clock.today()
    lines = who_knows(consents, today)
    heard = {line.consent.member_id for line in lines}
    last: dict[UUID, Consent] = {}
    for one in consents:
        last.setdefault(one.member_id, one)
    return {
        "knows": [
            _line(line, named, agencies, codes, locale)
            for line in sorted(lines, key=lambda line: (line.consent.recorded_at, line.recipient))
        ],
        "unsaid": [_summary(one, named, codes, locale) for member, one in last.items() if member not in heard],
        "ended": [_summary(one, named, codes, locale) for one in consents if one.withdrawn_at is not None],
    }


def _line(line: Knows, named: Mapping[UUID, str], agencies: Agencies, codes: Codes, locale: str) -> dict[str, Any]:
    consent = line.consent
    return {
        "consent": consent,
        "person": named.get(consent.member_id, ""),
        "recipient": recipient_words(line.recipient, agencies, codes, locale),
        "items": items_of(consent.items, codes, locale),
        "purposes": [codes.label("CONSENT_PURPOSE", one, locale) for one in consent.purposes],
        "until": line.until,
        "oral": consent.confirm_by is not None,
        "soon": line.until is not None and (line.until - clock.today()).days <= _SOON_DAYS,
        "here": not agencies.here.isdisjoint(agencies.of(line.recipient)),
    }


def _summary(consent: Consent, named: Mapping[UUID, str], codes: Codes, locale: str) -> dict[str, Any]:
    ended = consent.withdrawn_at is not None
    return {
        "consent": consent,
        "person": named.get(consent.member_id, ""),
        "state": codes.label("CONSENT_STATE", "withdrawn" if ended else consent.state, locale),
        "why": codes.label("CONSENT_END", consent.end_reason, locale) if ended else "",
        "tone": "warn" if ended or consent.state == "refused" else "",
    }


def recipient_words(recipient: str, agencies: Agencies, codes: Codes, locale: str) -> dict[str, Any]:
    """A recipient: an agency (whose name casework fills in) or all agencies of a kind."""
    of_kind = recipient not in agencies.kinds and recipient in codes["AGENCY_KIND"]
    return {
        "code": recipient,
        "of_kind": of_kind,
        "kind": codes.label("AGENCY_KIND", recipient if of_kind else agencies.kinds.get(recipient), locale),
    }


def items_of(items: Iterable[str], codes: Codes, locale: str) -> list[tuple[str, bool]]:
    """(words, whether it is specially protected: 要配慮個人情報)."""
    known = codes["CONSENT_ITEM"]
    return [
        (codes.label("CONSENT_ITEM", one, locale), one in known and bool(known[one].attributes.get("sensitive")))
        for one in items
    ]


def consent_words(view: ConsentView, codes: Codes, locale: str) -> dict[str, Any]:
    """What ``consent.html`` reads beside the view itself."""
    consent = view.consent
    ended = consent.withdrawn_at is not None
    return {
        "state": codes.label("CONSENT_STATE", "withdrawn" if ended else consent.state, locale),
        "end": codes.label("CONSENT_END", consent.end_reason, locale),
        "recipients": [
            recipient_words(one, view.agencies, codes, locale)
            | {"here": sorted(view.agencies.here.intersection(view.agencies.of(one)))}
            for one in consent.recipients
        ],
        "items": items_of(consent.items, codes, locale),
        "purposes": [codes.label("CONSENT_PURPOSE", one, locale) for one in consent.purposes],
        "stops": [
            {
                "recipient": recipient_words(recipient, view.agencies, codes, locale),
                "items": items_of(sorted(items), codes, locale),
                "here": not view.agencies.here.isdisjoint(view.agencies.of(recipient)),
            }
            for recipient, items in view.stops
        ],
        "may_confirm": not ended
        and consent.state in {"oral", "considering"}
        and bool(consent.recipients and consent.purposes),
        "may_withdraw": not ended and allows(consent.state),
        "may_renew": allows(consent.state) and (not ended or consent.end_reason != ConsentEnd.REPLACED),
    }


def paper_words(view: ConsentView, wording: Mapping[str, str], codes: Codes, variant: str) -> dict[str, Any]:
    """What ``consent_paper.html`` reads: every text as pieces with their readings, in one of the three variants."""
    consent = view.consent
    locale = "en" if variant == "en" else "ja"

    def say(name: str, code: str | None) -> list[Piece]:
        entry = codes[name].get(code or "")
        plain = entry.attributes.get("plain") if entry and variant == "plain" else None
        return with_readings(str(plain or codes.label(name, code, locale)))

    known = codes["CONSENT_ITEM"]
    with speaking(locale):
        days = {
            name: human_time(day, "both") if day is not None else ""
            for name, day in (
                ("ends_on", consent.ends_on),
                ("confirm_by", consent.confirm_by),
                ("explained_on", consent.explained_on),
            )
        }
    return {
        "wording": {part: [with_readings(one) for one in paragraphs(text)] for part, text in wording.items()},
        "purposes": [say("CONSENT_PURPOSE", one) for one in consent.purposes],
        "items": [
            (say("CONSENT_ITEM", one), one in known and bool(known[one].attributes.get("sensitive")))
            for one in consent.items
        ],
        "recipients": [
            {
                **recipient_words(one, view.agencies, codes, locale),
                "words": say("AGENCY_KIND", view.agencies.kinds.get(one, one)),
            }
            for one in consent.recipients
        ],
        "days": days,
        "contact": say("CONSENT_PAPER", "contact"),
        "controller": say("CONSENT_PAPER", "controller"),
        "relation": say("REPRESENTATIVE_RELATION", consent.representative_relation),
        "method": say("CONSENT_METHOD", consent.method),
    }
