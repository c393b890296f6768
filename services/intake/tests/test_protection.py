"""Protection over HTTP: the allow-list, what everybody else gets, the glass, the split for view, what runs out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from services.intake.daily import warn_of_protections
from services.intake.tables import Allowance, HouseholdLink, Member, Protection
from services.intake.tests.conftest import House, events_of, post_of
from services.intake.tests.test_handlers import hear
from shared import clock
from shared.audit import AuditEntry
from shared.events.casework import CaseOpened, OwnerChanged, PostStarted
from shared.identity import Actor
from shared.testing import statements_of

SECRET = {
    "name": "守山 静香", "kana": "もりやま しずか", "birth": "S44.4.9", "address": "隠町九丁目8番7号",
    "room": "北棟六〇九", "phone": "03-0000-9911", "words": "隠町の小学校に転校した", "caller": "守山 友江",
}  # fmt: skip
CALL: dict[str, Any] = {
    "channel": "phone", "worries": ["family"], "words": SECRET["words"], "avoid": "隠町で待たない",
    "caller_name": SECRET["caller"], "caller_phone": "03-0000-9912",
    "address": SECRET["address"], "room": SECRET["room"], "area": "c", "district": "sakuradai",
    "phone": SECRET["phone"], "mesh": "533945471", "urgency": "B",
    "members": [
        {"relation": "mother", "name": SECRET["name"], "kana": SECRET["kana"], "birth": SECRET["birth"],
         "phone": "03-0000-9913", "coresident": "yes"},
        {"relation": "eldest_son", "name": "守山 大輔", "birth": "20歳", "coresident": "yes"},
    ],
}  # fmt: skip
HIDDEN = (*SECRET.values(), "隠町", "9911", "9912", "9913", "守山", "もりやま", "sakuradai", "533945471")
MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\.[0-9]{6}")
"""Ids and fractions of seconds: one answer in a hundred has four such figures in them by chance."""


def said(answer: httpx.Response, words: Iterable[str]) -> list[str]:
    """Which of these words an answer tells."""
    shown = MADE_UP.sub("", answer.text)
    return [word for word in words if word in shown]


async def log(house: House, **more: Any) -> dict[str, Any]:
    answer = await house.post("/api/consultations", CALL | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def protect(house: House, household: str, *, which: int = 0, **more: Any) -> str:
    home = (await house.get(f"/api/households/{household}")).json()
    body = {"member": home["members"][which]["id"], "kind": "dv"} | more
    answer = await house.post(f"/api/households/{household}/protections", body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def employ(house: House, *actors: Actor) -> None:
    """Let intake know the posts."""
    for actor in actors:
        await hear(
            house.service.db,
            PostStarted(
                post=actor.post, person=actor.person, agency=actor.agency, agency_kind=actor.agency_kind,
                role=actor.role, areas=tuple(sorted(actor.areas)), starts_on=clock.today(), ends_on=None,
            ),
        )  # fmt: skip


async def own(house: House, household: str, owner: Actor) -> UUID:
    """A case of the household is opened."""
    case = uuid4()
    await hear(
        house.service.db,
        CaseOpened(
            case=case, household=UUID(household), number="K26-0001", owner=owner.post, agency=owner.agency,
            area=None, urgency="B",
        ),
    )  # fmt: skip
    return case


async def stated_lists(house: House) -> list[set[UUID]]:
    """Whom intake has told the others of, change by change."""
    async with house.service.db.read() as session:
        told = await events_of(session)
    return [{UUID(post) for post in data["posts"]} for name, data in told if name == "allow_list_changed"]


async def sees(house: House, actor: Actor, household: str) -> bool:
    """Whether this post gets the address; who does not gets nothing else that is hidden either."""
    answer = await house.get(f"/api/households/{household}", actor=actor)
    page = await house.get(f"/households/{household}", actor=actor, page=True)
    pieces = [await house.get(f"/fragments/household/{household}/{piece}", page=True) for piece in
              ("strip", "genogram", "safety")]  # fmt: skip
    if answer.status_code == 200 and not answer.json()["masked"]:
        assert SECRET["address"] in page.text
        return True
    for one in (answer, page, *pieces):
        assert said(one, HIDDEN) == [], one.url
    form = {"household": household, "words": "?", "members.0.relation": "self"}
    detected = await house.client.post("/intake/consultations/detect", data=form)
    assert said(detected, HIDDEN) == []
    labels = await house.post("/labels", {"households": [household]}, actor=actor)
    cells = await house.post("/api/cells", {"households": [household]}, actor=actor)
    assert labels.json() == {}
    assert cells.json() in ({}, cells.json() if cells.status_code != 200 else {})
    return False


async def test_the_allow_list_is_edited_and_counts_at_once(house: House) -> None:
    setter, colleague = post_of("caseworker", "c"), post_of("caseworker", "c")
    stranger = post_of("agency_worker", agency="shakyo")
    elsewhere = post_of("caseworker", "n", agency="sukoyaka-n")
    await employ(house, setter, colleague, stranger, elsewhere)
    house.sign_in(setter)
    made = (await log(house))["household"]
    assert await sees(house, colleague, made)
    house.sign_in(setter)
    protection = await protect(house, made)
    assert not await sees(house, colleague, made)
    assert not await sees(house, elsewhere, made), "it is no secret of an area that it is there"
    assert await sees(house, setter, made)
    path = f"/api/protections/{protection}/allowed"
    for post, reason, field in ((colleague, "", "reason"), (stranger, "応援", "post"), (elsewhere, "応援", "post")):
        refused = await house.post(path, {"post": str(post.post), "reason": reason}, actor=setter)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    body = {"post": str(colleague.post), "reason": "訪問に同行する"}
    assert (await house.post(path, body, actor=colleague)).status_code == 403
    assert (await house.post(path, body, actor=setter)).status_code == 201
    assert (await house.post(path, body)).status_code == 201, "again changes nothing"
    assert await sees(house, colleague, made)
    page = await house.get(f"/households/{made}", actor=colleague, page=True)
    assert f'data-id="{setter.post}"' in page.text
    assert "訪問に同行する" in page.text
    removal = f"{path}/{colleague.post}/removal"
    assert (await house.post(removal, {}, actor=setter)).status_code == 422
    assert (await house.post(removal, {"reason": "異動"})).status_code == 200
    assert not await sees(house, colleague, made)
    last = await house.post(f"{path}/{setter.post}/removal", {"reason": "異動"}, actor=setter)
    assert last.status_code == 422, "somebody must be left who sees it"
    async with house.service.db.read() as session:
        noted = await session.scalars(
            select(AuditEntry.reason).where(AuditEntry.action.in_(["protection_allowed", "protection_disallowed"]))
        )
        assert {*noted} == {f"{colleague.post} all: 訪問に同行する", f"{colleague.post}: 異動"}
        assert len((await session.scalars(select(Allowance))).all()) == 2, "who stood there stays on record"
    both = {setter.post, colleague.post}
    assert await stated_lists(house) == [{setter.post}, both, {setter.post}], "each change once, said whole"


async def test_the_owner_sees_it_and_hands_it_over_with_the_case(house: House) -> None:
    first, second = post_of("caseworker", "c"), post_of("caseworker", "c")
    await employ(house, first, second)
    house.sign_in(first)
    made = (await log(house))["household"]
    await protect(house, made)
    case = await own(house, made, first)
    assert await sees(house, first, made)
    change = OwnerChanged(case=case, household=UUID(made), owner=second.post, before=first.post)
    await hear(house.service.db, change)
    assert await sees(house, second, made)
    assert not await sees(house, first, made), "registered it, set it, owned it, and has handed it over"
    assert await stated_lists(house) == [{first.post}, set()]


async def test_of_the_list_others_learn_who_is_of_its_area(house: House) -> None:
    setter, partner = post_of("caseworker", "c"), post_of("agency_worker", agency="hokatsu-c")
    await employ(house, setter, partner)
    house.sign_in(setter)
    made = (await log(house))["household"]
    await own(house, made, partner)
    await protect(house, made, allowed_posts=[str(partner.post)])
    home = (await house.get(f"/api/households/{made}")).json()
    assert await stated_lists(house) == [{setter.post}], "who takes part is the case's to know"
    moved = {"version": home["version"], "address": "北町1-1", "area": "n", "district": "kitahara"}
    assert (await house.client.put(f"/intake/api/households/{made}", json=moved)).status_code == 200
    assert await stated_lists(house) == [{setter.post}, set()], "another office's now"


async def test_nobody_gets_onto_the_list_by_setting_another_protection(house: House) -> None:
    owner, colleague = post_of("caseworker", "c"), post_of("caseworker", "c")
    house.sign_in(owner)
    made = (await log(house))["household"]
    home = (await house.get(f"/api/households/{made}")).json()
    await protect(house, made)
    member = home["members"][1]
    body = {"member": member["id"], "kind": "dv"}
    for path, sent in (
        (f"/api/households/{made}/protections", body),
        (f"/api/households/{made}/members", {"name": "だれか"}),
        (f"/api/members/{member['id']}/left", {"reason": "died"}),
    ):
        assert (await house.post(path, sent, actor=colleague)).status_code == 403, path
    house.sign_in(colleague)
    change = {"version": member["version"], "relation": "mother"}
    assert (await house.client.put(f"/intake/api/members/{member['id']}", json=change)).status_code == 403
    added = await house.post("/api/consultations", {"household": made, "words": "電話あり"})
    assert added.status_code == 403


async def test_a_link_ends_with_the_protection_and_no_fact_names_both(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    one, other = (await log(house))["household"], (await log(house, phone="", words="べつの家"))["household"]
    await house.post(f"/api/households/{one}/links", {"other": other})
    third = (await log(house, words="もう一つ"))["household"]
    async with house.service.db.read() as session:
        before = len(await events_of(session))
    await protect(house, one)
    async with house.service.db.read() as session:
        told = [name for name, _ in (await events_of(session))[before:]]
        links = (
            await session.execute(select(HouseholdLink.first_id, HouseholdLink.second_id, HouseholdLink.state))
        ).all()
    assert told == ["protection_set", "allow_list_changed"]
    mine = [(a, b, state) for a, b, state in links if UUID(one) in {a, b}]
    assert [state for _, _, state in mine] == ["unlinked"]
    assert UUID(other) in set(mine[0][:2])
    for shown in (one, other, third):
        page = await house.get(f"/households/{shown}", page=True)
        assert 'id="links"' not in page.text or one not in page.text.partition('id="links"')[2]
    fourth = (await log(house, not_same=[one]))["household"]
    async with house.service.db.read() as session:
        named = [data for name, data in await events_of(session) if name == "duplicate_suspected"]
    assert not [one for data in named if data["household"] == fourth and data["other"] == one]
    for path in (one, fourth):
        pair = fourth if path == one else one
        refused = await house.post(f"/api/households/{path}/links", {"other": pair})
        assert refused.status_code == 404, "from either side"


async def test_a_search_leaves_the_protected_out_in_its_own_sql(house: House) -> None:
    owner = post_of("caseworker", "c")
    house.sign_in(owner)
    made = await log(house)
    await protect(house, made["household"])
    with statements_of(house.service.db) as asked:
        for words in ("守山", "もりやま", "0300009911", "隠町9-8-7", made["number"]):
            found = (await house.post("/api/households/search", {"q": words})).json()
            assert found["households"] == []
            assert found["total"] == 0
    searching = [one for one in asked if "search_key" in one]
    assert searching
    for statement in searching:
        assert "NOT (household.protected OR" in statement.replace("\n", " "), statement
    plan = "EXPLAIN SELECT household.id FROM household WHERE NOT household.protected"
    async with house.service.db.read() as session:
        lines = [row[0] for row in await session.execute(text(plan))]
    assert any("protected" in line for line in lines), "it is a condition of the scan"
    for kind in ("csv", "xlsx"):
        form = {"q": "", "kind": kind}
        file = await house.client.post("/intake/households/export", data=form)
        assert file.status_code == 200
        assert made["number"].encode() not in file.content
        assert "守山".encode() not in file.content


async def test_a_measure_runs_out_with_warnings_and_goes_on_protecting(house: House) -> None:
    owner, colleague = post_of("caseworker", "c"), post_of("caseworker", "c")
    house.sign_in(owner)
    made = (await log(house))["household"]
    protection = await protect(house, made, ends_on=str(clock.today() + timedelta(days=100)))
    early = await house.post(
        f"/api/protections/{protection}/renewal", {"ends_on": str(clock.today() + timedelta(days=400))}, actor=owner
    )
    assert early.status_code == 422
    for days, told in ((30, 0), (40, 1), (41, 0), (71, 1), (94, 1), (100, 0), (101, 1), (140, 0)):
        with clock.shifted(timedelta(days=days)):
            assert await warn_of_protections(house.service) == told, days
            assert not await sees(house, colleague, made)
    async with house.service.db.read() as session:
        due = [data for name, data in await events_of(session) if name == "protection_due"]
    assert [data["days_left"] for data in due] == [60, 29, 6, -1]
    assert [data["posts"] for data in due] == [[str(owner.post)]] * 4
    with clock.shifted(timedelta(days=101)):
        page = await house.get("/protections", actor=owner, page=True)
        assert "1日すぎています" in page.text
        home = await house.get(f"/households/{made}", page=True)
        assert "期限をすぎています" in home.text
        renewed = await house.post(
            f"/api/protections/{protection}/renewal", {"ends_on": str(clock.today() + timedelta(days=365))}
        )
        assert renewed.status_code == 200
        assert await warn_of_protections(house.service) == 0
    async with house.service.db.read() as session:
        assert (await session.get_one(Protection, UUID(protection))).warned_days is None
        assert (await events_of(session))[-1][0] == "protection_renewed"


async def test_a_household_split_for_view(house: House) -> None:
    owner, child_worker = post_of("caseworker", "c"), post_of("caseworker", "c")
    await employ(house, owner, child_worker)
    house.sign_in(owner)
    made = (await log(house, safety_flags=["abuse_elder"]))["household"]
    home = (await house.get(f"/api/households/{made}")).json()
    mother, son = home["members"]
    protection = await protect(house, made)
    place = {"address": "逃町一丁目2番3号", "room": "12", "phone": "03-0000-7766", "places": "逃町デイサービス"}
    path = f"/intake/api/households/{made}/apart"
    for away in ([], [str(uuid4())], [mother["id"], son["id"]]):
        assert (await house.client.put(path, json=place | {"away": away})).status_code == 422
    split = await house.client.put(path, json=place | {"away": [mother["id"]]})
    assert split.status_code == 200, split.text
    later = await house.post("/api/consultations", {"household": made, "words": "息子さんの仕事の話"}, actor=owner)
    chosen = await house.post(f"/api/consultations/{later.json()['consultation']}/side", {"side": "home"})
    assert chosen.status_code == 200
    body = {"post": str(child_worker.post), "side": "home", "reason": "息子の就労支援"}
    assert (await house.post(f"/api/protections/{protection}/allowed", body)).status_code == 201
    flee = ("逃町", "7766", SECRET["name"], SECRET["kana"], SECRET["words"], SECRET["caller"], "TABUSE", "9912", "9913")
    whole = await house.get(f"/households/{made}", page=True)
    assert "逃町一丁目2番3号" in whole.text
    pages = [
        await house.get(f"/households/{made}?side=home", page=True, actor=owner),
        await house.get(f"/api/households/{made}?side=home"),
        await house.get(f"/households/{made}", page=True, actor=child_worker),
        await house.get(f"/households/{made}?side=apart", page=True),
        await house.get(f"/api/households/{made}?side=apart"),
        await house.get(f"/fragments/household/{made}/strip", page=True),
        await house.get(f"/fragments/household/{made}/genogram", page=True),
        await house.get(f"/fragments/household/{made}/safety", page=True),
    ]
    for answer in pages:
        assert answer.status_code == 200, answer.url
        assert said(answer, flee) == [], answer.url
    for answer in pages[:3]:
        assert "守山 大輔" in answer.text
        assert "息子さんの仕事の話" in answer.text
        assert SECRET["address"] in answer.text, "where the son lives is his own"
    labels = await house.post(
        "/labels", {"households": [made], "members": [mother["id"], son["id"]]}, actor=child_worker
    )
    assert labels.json() == {made: "守山 大輔", son["id"]: "守山 大輔"}
    change = {"version": mother["version"], "name": "x"}
    assert (await house.client.put(f"/intake/api/members/{mother['id']}", json=change)).status_code == 404
    theirs = await house.get(f"/households/{made}?side=apart", page=True, actor=owner)
    assert "逃町一丁目2番3号" in theirs.text
    assert SECRET["address"] not in theirs.text
    assert "守山 大輔" not in theirs.text
    assert "息子さんの仕事の話" not in theirs.text
    stays = await house.post(f"/api/protections/{protection}/end", {"reason": "終了"})
    assert stays.status_code == 422, "the place of those apart is guarded until the split is over"
    joined = await house.post(f"/api/households/{made}/apart/end", {"reason": "再び同居"})
    assert joined.status_code == 200
    assert not await sees(house, child_worker, made), "a list for one side opens nothing when there is one side"
    async with house.service.db.read() as session:
        assert not list(await session.scalars(select(Member).where(Member.apart)))
        marks = await session.scalar(text("SELECT count(*) FROM apart WHERE address <> '' OR places <> ''"))
    assert marks == 0
