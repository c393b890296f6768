"""A consultation as the browser sends it, and how the tests of the pages send forms."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

import httpx

from services.intake.tests.conftest import House

FORM: dict[str, object] = {
    "idempotency_key": "k1",
    "channel": "phone",
    "caller_relation": "neighbour",
    "words": "息子さんが外に出ていない。",
    "worries": ["withdrawal", "income"],
    "main_worry": "withdrawal",
    "district": "sakuradai",
    "address": "桜台二丁目3番4号",
    "urgency": "B",
    "members.0.relation": "mother",
    "members.0.name": "大槻 トシ子",
    "members.0.birth_mode": "era",
    "members.0.birth": "S17.3.3",
    "members.0.coresident": "yes",
    "members.2.relation": "eldest_son",
    "members.2.birth_mode": "age",
    "members.2.birth": "56",
    "members.2.work": "not_working",
    "members.2.coresident": "yes",
    "members.3.relation": "unknown",
    "members.3.birth_mode": "era",
}
HTML = {"accept": "text/html"}


async def send(house: House, path: str, form: Mapping[str, object]) -> httpx.Response:
    return await house.client.post(f"/intake{path}", data=dict(form), headers=HTML)


async def saved(house: House, **more: object) -> UUID:
    answer = await send(house, "/consultations", FORM | {"idempotency_key": uuid4().hex} | more)
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["location"].split("/households/")[1][:36])
