"""The disposal list on the real database: what is found, held, asked for, approved; what is left afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.intake.actions.consultations import receive_consultation
from services.intake.actions.retention import (
    ask_for_erasure,
    erase_listed,
    lift_hold,
    list_what_is_due,
    refuse_erasure,
    set_hold,
)
from services.intake.daily import list_what_has_become_due
from services.intake.queries.retention import (
    judge_households,
    list_certificates,
    list_due,
    not_as_listed,
    read_certificate,
)
from services.intake.requests import ConsultationIn, MemberIn
from services.intake.requests.retention import ErasureAnswerIn, ErasureIn, HoldIn
from services.intake.tables.retention import Disposal
from services.intake.tests.conftest import events_of, post_of
from services.intake.tests.test_handlers import hear, opened
from shared import clock
from shared.clock import TOKYO
from shared.db import Database
from shared.errors import Conflict, Forbidden, Missing, Refused
from shared.events.casework import CaseClosed, CaseReopened
from shared.events.casework import HouseholdForgotten as CaseworkForgot
from shared.events.notify import HouseholdForgotten as NotifyForgot
from shared.events.outreach import HouseholdForgotten as OutreachForgot
from shared.identity import Actor
from shared.spine import hold

BEGUN = datetime(2020, 5, 10, 10, 0, tzinfo=TOKYO)
BEFORE, AFTER = date(2024, 3, 31), date(2024, 4, 1)
"""Three years from the fiscal year after the call."""
MANAGER, CASEWORKER = post_of("manager"), post_of("caseworker", "c")


def on(day: date, hour: int = 12) -> Any:
    return clock.at(datetime(day.year, day.month, day.day, hour, tzinfo=TOKYO))


async def told(db: Database, **more: Any) -> UUID:
    """A household that called once, in May 2020."""
    request = ConsultationIn(
        words="ひとりで困っている",
        area="c",
        address="桜台2-14-5",
        members=[MemberIn(name="大槻 修", birth="1968-03-03")],
        **more,
    )
    with clock.at(BEGUN):
        async with db.transaction() as session:
            return (await receive_consultation(session, CASEWORKER, request)).household.id


async def look(db: Database, *households: UUID) -> list[Disposal]:
    async with db.transaction() as session:
        await hold(session, *households)
        await list_what_is_due(session, households, clock.today())
    async with db.read() as session:
        return await list_due(session, MANAGER)


async def approve(db: Database, *lines: Disposal, actor: Actor = MANAGER, document: str = "6中福地第12号") -> None:
    async with db.transaction() as session:
        await erase_listed(session, actor, [line.id for line in lines], document)


async def asked(db: Database, household: UUID, actor: Actor = CASEWORKER) -> Disposal:
    async with db.transaction() as session:
        return await ask_for_erasure(session, actor, household, ErasureIn(ground="article_98", words="弟が頼んだ"))


async def count(db: Database, query: str, **values: Any) -> int:
    async with db.transaction() as session:
        return int(await session.scalar(text(query), values) or 0)


async def test_a_record_comes_onto_the_list_on_its_day_and_goes_when_somebody_calls(db: Database) -> None:
    household = await told(db)
    with on(BEFORE):
        assert await look(db, household) == []
    with on(AFTER):
        (line,) = await look(db, household)
        assert (line.cause, line.period, line.due_on, line.counted_from) == (
            "period", "consultation", AFTER, BEGUN.date()
        )  # fmt: skip
        assert (line.number, line.case_numbers) == ((await numbers(db, household)), [])
        assert [one.id for one in await look(db, household)] == [line.id], "once"
        async with db.transaction() as session:
            await receive_consultation(session, CASEWORKER, ConsultationIn(words="また困った", household=household))
        assert await look(db, household) == []


async def rows_of(db: Database, table: str, household: UUID) -> int:
    """How many rows of one of intake's tables belong to a household."""
    return await count(db, f"SELECT count(*) FROM {table} WHERE household_id = :h", h=household)  # noqa: S608


async def numbers(db: Database, household: UUID) -> str:
    async with db.transaction() as session:
        return str(await session.scalar(text("SELECT number FROM household WHERE id = :h"), {"h": household}))


@pytest.mark.parametrize(
    ("more", "closed_on", "due_on", "kind"),
    [
        ({}, date(2021, 9, 1), date(2027, 4, 1), "closed_case"),
        ({"safety_flags": ["abuse_elder"]}, None, date(2031, 4, 1), "abuse"),
    ],
)
async def test_the_facts_of_the_tables_reach_the_rules(
    db: Database, more: dict[str, Any], closed_on: date | None, due_on: date, kind: str
) -> None:
    household = await told(db, **more)
    if closed_on is not None:
        case = opened(household, uuid4())
        await hear(db, case)
        async with db.read() as session:
            (judgement,) = (await judge_households(session, [household])).values()
        assert judgement.obstacles == ("open_case",)
        moment = datetime(closed_on.year, closed_on.month, closed_on.day, 9, tzinfo=TOKYO)
        await hear(db, CaseClosed(household=household, case=case.case, reason="solved", closed_by=uuid4()), moment)
    async with db.read() as session:
        (judgement,) = (await judge_households(session, [household])).values()
    assert judgement.period is not None
    assert (judgement.due_on, judgement.period.kind, judgement.obstacles) == (due_on, kind, ())
    if closed_on is not None:
        await hear(db, CaseReopened(household=household, case=case.case, owner=uuid4(), urgency="B"))
        async with db.read() as session:
            (judgement,) = (await judge_households(session, [household])).values()
        assert judgement.obstacles == ("open_case",)


