"""Entries, tasks, meetings, plans and visit requests over JSON."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.casework.actions import entries, meetings, plans, visits
from services.casework.api.changing import Changed, Sent
from services.casework.requests import (
    AssignTask,
    CallMeeting,
    CancelVisitRequest,
    CorrectEntry,
    DecidePlan,
    DraftPlan,
    EndTask,
    EvaluatePlan,
    HoldMeeting,
    RequestVisit,
    WriteEntry,
)

router = APIRouter(prefix="/api", tags=["care"])


@router.post("/cases/{case_id}/entries")
async def write_entry(case_id: UUID, body: WriteEntry, sent: Sent) -> Changed:
    """Write a progress entry."""
    return await sent.do("entry", entries.write_entry, case_id, body)


@router.post("/entries/{entry_id}/fix")
async def fix_entry(entry_id: UUID, sent: Sent) -> Changed:
    """確定: the writer stands by it."""
    return await sent.do("fix", entries.fix_entry, entry_id)


@router.post("/entries/{entry_id}/correct")
async def correct_entry(entry_id: UUID, body: CorrectEntry, sent: Sent) -> Changed:
    """Put a corrected version beside a fixed entry."""
    return await sent.do("correct", entries.correct_entry, entry_id, body)


@router.post("/cases/{case_id}/visit-requests")
async def request_visit(case_id: UUID, body: RequestVisit, sent: Sent) -> Changed:
    """Ask outreach for a visit."""
    return await sent.do("visit", visits.request_visit, case_id, body)


@router.post("/visit-requests/{request_id}/cancel")
async def cancel_visit(request_id: UUID, body: CancelVisitRequest, sent: Sent) -> Changed:
    """Take a visit request back."""
    return await sent.do("cancel", visits.cancel_visit_request, request_id, body)


@router.post("/cases/{case_id}/tasks")
async def assign_task(case_id: UUID, body: AssignTask, sent: Sent) -> Changed:
    """Give somebody something to do."""
    return await sent.do("task", meetings.assign_task, case_id, body)


@router.post("/tasks/{task_id}/move")
async def move_task(task_id: UUID, body: EndTask, sent: Sent) -> Changed:
    """Begin, finish or drop a task."""
    return await sent.do("move", meetings.move_task, task_id, body.state, body=body)


@router.post("/cases/{case_id}/meetings")
async def call_meeting(case_id: UUID, body: CallMeeting, sent: Sent) -> Changed:
    """Call a meeting."""
    return await sent.do("meeting", meetings.call_meeting, case_id, body)


@router.post("/meetings/{meeting_id}/held")
async def hold_meeting(meeting_id: UUID, body: HoldMeeting, sent: Sent) -> Changed:
    """Record what a meeting decided; each decision becomes a task."""
    return await sent.do("held", meetings.hold_meeting, meeting_id, body)


@router.post("/cases/{case_id}/plans")
async def draft_plan(case_id: UUID, body: DraftPlan, sent: Sent) -> Changed:
    """Write a plan."""
    return await sent.do("plan", plans.draft_plan, case_id, body)


@router.post("/plans/{plan_id}/decide")
async def decide_plan(plan_id: UUID, body: DecidePlan, sent: Sent) -> Changed:
    """支援決定."""
    return await sent.do("decide", plans.decide_plan, plan_id, body)


@router.post("/plans/{plan_id}/review")
async def review_plan(plan_id: UUID, sent: Sent) -> Changed:
    """モニタリング: the plan was looked at."""
    return await sent.do("review", plans.review_plan, plan_id)


@router.post("/plans/{plan_id}/evaluate")
async def evaluate_plan(plan_id: UUID, body: EvaluatePlan, sent: Sent) -> Changed:
    """評価."""
    return await sent.do("evaluate", plans.evaluate_plan, plan_id, body)
