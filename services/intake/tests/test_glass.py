"""緊急の開示 over HTTP: two persons, an hour, to look and not to change; and every form of protection once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from services.intake.tables import Glass
from services.intake.tests.conftest import House, events_of, post_of
from services.intake.tests.test_protection import HIDDEN, employ, log, protect, sees
from shared import clock
from shared.audit import AuditEntry


async def test_the_glass_opens_by_a_second_person_for_an_hour(house: House) -> None:
    owner, asker, second = post_of("caseworker", "c"), post_of("caseworker", "c"), post_of("caseworker", "c")
    manager, other = post_of("manager", agency="chiiki"), post_of("caseworker", "n", agency="sukoyaka-n")
    await employ(house, owner, asker, second, manager, other)
    house.sign_in(owner)
    made = await log(house)
    protection = await protect(house, made["household"])
    body = {"household": made["household"], "reason": "救急隊が住所を求めている", "second": str(second.post)}
    for wrong, field in (
        ({"reason": ""}, "reason"),
        ({"second": None}, "second"),
        ({"second": str(asker.post)}, "second"),
        ({"second": str(other.post)}, "second"),
    ):
        refused = await house.post("/api/glass", body | wrong, actor=asker)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    asked = (await house.post("/api/glass", body, actor=asker)).json()["id"]
    assert not await sees(house, asker, made["household"])
    answer = f"/api/glass/{asked}/answer"
    approved = {"answer": "approved"}
    assert (await house.post(answer, approved, actor=asker)).status_code == 403
    assert (await house.post(answer, approved, actor=other)).status_code == 404
    assert (await house.post(answer, approved, actor=manager)).status_code == 403, "while the second may still answer"
    waiting = (await house.get("/api/glass", actor=second)).json()
    assert [(one["id"], one["answerable"], one["number"]) for one in waiting] == [(asked, True, made["number"])]
    page = await house.get("/protections", actor=second, page=True)
    assert "救急隊が住所を求めている" in page.text
    assert not [word for word in HIDDEN if word in page.text]
    assert (await house.post(answer, approved, actor=second)).status_code == 200
    assert await sees(house, asker, made["household"])
    members = (await house.get(f"/api/households/{made['household']}", actor=asker)).json()["members"]
    for path, sent in (
        (f"/api/protections/{protection}/allowed", {"post": str(asker.post), "reason": "ずっと見たい"}),
        (f"/api/protections/{protection}/end", {"reason": "もう要らない"}),
        (f"/api/households/{made['household']}/protections", {"member": members[1]["id"], "kind": "dv"}),
        (f"/api/members/{members[0]['id']}/left", {"reason": "died"}),
    ):
        assert (await house.post(path, sent)).status_code == 403, "to look is not to change"
    assert not await sees(house, second, made["household"]), "who approves sees nothing by it"
    assert (await house.post(answer, {"answer": "declined"}, actor=second)).status_code == 409
    with clock.shifted(timedelta(minutes=61)):
        assert not await sees(house, asker, made["household"])
    review = f"/api/glass/{asked}/review"
    for who, status in ((asker, 404), (second, 404), (manager, 200)):
        with clock.shifted(timedelta(minutes=61)):
            assert (await house.post(review, {"review": "搬送に必要だった"}, actor=who)).status_code == status
    async with house.service.db.read() as session:
        told = [(name, data) for name, data in await events_of(session) if name.startswith("glass_")]
        noted = list(await session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("glass_"))))
    assert [name for name, _ in told] == ["glass_asked", "glass_answered"]
    assert told[1][1]["posts"] == [str(asker.post), str(owner.post)]
    assert noted == ["glass_asked", "glass_approved", "glass_reviewed"]


async def test_the_glass_by_number_and_shut_before_its_time(house: House) -> None:
    owner, asker = post_of("caseworker", "c"), post_of("agency_worker", agency="shakyo")
    manager = post_of("manager", agency="chiiki")
    await employ(house, owner, asker, manager)
    house.sign_in(owner)
    made = await log(house)
    body = {"number": made["number"].lower(), "reason": "命の危険", "second": str(manager.post)}
    none = await house.post("/api/glass", body, actor=asker)
    assert (none.status_code, none.json()["errors"][0]["field"]) == (422, "number"), "not protected: not this way"
    house.sign_in(owner)
    await protect(house, made["household"])
    assert (await house.get(f"/api/households/{made['household']}", actor=asker)).status_code == 404
    asked = (await house.post("/api/glass", body)).json()["id"]
    assert (await house.post(f"/api/glass/{asked}/answer", {"answer": "approved"}, actor=manager)).status_code == 200
    assert await sees(house, asker, made["household"])
    assert (await house.post(f"/api/glass/{asked}/shut", {}, actor=owner)).status_code == 200
    assert (await house.get(f"/api/households/{made['household']}", actor=asker)).status_code == 404
    again = await house.post("/api/glass", body | {"reason": "命の危険"}, actor=owner)
    assert again.status_code == 422, "who stands on the list has nothing to ask for"
    async with house.service.db.transaction() as session:
        await session.execute(update(Glass).values(answer=None, ends_at=None, shut_at=None))
    with clock.shifted(timedelta(minutes=130)):
        late = await house.post(f"/api/glass/{asked}/answer", {"answer": "approved"}, actor=manager)
        assert late.status_code == 409


async def test_the_forms_of_protection(house: House) -> None:
    owner, colleague, manager = post_of("caseworker", "c"), post_of("caseworker", "c"), post_of("manager")
    await employ(house, owner, colleague, manager)
    house.sign_in(owner)
    made = (await log(house))["household"]
    protection = await protect(house, made)

    async def form(path: str, **fields: Any) -> int:
        data = {"idempotency_key": uuid4().hex, **fields}
        answer = await house.client.post(f"/intake{path}", data=data, headers={"accept": "text/html"})
        return answer.status_code

    base = f"/households/{made}"
    home = (await house.get(f"/api/households/{made}")).json()
    assert await form(f"{base}/protections/{protection}/allowed", post=str(colleague.post)) == 422
    assert await form(f"{base}/protections/{protection}/allowed", post=str(colleague.post), reason="応援") == 303
    assert await form(f"{base}/protections/{protection}/allowed/{colleague.post}/remove", reason="済んだ") == 303
    assert await form(f"{base}/protections/{protection}/renew", ends_on=str(clock.today() + timedelta(days=300))) == 303
    assert await form(f"{base}/apart", away=home["members"][0]["id"], address="べつの町") == 303
    assert await form(f"{base}/consultations/{home['consultations'][0]['id']}/side", side="home") == 303
    assert await form(f"{base}/apart/end", reason="終わり") == 303
    house.sign_in(colleague)
    assert await form(f"{base}/glass", reason="", second=str(owner.post)) == 422
    assert await form(f"{base}/glass", reason="急ぐ", second=str(owner.post)) == 303
    assert await form("/glass", number=home["number"], reason="急ぐ", second="") == 422
    assert await form("/glass", number=home["number"], reason="急ぐ", second=str(manager.post)) == 303
    async with house.service.db.read() as session:
        glasses = list(await session.scalars(select(Glass.id).order_by(Glass.asked_at)))
    house.sign_in(owner)
    assert await form(f"/glass/{glasses[0]}/answer", answer="declined") == 303
    house.sign_in(manager)
    assert await form(f"/glass/{glasses[1]}/answer", answer="approved") == 303
    house.sign_in(colleague)
    page = await house.get(f"/households/{made}", page=True)
    assert "緊急の開示で見ています" in page.text
    assert await form(f"/glass/{glasses[1]}/shut") == 303
    house.sign_in(owner)
    assert await form(f"/glass/{glasses[1]}/review", review="") == 422
    assert await form(f"/glass/{glasses[1]}/review", review="急ぐわけがあった") == 303
