"""What each level shows and lets one do, asked of intake: partners, who coordinates, who answers for the ward."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from services.intake.tests.browsing import HTML
from services.intake.tests.conftest import House, post_of
from services.intake.tests.test_api import log
from services.intake.tests.test_handlers import hear
from shared import clock
from shared.audit import AuditEntry
from shared.codes import Code
from shared.events.casework import AgencyAnswered, AgencyInvited, LeadChanged, PlanDrafted, RecordOpened
from shared.identity import Actor
from shared.rights import OPENED, REASON_HOLDS

WORDS = "母が寝たきりで、息子は部屋から出てこない"
AVOID = "兄には連絡しない"
PARTNER = post_of("agency_worker", agency="hokatsu-c")


async def known(house: House) -> str:
    """A household of the central area with words, something to be avoided and a name; logged by its caseworker."""
    house.sign_in(post_of("caseworker", "c"))
    found: str = (await log(house, words=WORDS, avoid=AVOID))["household"]
    return found


async def take_part(house: House, household: str, *, basis: str = "internal_69_2_2", by: UUID | None = None) -> UUID:
    """The partner's agency is asked in, and accepts; the case."""
    case, invitation, asker = uuid4(), uuid4(), by or uuid4()
    common: dict[str, Any] = {
        "household": household, "case": case, "invitation": invitation, "agency": PARTNER.agency, "invited_by": asker,
    }  # fmt: skip
    invited = common | {"basis": basis, "answer_due": date(2026, 7, 1), "urgency": "B"}
    answered = common | {"answer": "accepted", "answered_by": PARTNER.post}
    await hear(house.service.db, AgencyInvited.model_validate(invited))
    await hear(house.service.db, AgencyAnswered.model_validate(answered))
    return case


async def read(house: House, actor: Actor, household: str) -> str:
    """Page and JSON in one, as this post gets them."""
    house.sign_in(actor)
    page = await house.client.get(f"/intake/households/{household}", headers=HTML)
    data = await house.client.get(f"/intake/api/households/{household}")
    assert page.status_code == data.status_code
    return page.text + data.text


async def may(house: House, actor: Actor, household: str) -> set[str]:
    """The deeds that are done when this post tries each."""
    house.sign_in(actor)
    home = (await house.client.get(f"/intake/api/households/{household}")).json()
    member = home["members"][0]["id"] if home["members"] else str(uuid4())
    tried = {
        "tell": ("/api/consultations", {"household": household, "words": "あとの電話"}),
        "consent": (
            f"/api/households/{household}/consents",
            {"member": member, "state": "signed", "purpose": "support", "recipients": ["shakyo"], "items": ["family"]},
        ),
        "correct": (f"/api/households/{household}/members", {"name": "だれか", "relation": "sister"}),
        "protect": (f"/api/households/{household}/protections", {"member": member, "kind": "dv"}),
    }
    answers = {deed: await house.post(path, body) for deed, (path, body) in tried.items()}
    assert {one.status_code for one in answers.values()} <= {201, 403, 422}, {d: a.text for d, a in answers.items()}
    return {deed for deed, answer in answers.items() if answer.status_code == 201}


async def test_a_partner_sees_whom_to_contact_and_never_what_was_told(house: House) -> None:
    household = await known(house)
    await take_part(house, household)
    seen = await read(house, PARTNER, household)
    for word in ("大槻", AVOID, "03-0000-4471"):
        assert word in seen, word
    assert WORDS not in seen
    page = (await house.get(f"/households/{household}", actor=PARTNER, page=True)).text
    assert f"/intake/households/{household}/members" not in page, "no form that would be refused"
    assert await may(house, PARTNER, household) == {"tell", "consent", "protect"}


async def test_what_one_has_taken_down_stays_ones_own(house: House) -> None:
    household = await known(house)
    await take_part(house, household)
    house.sign_in(PARTNER)
    await house.post("/api/consultations", {"household": household, "words": "わたしが聞いたこと"})
    assert "わたしが聞いたこと" in await read(house, PARTNER, household)
    colleague = post_of("agency_worker", agency=PARTNER.agency)
    assert "わたしが聞いたこと" not in await read(house, colleague, household)


async def test_an_agency_that_leads_sees_all_of_it_if_its_kind_may(house: House) -> None:
    household = await known(house)
    case = await take_part(house, household)
    await hear(house.service.db, LeadChanged(household=UUID(household), case=case, agency=PARTNER.agency))
    assert WORDS in await read(house, PARTNER, household)
    aid = post_of("agency_worker", agency="seikatsu")
    await hear(house.service.db, LeadChanged(household=UUID(household), case=case, agency="seikatsu"))
    assert WORDS not in await read(house, aid, household)