async def test_a_case_closed_nobody_knows_when_keeps_its_household(db: Database) -> None:
    household = await told(db)
    case = opened(household, uuid4())
    await hear(db, case)
    await hear(db, CaseClosed(household=household, case=case.case, reason="solved", closed_by=uuid4()))
    async with db.transaction() as session:
        await session.execute(text("UPDATE case_of_household SET closed_at = NULL"))
    with on(date(2060, 1, 1)):
        assert await look(db, household) == []


async def test_what_is_approved_is_gone_but_for_its_certificate(db: Database) -> None:
    household, other = await told(db), await told(db)
    case = opened(household, uuid4(), number="K20-0007")
    await hear(db, case)
    await hear(db, CaseClosed(household=household, case=case.case, reason="solved", closed_by=uuid4()), BEGUN)
    with on(date(2027, 4, 1)):
        (line, kept) = sorted(await look(db, household, other), key=lambda one: one.household == other)
        number = line.number
        await approve(db, line)
        for table in ("member", "search_key", "consultation"):
            assert not await rows_of(db, table, household)
            assert await rows_of(db, table, other)
        for table in ("case_of_household", "access_grant"):
            assert not await rows_of(db, table, household)
        assert await count(db, "SELECT count(*) FROM household") == 1
        async with db.read() as session:
            assert [name for name, _ in await events_of(session, household)] == ["household_erased"]
            assert [one.id for one in await list_due(session, MANAGER)] == [kept.id]
            (certificate,) = await list_certificates(session)
            assert certificate.disposal.number == number
        assert (certificate.disposal.case_numbers, certificate.disposal.document) == (["K20-0007"], "6中福地第12号")
        assert certificate.disposal.decided_by == MANAGER.post
        assert certificate.receipts["intake"].classes == ["consultation", "household", "household_link", "member"]
        assert certificate.waiting_for == ["casework", "outreach", "notify"]
        assert certificate.complete_at is None
        with pytest.raises(Conflict):
            await approve(db, line)


async def test_the_others_words_complete_the_certificate_and_nothing_late_stays(db: Database) -> None:
    household = await told(db)
    with on(AFTER):
        (line,) = await look(db, household)
        await approve(db, line)
        late = opened(household, uuid4())
        await hear(db, late)  # it was on its way: no NotYet, and what it left goes with casework's word
        assert await rows_of(db, "access_grant", household) == 1
        await hear(db, CaseworkForgot(household=household, classes=("entry", "support_case")))
        assert not await rows_of(db, "access_grant", household)
        assert not await rows_of(db, "case_of_household", household)
        await hear(db, OutreachForgot(household=household))
        await hear(db, NotifyForgot(household=household, classes=("notification",)))
        async with db.read() as session:
            certificate = await read_certificate(session, line.id)
        assert certificate.waiting_for == []
        assert certificate.receipts["casework"].classes == ["entry", "support_case"]
        assert certificate.complete_at == max(one.confirmed_at for one in certificate.receipts.values())
        await hear(db, CaseworkForgot(household=uuid4()))
        assert await count(db, "SELECT count(*) FROM disposal_receipt") == 4


async def test_a_hold_takes_it_off_the_list_and_lifting_it_lets_time_count(db: Database) -> None:
    household = await told(db)
    with on(AFTER):
        (line,) = await look(db, household)
        async with db.transaction() as session:
            held = await set_hold(
                session, MANAGER, household, HoldIn(ground="appeal", reason="審査請求", reference="6-3")
            )
        assert await look(db, household) == []
        with pytest.raises(Conflict):
            await approve(db, line)
        for actor in (CASEWORKER, post_of("manager", "n")):
            with pytest.raises((Forbidden, Missing)):
                async with db.transaction() as session:
                    await lift_hold(session, actor, household, held.id, "裁決が確定した")
        for _ in range(2):
            async with db.transaction() as session:
                await lift_hold(session, MANAGER, household, held.id, "裁決が確定した")
        assert await look(db, household) == []
    with on(date(2027, 3, 31)):
        assert await look(db, household) == []
    with on(date(2027, 4, 1)):
        (line,) = await look(db, household)
        assert (line.period, line.due_on) == (None, date(2027, 4, 1))
    assert await count(db, "SELECT count(*) FROM audit_entry WHERE action LIKE 'hold%'") == 2


