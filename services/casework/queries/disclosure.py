"""What casework holds about a household, for a disclosure request (開示請求): everything, whatever its level.

Minutes and materials of a support council are secret (社会福祉法106条の6第5項): that they exist is listed, with the
ground.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.casework.queries.access import NOT_HERE, showing, viewer_of
from services.casework.queries.directory import Directory
from services.casework.tables import (
    Case,
    Disclosure,
    Entry,
    Handover,
    Happening,
    Invitation,
    Meeting,
    MeetingMaterial,
    Plan,
    PlanLine,
    Task,
    VisitRequest,
)
from shared.disclosure import Export, Part, PostTitle, say
from shared.errors import Missing
from shared.i18n import N_, current_locale, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.codes import Codes
    from shared.disclosure import Said
    from shared.identity import Actor
    from shared.service import Service

DELIBERATION = "78_1_6"
"""審議、検討又は協議に関する情報 (個人情報保護法78条1項6号)."""


async def collect_parts(session: AsyncSession, here: Service, actor: Actor, household: UUID) -> Export:
    """Parts of every case of the household; Missing when the actor may not know of one: a file is whole or is none."""
    cases = list(await session.scalars(select(Case).where(Case.household == household).order_by(Case.opened_at)))
    known = showing(await viewer_of(session, actor), "row")
    seen = set(await session.scalars(select(Case.id).where(Case.household == household, known)))
    if {case.id for case in cases} - seen:
        raise Missing(NOT_HERE)
    directory = await Directory.load(session)
    writer = _Writer(here.codes, directory)
    parts = [writer.case(case) for case in cases]
    ids = [case.id for case in cases]
    for table, order, write in (
        (Invitation, Invitation.asked_at, writer.invitation),
        (Meeting, Meeting.starts_at, writer.meeting),
        (Task, Task.assigned_at, writer.task),
        (Entry, Entry.occurred_at, writer.entry),
        (VisitRequest, VisitRequest.requested_at, writer.visit_request),
        (Happening, Happening.at, writer.happening),
        (Handover, Handover.at, writer.handover),
        (MeetingMaterial, MeetingMaterial.laid_at, writer.material),
    ):
        parts += await _written(session, table, order, ids, write)
    plans = list(await session.scalars(select(Plan).where(Plan.case_id.in_(ids)).order_by(Plan.drafted_at)))
    lines: dict[UUID, list[PlanLine]] = {}
    of_plans = select(PlanLine).where(PlanLine.plan.in_([plan.id for plan in plans]))
    for line in await session.scalars(of_plans.order_by(PlanLine.position)):
        lines.setdefault(line.plan, []).append(line)
    parts += [writer.plan(plan, lines.get(plan.id, [])) for plan in plans]
    shares = select(Disclosure).where(Disclosure.household == household).order_by(Disclosure.at, Disclosure.id)
    parts += [writer.share(one) for one in await session.scalars(shares)]
    english = current_locale() == "en"
    posts = {
        post: PostTitle(title=one.title_en if english else one.title_ja, agency=one.agency, name=one.name)
        for post, one in directory.posts.items()
    }
    return Export(service="casework", parts=parts, accesses=[], posts=posts)


async def _written(
    session: AsyncSession, table: Any, order: Any, cases: Iterable[UUID], write: Callable[[Any], Part]
) -> list[Part]:
    rows = await session.scalars(select(table).where(table.case_id.in_(list(cases))).order_by(order, table.id))
    return [write(row) for row in rows]


def _states(words: Mapping[str, str]) -> Callable[[str], str]:
    """Words for states, in the language of the request."""
    return lambda state: gettext(words.get(state, state))


invitation_word = _states(
    {
        "asked": N_("依頼中"), "discuss": N_("相談したい"), "accepted": N_("受理"), "acting": N_("対応中"),
        "returned": N_("差戻し"), "left": N_("終了"), "withdrawn": N_("取り消した"),
    }
)  # fmt: skip
meeting_word = _states({"called": N_("予定"), "held": N_("開いた"), "cancelled": N_("取りやめ")})
plan_word = _states({"draft": N_("案"), "decided": N_("決定"), "evaluated": N_("評価ずみ")})
request_word = _states(
    {
        "asked": N_("依頼中"), "assigned": N_("訪問する人が決まった"), "visited": N_("訪問した"), "ended": N_("終了"),
        "cancelled": N_("取りやめ"),
    }
)  # fmt: skip


class _Writer:
    """Puts rows into parts, in the language of the request."""

    def __init__(self, codes: Codes, directory: Directory) -> None:
        self._codes, self._directory, self._locale = codes, directory, current_locale()

    def _word(self, name: str, code: str | None) -> str:
        return self._codes.label(name, code, self._locale)

    def _words(self, name: str, chosen: Iterable[str]) -> list[str]:
        return [self._word(name, code) for code in chosen]

    def _agency(self, name: str, code: str | None) -> list[Said]:
        return say(name, self._directory.agency(code))

    def case(self, row: Case) -> Part:
        return _part(
            "case", row.id, row.opened_at, row.owner,
            say("number", row.number), say("state", self._word("CASE_STATE", row.state)),
            say("urgency", self._word("URGENCY", row.urgency)), self._agency("lead", row.lead),
            say("owner", self._directory.title(row.owner)), say("trust", row.trust_stage or None),
            say("share_track", self._word("SHARE_TRACK", row.share_track)),
            say("closed", self._word("CLOSE_REASON", row.close_reason)), say("reason", row.close_note),
        )  # fmt: skip

    def invitation(self, row: Invitation) -> Part:
        return _part(
            "invitation", row.id, row.asked_at, row.invited_by,
            self._agency("agency", row.agency), say("question", row.question),
            say("basis", self._word("BASIS", row.basis)),
            say("reason", self._word("SHARE_REASON", row.reason)), say("ground_words", row.note),
            say("items", self._words("CONSENT_ITEM", row.items)), say("state", invitation_word(row.state)),
            say("answer", self._word("RETURN_REASON", row.answer_reason)), say("answer_words", row.answer_text),
            say("left", self._word("AGENCY_LEAVE", row.end_reason)),
        )  # fmt: skip

    def meeting(self, row: Meeting) -> Part:
        return _part(
            "meeting", row.id, row.starts_at, row.called_by,
            say("kind", self._word("MEETING_KIND", row.kind)), say("basis", self._word("BASIS", row.basis)),
            say("state", meeting_word(row.state)),
            say("members", [self._directory.agency(code) for code in row.agencies]),
            withheld=DELIBERATION if row.minutes or row.place else "",
        )  # fmt: skip

    def material(self, row: MeetingMaterial) -> Part:
        return _part(
            "material", row.id, row.laid_at, row.post, self._agency("agency", row.agency), withheld=DELIBERATION
        )

    def share(self, row: Disclosure) -> Part:
        return _part(
            "share", row.id, row.at, row.decided_by,
            say("way", self._word("DISCLOSURE_WAY", row.way)), say("basis", self._word("BASIS", row.basis)),
            say("reason", self._word("SHARE_REASON", row.reason)), say("items", self._words("CONSENT_ITEM", row.items)),
            say("recipients", [self._directory.agency(code) for code in row.agencies]), say("ends_on", row.ended_at),
        )  # fmt: skip

    def task(self, row: Task) -> Part:
        return _part(
            "task", row.id, row.assigned_at, row.assigned_by,
            say("title", row.title), self._agency("agency", row.agency), say("due_on", row.due_on),
            say("state", self._word("TASK_STATE", row.state)),
        )  # fmt: skip

    def plan(self, row: Plan, lines: Iterable[PlanLine]) -> Part:
        return _part(
            "plan", row.id, row.drafted_at, row.drafted_by,
            say("number", row.plan_no), say("state", plan_word(row.state)), say("goal", row.goal),
            say("goal_by", row.goal_by),
            say("starts_on", row.starts_on), say("ends_on", row.ends_on),
            *(say("line", self._line(line)) for line in lines),
            say("document", row.document), say("result", self._word("ATTAINMENT", row.attainment)),
            say("evaluation", row.evaluation), say("next_step", self._word("NEXT_POLICY", row.next_policy)),
        )  # fmt: skip

    def _line(self, line: PlanLine) -> str:
        told = (line.what, self._directory.agency(line.agency), line.who, line.family_does, line.frequency)
        return " / ".join(one for one in told if one)

    def entry(self, row: Entry) -> Part:
        return _part(
            "entry", row.id, row.occurred_at, row.author,
            say("kind", self._word("ENTRY_KIND", row.kind)), say("channel", self._word("CHANNEL", row.channel)),
            say("with_whom", self._words("WITH_WHOM", row.with_whom)), say("facts", row.facts),
            say("person_words", row.words), say("judgement", row.judgement), say("next_step", row.next_step),
            say("corrected", row.correction_reason),
        )  # fmt: skip

    def visit_request(self, row: VisitRequest) -> Part:
        return _part(
            "visit_request", row.id, row.requested_at, row.requested_by,
            say("aim", row.aim), say("purpose", self._word("VISIT_PURPOSE", row.purpose)), say("due_on", row.due_on),
            say("safety", self._words("SAFETY_FLAG", row.safety_flags)), say("state", request_word(row.state)),
        )  # fmt: skip

    def happening(self, row: Happening) -> Part:
        return _part(
            "happening", row.id, row.at, row.post,
            say("what", self._word("HAPPENING", row.what)), self._agency("agency", row.agency),
        )  # fmt: skip

    def handover(self, row: Handover) -> Part:
        return _part(
            "handover", row.id, row.at, row.before,
            say("owner", self._directory.title(row.after)), say("confirm_by", row.acknowledged_at),
        )  # fmt: skip


def _part(kind: str, identity: UUID, at: Any, post: UUID | None, *said: list[Said], withheld: str = "") -> Part:
    return Part(
        service="casework",
        kind=kind,
        id=str(identity),
        at=at,
        post=post,
        withheld=withheld,
        said=[one for some in said for one in some],
    )
