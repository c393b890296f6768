"""The four APIs against their own descriptions, asked by schemathesis as every role and as a stranger.

What fits the description and what does not is drawn once for each operation and sent by everybody in turn, half of it
about things that exist: nothing may break (5xx), and no answer may be one that the description does not name.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema
from sqlalchemy import text

from services.stack import Stack
from services.story.stage import Person
from services.ward.staff import POST_BY_CODE
from shared.events import SERVICES
from tests.e2e.conftest import StartStack

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.timeout(3600)]

POSTS: Final = (
    "caseworker-n1", "coordinator-1", "lead-n", "worker-n1", "head-hokatsu-n", "manager-1", "operator-1", "auditor-1",
)  # fmt: skip
"""One of each role; a test below sees that none is missing."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES: Final = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
SEED: Final = 4

EXISTING: Final = {
    "intake": {
        "consultation": "consultation", "household": "household", "other": "household", "member": "member",
        "consent": "consent", "protection": "protection",
    },
    "casework": {
        "case_id": "support_case", "invitation_id": "invitation", "entry_id": "entry", "request_id": "visit_request",
        "task_id": "task", "meeting_id": "meeting", "plan_id": "plan",
    },
    "outreach": {"request_id": "visit_request", "visit_id": "visit", "household_id": "household", "leave_id": "leave"},
    "notify": {"notification_id": "notification"},
}  # fmt: skip
"""Parameters of addresses, and the table (with its column, where it is not ``id``) whose rows they name."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody's browser, without cookies."""

    name: str
    session: requests.Session


async def sign_everybody_in(running: Stack) -> dict[str, str]:
    tokens = {}
    for code in POSTS:
        person = Person(POST_BY_CODE[code], running.base_url)
        await person.sign_in()
        tokens[code] = person.http.cookies["kasane_token"]
        await person.http.aclose()
    return tokens


async def existing_ids(running: Stack, service: str) -> dict[str, Iterator[str]]:
    found: dict[str, Iterator[str]] = {}
    async with running.apps[service].state.service.db.read() as session:
        for parameter, place in EXISTING[service].items():
            table, _, column = place.partition(".")
            rows = await session.scalars(text(f"SELECT {column or 'id'} FROM {table} ORDER BY 1 LIMIT 20"))  # noqa: S608 - names from above
            ids = [str(row) for row in rows]
            if ids:
                found[parameter] = itertools.cycle(ids)
    return found


class Examination:
    """One service, asked by everybody; ``wrong`` is what should not have been answered."""

    def __init__(self, app: FastAPI, base_url: str, askers: list[Asker], ids: dict[str, Iterator[str]]) -> None:
        self._service = app.state.service.name
        self._schema: OpenApiSchema = schemathesis.openapi.from_dict(app.openapi())
        self._base_url = f"{base_url}/{self._service}"
        self._askers = askers
        self._ids = ids
        self.wrong: list[str] = []
        self.asked: dict[str, int] = {}

    def run(self) -> None:
        for found in self._schema.get_all_operations():
            operation = found.ok()  # type: ignore[union-attr] # an operation that can't be read has no ok and fails here
            for mode, examples in EXAMPLES.items():
                self._examine(operation, mode, examples)

    def _examine(self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, examples: int) -> None:
        @seed(SEED)
        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            self._ask(case, mode)

        try:
            ask()
        except Unsatisfiable:  # an operation without anything to fill in has nothing that does not fit
            assert mode is GenerationMode.NEGATIVE, operation.label

    def _ask(self, case: Case[Any], mode: GenerationMode) -> None:
        name = f"{case.operation.method.upper()} /{self._service}{case.operation.path}"
        number = self.asked[name] = self.asked.get(name, 0) + 1
        if number % 2 and mode is GenerationMode.POSITIVE:
            for parameter in case.path_parameters or {}:
                if parameter in self._ids:
                    case.path_parameters[parameter] = next(self._ids[parameter])
        for asker in self._askers:
            answer = case.call(base_url=self._base_url, session=asker.session, allow_redirects=False)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as group:
                told = "; ".join(f"{type(one).__name__}: {one}" for one in group.exceptions)
                self.wrong.append(f"{name} as {asker.name} ({mode.value}, {answer.status_code}): {told[:600]}")


def everybody(tokens: dict[str, str]) -> list[Asker]:
    askers = []
    for name, token in {"a stranger": "", **tokens}.items():
        session = requests.Session()
        session.trust_env = False
        if token:
            session.headers["authorization"] = f"Bearer {token}"
        askers.append(Asker(name, session))
    return askers


def test_each_role_asks() -> None:
    assert {POST_BY_CODE[code].role for code in POSTS} == {post.role for post in POST_BY_CODE.values()}


async def test_no_role_breaks_an_api_or_gets_an_answer_that_it_does_not_describe(start_stack: StartStack) -> None:
    async with start_stack(households=6) as running:
        askers = everybody(await sign_everybody_in(running))
        wrong: list[str] = []
        for service in SERVICES:
            ids = await existing_ids(running, service)
            examination = Examination(running.apps[service], running.base_url, askers, ids)
            await asyncio.to_thread(examination.run)
            wrong += examination.wrong
            described = running.apps[service].openapi()["paths"]
            assert len(examination.asked) == sum(len(item) for item in described.values()), "each operation"
        for asker in askers:
            asker.session.close()
    assert not wrong, f"{len(wrong)} answers\n" + "\n".join(wrong)