async def test_only_a_manager_who_sees_it_holds_and_decides(db: Database) -> None:
    household = await told(db)
    request = HoldIn(ground="other", reason="確かめる")
    for actor, error in ((CASEWORKER, Forbidden), (post_of("operator"), Forbidden), (post_of("manager", "n"), Missing)):
        with pytest.raises(error):
            async with db.transaction() as session:
                await set_hold(session, actor, household, request)
    with on(AFTER):
        (line,) = await look(db, household)
        for actor, error in ((CASEWORKER, Forbidden), (post_of("coordinator"), Forbidden)):
            with pytest.raises(error):
                await approve(db, line, actor=actor)
        with pytest.raises(Conflict):
            await approve(db, line, actor=post_of("manager", "n"))
        with pytest.raises(Refused, match="決裁番号"):
            await approve(db, line, document="")
        with pytest.raises(Refused, match="選んで"):
            await approve(db)
        with pytest.raises(Refused, match="一度に"):
            await approve(db, *[line] * 21)
    assert await count(db, "SELECT count(*) FROM household") == 1


async def test_whoever_took_the_request_does_not_decide_about_it(db: Database) -> None:
    household = await told(db)
    own = await asked(db, household, MANAGER)
    with pytest.raises(Forbidden):
        await approve(db, own)
    in_another_post = replace(post_of("manager"), person=MANAGER.person)
    with pytest.raises(Forbidden):
        await approve(db, own, actor=in_another_post)
    await approve(db, own, actor=post_of("manager"))
    async with db.read() as session:
        (certificate,) = await list_certificates(session)
    assert (certificate.disposal.cause, certificate.disposal.asked_ground) == ("request", "article_98")
    assert (certificate.disposal.asked_words, certificate.disposal.answer_words) == ("", "")


async def test_a_request_may_be_refused_and_made_again(db: Database) -> None:
    household = await told(db)
    first = await asked(db, household)
    with pytest.raises(Conflict):
        await asked(db, household)
    answer = ErasureAnswerIn(answer="duty_to_keep", words="係争中")
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await refuse_erasure(session, CASEWORKER, first.id, answer)
    async with db.transaction() as session:
        assert (await refuse_erasure(session, MANAGER, first.id, answer)).state == "refused"
    second = await asked(db, household)
    await approve(db, second)
    assert not await count(db, "SELECT count(*) FROM disposal WHERE asked_words || answer_words <> ''")


@pytest.mark.parametrize("obstacle", ["open_case", "legal_hold"])
async def test_a_request_waits_for_what_stands_in_its_way(db: Database, obstacle: str) -> None:
    household = await told(db)
    line = await asked(db, household)
    if obstacle == "open_case":
        await hear(db, opened(household, uuid4()))
    else:
        async with db.transaction() as session:
            await set_hold(session, MANAGER, household, HoldIn(ground="lawsuit", reason="国賠"))
    with pytest.raises(Refused) as refused:
        await approve(db, line)
    assert refused.value.params == {"number": line.number}
    assert await count(db, "SELECT count(*) FROM household") == 1
    with on(AFTER):
        (still,) = await look(db, household)
        assert still.id == line.id


async def test_what_is_due_is_not_refused_and_a_request_takes_its_place(db: Database) -> None:
    household = await told(db)
    with on(AFTER):
        (line,) = await look(db, household)
        with pytest.raises(Refused, match="停止"):
            async with db.transaction() as session:
                await refuse_erasure(session, MANAGER, line.id, ErasureAnswerIn(answer="not_needed"))
        request = await asked(db, household)
        (one,) = await look(db, household)
        assert (one.id, one.cause) == (request.id, "request")


async def test_a_line_that_is_no_longer_due_is_not_erased(db: Database) -> None:
    household = await told(db)
    with on(AFTER):
        (line,) = await look(db, household)
    with on(BEFORE), pytest.raises(Refused, match="保存期間"):
        await approve(db, line)


async def test_one_that_must_stay_keeps_all_of_them(db: Database) -> None:
    first, second = await told(db), await told(db)
    with on(AFTER):
        lines = await look(db, first, second)
        async with db.transaction() as session:
            await session.execute(text("UPDATE household SET last_heard_at = now() WHERE id = :h"), {"h": second})
        with pytest.raises(Refused):
            await approve(db, *lines)
    assert await count(db, "SELECT count(*) FROM household") == 2


async def test_the_daily_look_finds_them_all_and_changes_nothing_twice(db: Database) -> None:
    class Home:
        """As much of a service as the daily look needs."""

        def __init__(self) -> None:
            self.db = db

    households = {await told(db) for _ in range(3)}
    with on(BEFORE):
        assert await list_what_has_become_due(Home()) == 0  # type: ignore[arg-type]
    with on(AFTER + timedelta(days=1)):
        async with db.read() as session:
            assert set(await not_as_listed(session, households, clock.today())) == households
        assert await list_what_has_become_due(Home()) == 3  # type: ignore[arg-type]
        assert await list_what_has_become_due(Home()) == 0  # type: ignore[arg-type]
