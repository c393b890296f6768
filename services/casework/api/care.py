"""Entries, tasks, meetings, plans and visit requests over JSON."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.casework.actions import entries, meetings, plans, visits
from services.casework.api.changing import Changed, change
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
from shared.identity import CurrentActor
from shared.service import Here, IdempotencyKeyHeader

router = APIRouter(prefix="/api", tags=["care"])


@router.post("/cases/{case_id}/entries")
async def write_entry(
    case_id: UUID, body: WriteEntry, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Write a progress entry."""
    _, changed = await change(
        here, actor, lambda s: entries.write_entry(s, actor, case_id, body),
        key=key, what=f"entry/{case_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/entries/{entry_id}/fix")
async def fix_entry(entry_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> Changed:
    """確定: the writer stands by it."""
    _, changed = await change(
        here, actor, lambda s: entries.fix_entry(s, actor, entry_id), key=key, what=f"fix/{entry_id}"
    )
    return changed


@router.post("/entries/{entry_id}/correct")
async def correct_entry(
    entry_id: UUID, body: CorrectEntry, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Put a corrected version beside a fixed entry."""
    _, changed = await change(
        here, actor, lambda s: entries.correct_entry(s, actor, entry_id, body),
        key=key, what=f"correct/{entry_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/cases/{case_id}/visit-requests")
async def request_visit(
    case_id: UUID, body: RequestVisit, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Ask outreach for a visit."""
    _, changed = await change(
        here, actor, lambda s: visits.request_visit(s, actor, case_id, body),
        key=key, what=f"visit/{case_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/visit-requests/{request_id}/cancel")
async def cancel_visit(
    request_id: UUID, body: CancelVisitRequest, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Take a visit request back."""
    _, changed = await change(
        here, actor, lambda s: visits.cancel_visit_request(s, actor, request_id, body),
        key=key, what=f"cancel/{request_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/cases/{case_id}/tasks")
async def assign_task(
    case_id: UUID, body: AssignTask, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Give somebody something to do."""
    _, changed = await change(
        here, actor, lambda s: meetings.assign_task(s, actor, case_id, body),
        key=key, what=f"task/{case_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/tasks/{task_id}/move")
async def move_task(
    task_id: UUID, body: EndTask, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Begin, finish or drop a task."""
    _, changed = await change(
        here, actor, lambda s: meetings.move_task(s, actor, task_id, body.state),
        key=key, what=f"move/{task_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/cases/{case_id}/meetings")
async def call_meeting(
    case_id: UUID, body: CallMeeting, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Call a meeting."""
    _, changed = await change(
        here, actor, lambda s: meetings.call_meeting(s, actor, case_id, body),
        key=key, what=f"meeting/{case_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/meetings/{meeting_id}/held")
async def hold_meeting(
    meeting_id: UUID, body: HoldMeeting, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Record what a meeting decided; each decision becomes a task."""
    _, changed = await change(
        here, actor, lambda s: meetings.hold_meeting(s, actor, meeting_id, body),
        key=key, what=f"held/{meeting_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/cases/{case_id}/plans")
async def draft_plan(
    case_id: UUID, body: DraftPlan, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """Write a plan."""
    _, changed = await change(
        here, actor, lambda s: plans.draft_plan(s, actor, case_id, body), key=key, what=f"plan/{case_id}", body=body
    )
    return changed


@router.post("/plans/{plan_id}/decide")
async def decide_plan(
    plan_id: UUID, body: DecidePlan, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """支援決定."""
    _, changed = await change(
        here, actor, lambda s: plans.decide_plan(s, actor, plan_id, body),
        key=key, what=f"decide/{plan_id}", body=body,
    )  # fmt: skip
    return changed


@router.post("/plans/{plan_id}/review")
async def review_plan(plan_id: UUID, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader) -> Changed:
    """モニタリング: the plan was looked at."""
    _, changed = await change(
        here, actor, lambda s: plans.review_plan(s, actor, plan_id), key=key, what=f"review/{plan_id}"
    )
    return changed


@router.post("/plans/{plan_id}/evaluate")
async def evaluate_plan(
    plan_id: UUID, body: EvaluatePlan, here: Here, actor: CurrentActor, key: IdempotencyKeyHeader
) -> Changed:
    """評価."""
    _, changed = await change(
        here, actor, lambda s: plans.evaluate_plan(s, actor, plan_id, body),
        key=key, what=f"evaluate/{plan_id}", body=body,
    )  # fmt: skip
    return changed
