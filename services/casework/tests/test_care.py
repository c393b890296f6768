from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text

from services.casework.actions.sweeping import sweep_clocks
from services.casework.handlers import subscriptions
from services.casework.queries import board, home
from services.casework.queries.case import read_case
from services.casework.queries.cases import CaseFilter
from services.casework.tables import Case, Invitation, Notice, VisitRequest
from services.casework.tests.sample import JOBS, NOW, Ward, actor_of
from shared import clock
from shared.events.intake import HouseholdErased, HouseholdsLinked, HouseholdsUnlinked, ProtectionSet
from shared.events.notify import NotificationRead, NotificationSent
from shared.events.outreach import AssignmentAnswered, MemberMet, VisitAssigned, VisitReported
from shared.events.readers import READERS

Client = httpx.AsyncClient
CANARY = "カナリア山本"


async def send(client: Client, ward: Ward, by: str, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"/casework/api/{path}", json=body, headers=ward.headers(by))


async def read(client: Client, ward: Ward, by: str, case: UUID) -> dict[str, Any]:
    found = await client.get(f"/casework/api/cases/{case}", headers=ward.headers(by))
    assert found.status_code == 200, found.text
    return dict(found.json())


async def works_on(client: Client, ward: Ward, case: UUID) -> None:
    """The coordinator takes the case in hand, and sees all of it from then on."""
    asked = await send(client, ward, "coordinator", f"cases/{case}/invitations",
                       agency="seikatsu", question="?", basis="internal_69_2_2")  # fmt: skip
    assert asked.status_code == 200


def test_casework_hears_only_what_its_credential_opens() -> None:
    for source in subscriptions.sources:
        assert subscriptions.types_of(source) <= READERS[source]["casework"]


async def test_a_visit_is_asked_for_made_and_told(client: Client, ward: Ward) -> None:
    case = await ward.open_case(sight_check=True, urgency="A", flags=("abuse_elder", "violence"))
    alone = await send(client, ward, "coordinator", f"cases/{case.id}/visit-requests",
                       aim="会う", purpose="contact", due_on="2026-06-25", persons=1)  # fmt: skip
    assert alone.json()["errors"][0]["field"] == "persons"
    asked = await send(client, ward, "coordinator", f"cases/{case.id}/visit-requests",
                       aim=CANARY, purpose="contact", due_on="2026-06-25", persons=2, slots=["morning"])  # fmt: skip
    (fact,) = await ward.recorded("casework.visit_requested")
    assert (fact["number"], fact["area"], fact["district"]) == (case.number, "n", "kitahara")
    assert fact["safety_flags"] == ["abuse_elder", "violence"]
    request, visit = UUID(asked.json()["id"]), uuid4()
    common: dict[str, Any] = {"household": case.household, "case": case.id, "request": request, "visit": visit}
    worker = JOBS["worker"].id
    hidden = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("worker"))
    assert hidden.status_code == 404
    await ward.hear(VisitAssigned(**common, team="outreach-n", workers=(worker, JOBS["worker-2"].id),
                                  starts_at=NOW, ends_at=NOW, assigned_by=JOBS["lead"].id))  # fmt: skip
    await ward.hear(AssignmentAnswered(**common, worker=worker, answer="accepted"))
    await ward.hear(AssignmentAnswered(**common, worker=JOBS["worker-2"].id, answer="declined"))
    seen = await read(client, ward, "worker", case.id)
    assert seen["visits_made"][0]["workers"] == [str(worker)]
    gone = await client.get(f"/casework/api/cases/{case.id}", headers=ward.headers("worker-2"))
    assert gone.status_code == 404
    shown = await client.get(f"/casework/fragments/visit-requests/{request}", headers=ward.headers("worker"))
    assert CANARY in shown.text
    await ward.hear(VisitReported(**common, result="absent_signs", contact="none", card_left=True, absences=1,
                                  next_on=NOW.date(), workers=(worker,), reported_by=worker), at=NOW)  # fmt: skip
    kinds = [row["kind"] for row in await ward.recorded("casework.clock_stopped")]
    assert kinds == ["visit"]
    met = NOW + timedelta(hours=3)
    with clock.at(met):
        await ward.hear(VisitReported(**common, result="met", contact="met", workers=(worker,), trust_stage=4,
                                      reported_by=worker), at=met)  # fmt: skip
        await ward.hear(MemberMet(**common, member=uuid4()), at=met)
    stopped = {row["kind"]: row["outcome"] for row in await ward.recorded("casework.clock_stopped")}
    assert (stopped["first_contact"], stopped["sight_check"]) == ("met", "met")
    now = await ward.case_of(case.household)
    assert (now.visits, now.absences, now.trust_stage, now.person_met_at) == (1, 0, 4, met)
    async with ward.db.read() as session:
        state = await session.scalar(select(VisitRequest.state).where(VisitRequest.id == request))
    assert state == "ended"


