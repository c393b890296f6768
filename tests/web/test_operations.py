"""What a service says to Prometheus, and that dashboard, alert rules and paper speak of the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from shared import clock
from shared.operations import Recent
from shared.operations.metrics import GAUGES

if TYPE_CHECKING:
    from tests.web.conftest import House

DOCS = Path(__file__).parents[2] / "docs"
_NAME = re.compile(r"\bkasane_[a-z_]+")
_ROW = re.compile(r"^\| `(kasane_[a-z_]+)`", re.MULTILINE)


async def families(house: House) -> dict[str, Any]:
    """Every family of a real answer, by the name of its samples."""
    await house.client.get("/casework/health")
    answer = await house.client.get("/casework/metrics")
    assert answer.status_code == 200
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(answer.text):
        found |= dict.fromkeys({family.name, *(sample.name for sample in family.samples)}, family)
    return found


def expressions() -> dict[str, str]:
    """Every expression of the dashboard and of the alert rules, by where it stands."""
    dashboard = json.loads((DOCS / "monitoring" / "dashboard.json").read_text(encoding="utf-8"))
    rules = yaml.safe_load((DOCS / "monitoring" / "alerts.yml").read_text(encoding="utf-8"))
    found = {f"{p['title']} {t['refId']}": t["expr"] for p in dashboard["panels"] for t in p["targets"]}
    return found | {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}


async def test_what_dashboard_and_alerts_ask_for_is_there(house: House) -> None:
    there = await families(house)
    asked = expressions()
    assert len(asked) > 30
    lost = {
        place: names - set(there) for place, said in asked.items() if (names := set(_NAME.findall(said))) - set(there)
    }
    assert not lost
    spoken_of = {name for said in asked.values() for name in _NAME.findall(said)}
    unseen = {gauge.name for gauge in GAUGES} - spoken_of
    assert unseen <= {"kasane_reader_position", "kasane_relay_leading", "kasane_feed_reader_position"}


async def test_the_paper_lists_every_metric(house: House) -> None:
    told = set(_ROW.findall((DOCS / "operations.md").read_text(encoding="utf-8")))
    there = {name for name in (family.name for family in (await families(house)).values()) if "_created" not in name}
    assert {name.removesuffix("_total") for name in told} == there


async def test_the_metrics_follow_what_happens_and_name_nobody(house: House) -> None:
    house.sign_in()
    await house.client.post("/casework/api/notes", json={"line": "大槻トシ子"})
    household = clock.new_id()
    async with house.service.db.transaction() as session:
        await session.execute(
            text("""
                INSERT INTO parked (source, epoch, position, event_id, type, version, subjects, envelope, state,
                                    error_class, sqlstate)
                VALUES ('intake', 'e', 1, :event, 'intake.household_changed', 1, ARRAY[:household], '{}', 'parked',
                        'UniqueViolationError', '23505')
            """),
            {"event": clock.new_id(), "household": str(household)},
        )
        await session.execute(text("INSERT INTO cursor (source) VALUES ('intake') ON CONFLICT DO NOTHING"))
    house.service.operations.forget()
    found = await families(house)
    assert found["kasane_parked_subjects"].samples[0].value == 1
    parked = {
        s.labels["state"]: s.value for s in found["kasane_parked_events"].samples if s.labels["source"] == "intake"
    }
    assert parked == {"parked": 1, "behind": 0}
    assert found["kasane_log_head"].samples[0].value == 1
    assert found["kasane_log_events_per_minute"].samples[0].value > 0
    answer = (await house.client.get("/casework/metrics")).text
    assert "大槻" not in answer
    assert str(household) not in answer
    assert str(house.actor.post) not in answer


async def test_without_a_database_the_metrics_still_say_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> Any:
        raise OSError

    monkeypatch.setattr(house.service, "operations", Recent(away))
    found = await families(house)
    assert found["kasane_database_up"].samples[0].value == 0
    assert found["kasane_log_head"].samples == []


async def test_only_operators_and_managers_look(house: House) -> None:
    for role, status in (("operator", 200), ("manager", 200), ("coordinator", 403), ("caseworker", 403)):
        house.sign_in(replace(house.actor, role=role))
        for path in ("api/operations", "fragments/operations", "fragments/heartbeat"):
            assert (await house.client.get(f"/casework/{path}")).status_code == status, (role, path)
        for deed in ("retry", "skip"):
            answer = await house.client.post(f"/casework/operations/parked/7/{deed}", data={})
            assert answer.status_code == (404 if role == "operator" else 403), (role, deed)


async def test_many_who_ask_are_told_the_same_answer() -> None:
    asked = 0

    async def read() -> int:
        nonlocal asked
        asked += 1
        return asked

    recent = Recent(read, seconds=3600)
    assert [await recent.get(), await recent.get()] == [1, 1]
    recent.forget()
    assert await recent.get() == 2