@pytest.mark.parametrize(("basis", "told"), [("consent_69_2_1", True), ("internal_69_2_2", False)])
async def test_only_the_persons_consent_opens_it_to_shakyo(house: House, basis: str, told: bool) -> None:
    household = await known(house)
    await take_part(house, household, basis=basis)
    house.sign_in(replace(PARTNER, agency_kind="shakyo"))
    answer = await house.client.get(f"/intake/api/households/{household}")
    assert (WORDS in answer.text) is told
    assert answer.status_code == (200 if told else 404)


async def test_a_coordinator_sees_whom_to_contact_and_all_once_they_act(house: House) -> None:
    household, coordinator = await known(house), post_of("coordinator", agency="coordination")
    seen = await read(house, coordinator, household)
    assert "大槻" in seen
    assert WORDS not in seen
    assert await may(house, coordinator, household) == {"tell", "consent"}
    await take_part(house, household, by=coordinator.post)
    assert WORDS in await read(house, coordinator, household)
    drafter = post_of("coordinator", agency="coordination")
    drafted = PlanDrafted(household=UUID(household), case=uuid4(), plan=uuid4(), plan_no=1)
    await hear(house.service.db, drafted, by=drafter)
    assert WORDS in await read(house, drafter, household)


async def test_a_manager_finds_a_name_and_opens_the_record_with_a_reason(house: House) -> None:
    household, manager = await known(house), post_of("manager", agency="chiiki")
    house.sign_in(manager)
    found = (await house.client.post("/intake/api/households/search", json={"q": "大槻"})).json()
    assert [one["id"] for one in found["households"]] == [household]
    closed = await read(house, manager, household)
    for word in ("大槻", AVOID, WORDS, "03-0000-4471"):
        assert word not in closed
    assert f'action="/intake/households/{household}/open"' in closed, "no case, so no reason to be given there"
    assert await may(house, manager, household) == set()
    path = f"/intake/households/{household}/open"
    without = await house.client.post(path, data={"reason": " "}, headers=HTML)
    assert without.status_code == 422
    assert "見る理由を書いてください" in without.text
    opened = await house.client.post(path, data={"reason": "議会から問い合わせ"}, headers=HTML)
    assert opened.status_code == 303
    assert WORDS in await read(house, manager, household)
    assert await may(house, manager, household) == {"tell", "consent"}
    async with house.service.db.read() as session:
        noted = (await session.scalars(select(AuditEntry).where(AuditEntry.action == OPENED))).all()
    assert [(one.post, str(one.household), one.reason) for one in noted] == [
        (manager.post, household, "議会から問い合わせ")
    ]
    with clock.at(clock.now() + REASON_HOLDS + timedelta(minutes=1)):
        house.sign_in(manager)
        assert WORDS not in await read(house, manager, household)


async def test_a_reason_given_in_casework_opens_it_here_while_it_holds(house: House) -> None:
    household, manager = await known(house), post_of("manager", agency="chiiki")
    until = clock.now() + REASON_HOLDS
    opened = RecordOpened(household=UUID(household), case=uuid4(), post=manager.post, until=until)
    await hear(house.service.db, opened)
    assert WORDS in await read(house, manager, household)
    assert WORDS not in await read(house, post_of("manager", agency="chiiki"), household)
    with clock.at(until + timedelta(minutes=1)):
        assert WORDS not in await read(house, manager, household)


async def test_no_reason_opens_a_protected_household(house: House) -> None:
    household, manager = await known(house), post_of("manager", agency="chiiki")
    home = (await house.client.get(f"/intake/api/households/{household}")).json()
    kept = await house.post(
        f"/api/households/{household}/protections", {"member": home["members"][0]["id"], "kind": "dv"}
    )
    assert kept.status_code == 201, kept.text
    path = f"/intake/households/{household}/open"
    house.sign_in(manager)
    answer = await house.client.post(path, data={"reason": "見たい"}, headers=HTML)
    assert answer.status_code == 404
    assert "大槻" not in await read(house, manager, household)


async def test_who_sends_a_call_sees_that_it_arrived_and_nothing_that_came_of_it(house: House) -> None:
    sender = post_of("agency_worker", agency="kyotaku")
    house.sign_in(sender)
    household = (await log(house, words="となりの家がしんぱい"))["household"]
    house.sign_in(post_of("caseworker", "c"))
    await house.post("/api/consultations", {"household": household, "words": WORDS})
    seen = await read(house, sender, household)
    assert "となりの家がしんぱい" in seen
    assert "受け取りました" in seen
    assert WORDS not in seen
    assert "大槻" not in seen
    assert await may(house, sender, household) == {"tell"}


async def test_the_ward_may_narrow_a_level(house: House) -> None:
    household = await known(house)
    await take_part(house, household)
    async with house.service.db.transaction() as session:
        where = update(Code).where(Code.list == "ACCESS", Code.code == "taking_part")
        await session.execute(where.values(attributes=Code.attributes.op("||")({"level": "M", "deeds": []})))
    house.sign_in(PARTNER)
    assert (await house.client.get(f"/intake/api/households/{household}")).status_code == 404
    assert (await house.client.post("/intake/labels", json={"households": [household]})).json() != {}