async def test_a_visit_request_is_taken_back(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    asked = await send(client, ward, "caseworker-n", f"cases/{case.id}/visit-requests",
                       aim="会う", purpose="contact", due_on="2026-06-25")  # fmt: skip
    path = f"visit-requests/{asked.json()['id']}/cancel"
    assert (await send(client, ward, "lead", path, reason="not_needed")).status_code == 403
    assert (await send(client, ward, "caseworker-n", path, reason="not_needed")).json()["state"] == "cancelled"
    assert (await send(client, ward, "caseworker-n", path, reason="not_needed")).status_code == 409
    (fact,) = await ward.recorded("casework.visit_request_cancelled")
    assert fact["reason"] == "not_needed"


async def test_entries_are_fixed_and_then_only_corrected(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    await works_on(client, ward, case.id)
    written = await send(client, ward, "caseworker-n", f"cases/{case.id}/entries",
                         occurred_at="2026-06-18T09:00:00+09:00", kind="phone", with_whom=["family"],
                         facts="電話した。", words=CANARY, scope="lead")  # fmt: skip
    entry = written.json()["id"]
    assert (await ward.case_of(case.household)).first_contact_at is not None
    drafts = (await read(client, ward, "coordinator", case.id))["entries"]
    assert drafts == []
    assert (await send(client, ward, "coordinator", f"entries/{entry}/fix")).status_code == 403
    assert (await send(client, ward, "caseworker-n", f"entries/{entry}/fix")).json()["state"] == "fixed"
    corrected = await send(
        client, ward, "caseworker-n", f"entries/{entry}/correct", reason="時刻の誤り", facts="電話を受けた。"
    )
    assert corrected.status_code == 200
    again = await send(client, ward, "caseworker-n", f"entries/{entry}/correct", reason="x", facts="y")
    assert again.status_code == 409
    (shown,) = (await read(client, ward, "coordinator", case.id))["entries"]
    assert (shown["number"], shown["facts"], shown["earlier"][0]["words"]) == (2, "電話を受けた。", CANARY)
    future = await send(client, ward, "caseworker-n", f"cases/{case.id}/entries",
                        occurred_at="2026-06-19T09:00:00+09:00", kind="phone", facts="x")  # fmt: skip
    assert future.json()["errors"][0]["field"] == "occurred_at"


async def test_what_is_kept_for_the_lead_other_agencies_do_not_read(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    asked = await send(client, ward, "coordinator", f"cases/{case.id}/invitations",
                       agency="hokatsu-n", question="?", basis="internal_69_2_2")  # fmt: skip
    await send(client, ward, "hokatsu", f"invitations/{asked.json()['id']}/answer", answer="accepted")
    for scope in ("all", "lead"):
        await send(client, ward, "caseworker-n", f"cases/{case.id}/entries", occurred_at="2026-06-18T09:00:00+09:00",
                   kind="phone", facts=scope, scope=scope, fix=True)  # fmt: skip
    seen = [entry["facts"] for entry in (await read(client, ward, "hokatsu", case.id))["entries"]]
    assert seen == ["all"]
    assert len((await read(client, ward, "caseworker-n", case.id))["entries"]) == 2
    await send(client, ward, "hokatsu", f"cases/{case.id}/entries", occurred_at="2026-06-18T09:30:00+09:00",
               kind="phone", facts="動いた", fix=True)  # fmt: skip
    (part,) = (await read(client, ward, "hokatsu", case.id))["invitations"]
    assert part["state"] == "acting"


async def test_a_meeting_decides_tasks_and_a_plan_is_decided_by_the_manager(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    called = await send(client, ward, "coordinator", f"cases/{case.id}/meetings", kind="case_conference",
                        starts_at="2026-06-26T14:00:00+09:00",
                        agencies=["hokatsu-n", "sukoyaka-n", "nobody"])  # fmt: skip
    (fact,) = await ward.recorded("casework.meeting_called")
    assert (fact["basis"], fact["agencies"]) == ("internal_69_2_2", ["hokatsu-n", "sukoyaka-n"])
    layered = await send(client, ward, "coordinator", f"cases/{case.id}/meetings", kind="layered_conference",
                         starts_at="2026-06-26T14:00:00+09:00", agencies=["shakyo"])  # fmt: skip
    assert layered.status_code == 422
    held = await send(client, ward, "coordinator", f"meetings/{called.json()['id']}/held", minutes=CANARY,
                      tasks=[{"title": "主治医に相談", "agency": "hokatsu-n", "due_on": "2026-06-30"}])  # fmt: skip
    assert held.json()["state"] == "held"
    (task,) = (await read(client, ward, "coordinator", case.id))["tasks"]
    done = await send(client, ward, "coordinator", f"tasks/{task['id']}/move", state="done")
    assert done.json()["state"] == "done"
    assert [row["outcome"] for row in await ward.recorded("casework.task_done")] == ["done"]
    drafted = await send(
        client, ward, "coordinator", f"cases/{case.id}/plans", goal="しずかに", starts_on="2026-06-18",
        ends_on="2026-12-17", monitoring_on="2026-07-17", lines=[{"what": "会う", "agency": "hokatsu-n"}],
    )  # fmt: skip
    plan = drafted.json()["id"]
    assert (await send(client, ward, "coordinator", f"plans/{plan}/decide", document="7-12")).status_code == 403
    assert (await send(client, ward, "manager", f"plans/{plan}/decide", document="7-12")).status_code == 403
    await send(client, ward, "manager", f"cases/{case.id}/open", reason="支援決定のため")
    assert (await send(client, ward, "manager", f"plans/{plan}/decide", document="7-12")).json()["state"] == "decided"
    running = {one["kind"] for one in (await read(client, ward, "coordinator", case.id))["clocks"]}
    assert {"monitoring", "plan_end"} <= running
    assert (await send(client, ward, "coordinator", f"plans/{plan}/review")).status_code == 200
    ended = await send(client, ward, "coordinator", f"plans/{plan}/evaluate", attainment="mostly", changes=["c12"],
                       next_policy="plan_again", evaluation="よくなった")  # fmt: skip
    assert ended.json()["state"] == "evaluated"
    shown = await read(client, ward, "coordinator", case.id)
    assert {one["kind"] for one in shown["clocks"]} == {"first_contact"}
    assert shown["plans"][0]["lines"][0]["what"] == "会う"


async def test_the_sweep_states_a_missed_deadline_once(ward: Ward) -> None:
    case = await ward.open_case(urgency="B")
    assert await sweep_clocks(ward.db) == 0
    with clock.at(NOW + timedelta(days=10)):
        assert await sweep_clocks(ward.db) == 1
        assert await sweep_clocks(ward.db) == 0
    (missed,) = await ward.recorded("casework.deadline_missed")
    assert (missed["kind"], missed["owner"], missed["case"]) == (
        "first_contact", str(JOBS["caseworker-n"].id), str(case.id),
    )  # fmt: skip
    assert missed["at"] == case.next_due_at


async def test_closing_ends_every_part_and_every_clock(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    asked = await send(client, ward, "coordinator", f"cases/{case.id}/invitations",
                       agency="hokatsu-n", question="?", basis="internal_69_2_2")  # fmt: skip
    early = await send(client, ward, "coordinator", f"cases/{case.id}/close", reason="achieved")
    assert early.status_code == 422
    await send(client, ward, "hokatsu", f"invitations/{asked.json()['id']}/answer", answer="accepted")
    await send(client, ward, "coordinator", f"cases/{case.id}/visit-requests",
               aim="会う", purpose="contact", due_on="2026-06-25")  # fmt: skip
    closed = await send(client, ward, "coordinator", f"cases/{case.id}/close", reason="achieved", note=CANARY)
    assert closed.json()["state"] == "closed"
    names = [row["type"] for row in await ward.recorded()]
    assert names.index("casework.agency_left") < names.index("casework.case_closed")
    assert "casework.visit_request_cancelled" in names
    assert (await ward.case_of(case.household)).next_due_at is None
    late = await send(client, ward, "coordinator", f"cases/{case.id}/tasks",
                      title="x", agency="shakyo", due_on="2026-07-01")  # fmt: skip
    assert late.status_code == 409
    back = await send(client, ward, "coordinator", f"cases/{case.id}/reopen")
    assert back.json()["state"] == "open"


async def test_no_word_of_a_person_leaves_by_event_and_erasing_takes_all(client: Client, ward: Ward) -> None:
    case = await ward.open_case()
    asked = await send(client, ward, "coordinator", f"cases/{case.id}/invitations", agency="hokatsu-n",
                       question=CANARY, basis="benefit_69_2_4", note=CANARY)  # fmt: skip
    await send(client, ward, "hokatsu", f"invitations/{asked.json()['id']}/answer", answer="discuss", text=CANARY)
    await send(
        client, ward, "coordinator", f"cases/{case.id}/tasks", title=CANARY, agency="shakyo", due_on="2026-07-01"
    )
    await send(client, ward, "coordinator", f"cases/{case.id}/plans", goal=CANARY, goal_by=CANARY,
               starts_on="2026-06-18", ends_on="2026-12-17", monitoring_on="2026-07-17",
               lines=[{"what": CANARY}])  # fmt: skip
    await send(client, ward, "coordinator", f"cases/{case.id}/visit-requests",
               aim=CANARY, purpose="contact", due_on="2026-06-25")  # fmt: skip
    assert CANARY not in str(await ward.recorded())
    post = JOBS["hokatsu"].id
    notice: dict[str, Any] = {"notification": uuid4(), "post": post, "household": case.household, "because": uuid4()}
    await ward.hear(NotificationSent(**notice, kind="agency_invited"))
    await ward.hear(NotificationRead(**notice))
    async with ward.db.read() as session:
        assert (await session.scalars(select(Notice))).one().read_at is not None
    await ward.hear(HouseholdErased(household=case.household))
    async with ward.db.read() as session:
        tables = (await session.scalars(text(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ))).all()  # fmt: skip
        for table in tables:
            if table.startswith("event_log") or table == "code":
                continue
            rows = (await session.execute(text(f'SELECT * FROM "{table}"'))).all()  # noqa: S608 - our own tables
            assert CANARY not in str(rows), table


@pytest.mark.parametrize("rows", [1, 7])
async def test_the_number_of_queries_does_not_grow_with_the_rows(ward: Ward, rows: int) -> None:
    case = await ward.open_case()
    for _ in range(rows - 1):
        await ward.take_call()
    async with ward.db.transaction() as session:
        for number, agency in enumerate(["hokatsu-n", "shakyo", "seikatsu"][: 1 + rows // 3]):
            session.add(Invitation(
                id=uuid4(), case_id=case.id, household=case.household, agency=agency, question="?", basis="ordinance",
                urgency="B", asked_at=NOW, asked_on=NOW.date(), answer_due=NOW.date(),
                invited_by=JOBS["coordinator"].id, state=("asked", "accepted", "returned")[number],
            ))  # fmt: skip
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    sqlalchemy_event.listen(ward.db.engine.sync_engine, "before_cursor_execute", count)
    actor = actor_of("coordinator")
    counts = []
    try:
        for look in (
            lambda s: board.read_board(s, actor, board.Wanted(CaseFilter())),
            lambda s: board.read_figures(s, actor, ward.codes),
            lambda s: read_case(s, actor, case.id),
            lambda s: home.what_waits(s, actor),
        ):
            counted = 0
            async with ward.db.read() as session:
                await look(session)
            counts.append(counted)
    finally:
        sqlalchemy_event.remove(ward.db.engine.sync_engine, "before_cursor_execute", count)
    assert counts == [7, 4, 16, 8]


async def test_the_board_says_who_stands_still_and_goes_on_where_it_stopped(ward: Ward) -> None:
    cases: list[Case] = [await ward.open_case(urgency=level) for level in ("C", "A", "B")]
    async with ward.db.transaction() as session:
        waiting = await session.get_one(Case, cases[0].id)
        waiting.waiting_since = NOW.date() - timedelta(days=9)
        session.add(Invitation(
            id=uuid4(), case_id=waiting.id, household=waiting.household, agency="shakyo", question="?",
            basis="ordinance", urgency="C", asked_at=NOW, asked_on=NOW.date() - timedelta(days=9),
            answer_due=NOW.date() - timedelta(days=6), invited_by=JOBS["coordinator"].id, state="asked",
        ))  # fmt: skip
        session.add_all(
            VisitRequest(
                id=uuid4(), case_id=waiting.id, household=waiting.household, aim="", purpose="meet", persons=2,
                due_on=NOW.date(), state=state, requested_by=JOBS["coordinator"].id, requested_at=NOW - ago,
            )
            for state, ago in (("ended", timedelta(5)), ("assigned", timedelta(2)), ("cancelled", timedelta()))
        )  # fmt: skip
    actor = actor_of("manager")
    numbers: dict[str, list[str]] = {}
    for sort in ("still", "urgency", "due"):
        key, seen = None, []
        while True:
            async with ward.db.read() as session:
                page = await board.read_board(
                    session,
                    actor,
                    board.Wanted(CaseFilter(), sort=sort, key=key),
                    limit=1,
                )
            assert (page.total, page.still) == (3, 1)
            seen += [row.case.number for row in page.rows]
            key = page.next
            if key is None:
                break
        numbers[sort] = seen
        assert len(set(seen)) == 3
    assert numbers["still"] == [cases[0].number, cases[1].number, cases[2].number]
    assert numbers["urgency"] == [cases[1].number, cases[2].number, cases[0].number]
    async with ward.db.read() as session:
        first = (await board.read_board(session, actor, board.Wanted(CaseFilter()))).rows[0]
        districts = await board.count_districts(session, actor)
        still_only = await board.read_board(session, actor, board.Wanted(CaseFilter(), moving=False))
    assert (first.cells["shakyo"].light, first.cells["shakyo"].days, first.still) == ("late", 7, True)
    assert (first.cells["outreach"].light, first.cells["sukoyaka"].light) == ("taken", "acting")
    assert districts == {"kitahara": None}
    assert still_only.total == 1


async def test_cases_of_linked_households_stand_beside_each_other_unless_somebody_is_protected(
    client: Client, ward: Ward
) -> None:
    case, other = await ward.open_case(), await ward.open_case(area="c", by="caseworker-c")
    for one in (case, other):
        await works_on(client, ward, one.id)
    pair = {"household": case.household, "other": other.household}
    await ward.hear(HouseholdsLinked(**pair, kind="family"))
    (shown,) = (await read(client, ward, "coordinator", case.id))["linked"]
    assert (shown["number"], shown["kind"]) == (other.number, "family")
    assert (await read(client, ward, "caseworker-n", case.id))["linked"] == []
    await ward.hear(ProtectionSet(household=other.household, protection=uuid4(), member=uuid4(), kind="dv"))
    for one in (case, other):
        assert (await read(client, ward, "coordinator", one.id))["linked"] == []
    await ward.hear(HouseholdsUnlinked(**pair))


async def test_names_of_posts_and_agencies_are_told_to_those_signed_in(client: Client, ward: Ward) -> None:
    body = {"posts": [str(JOBS["coordinator"].id), str(uuid4())], "agencies": ["shakyo", "hokatsu", "nothing"]}
    refused = await client.post("/casework/labels", json=body)
    assert refused.status_code == 401
    told = await client.post("/casework/labels", json=body, headers=ward.headers("worker"))
    assert told.json() == {str(JOBS["coordinator"].id): "高梨 恵", "shakyo": "社協", "hokatsu": "地域包括"}
    english = await client.post("/casework/labels?lang=en", json=body, headers=ward.headers("worker"))
    assert english.json()[str(JOBS["coordinator"].id)] == "Megumi Takanashi"
