"""What a saved consultation answers, and who is told of it: roles and offices, never a name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from services.intake.actions.registration import Registered


def received_answer(made: Registered) -> dict[str, Any]:
    """Ids and codes of what came of a consultation; it is kept for a repetition of the request."""
    consultation = made.consultation
    if consultation is None:
        msg = "a received consultation has a row"
        raise ValueError(msg)
    return {
        "household": str(made.household.id),
        "consultation": str(consultation.id),
        "number": made.household.number,
        "types": [
            {"code": result.code, "verdict": result.verdict} for result in made.results if result.verdict != "no"
        ],
        "urgency_proposed": consultation.urgency_proposed,
        "urgency": consultation.urgency,
        "first_contact_due": _moment(consultation.first_contact_due),
        "sight_check_due": _moment(consultation.sight_check_due),
    }


_NOW, _TODAY = N_("いますぐ"), N_("きょう中")
_INBOX = N_("画面の通知。期限までに読まれなければ、上の職へ回ります")


def recipients_of(urgency: str, *, abuse: bool, locale: str) -> list[dict[str, Any]]:
    """Who is told when a consultation of this urgency is saved, for the part ``recipients`` of the pages.

    The same as the notification rules of notify say; names and addresses are never in it.
    """

    def told(when: str, what: str, how: str = _INBOX, *, now: bool = False) -> dict[str, Any]:
        return {"when": gettext(when, locale), "what": gettext(what, locale), "how": gettext(how, locale), "now": now}

    lines = []
    if abuse:
        lines.append(told(_NOW, N_("担当・当番の調整役・管理職 — 48時間以内に目で見て確かめる時計"), now=True))
    if urgency == "A":
        lines.append(told(_NOW, N_("当番の調整役と管理職 — 緊急度 A。きょうのうちに動く人を決める"), now=True))
    else:
        lines.append(told(_TODAY, N_("圏域の当番の調整役 — 緊急度と、はじめて会う期限")))
    lines.append(
        told(
            _TODAY,
            N_("支援ケースの担当 — ケースの番号、困りごと、類型、安全フラグ"),
            N_("支援ケースの画面。世帯の名前は、見る権限のある人にだけ出ます"),
        )
    )
    return lines


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
