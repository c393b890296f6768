from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from services.intake.tables import Household, Member
from services.intake.tests.conftest import House, events_of, post_of
from shared import clock
from shared.audit import AuditEntry
from shared.credentials import HEADER

CALL: dict[str, Any] = {
    "address": "桜台二丁目3番4号 ひばり荘 203",
    "district": "sakuradai",
    "phone": "03-0000-4471",
    "members": [
        {
            "relation": "mother",
            "name": "大槻 トシ子",
            "kana": "おおつき としこ",
            "birth": "S17.3.3",
            "coresident": "yes",
        },
        {"relation": "eldest_son", "name": "大槻 修", "birth": "56歳", "coresident": "yes", "work": "not_working"},
    ],
    "caller_relation": "neighbour",
    "worries": ["withdrawal", "income"],
    "words": "息子さんが外に出ていない。",
    "urgency": "B",
}


async def log(house: House, **more: object) -> dict[str, Any]:
    answer = await house.post("/api/consultations", CALL | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_story_begins(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    assert made["number"].startswith("H-")
    assert {"code": "T8050", "verdict": "match"} in made["types"]
    assert made["position"] is None or made["position"].startswith("intake:")
    home = (await house.get(f"/api/households/{made['household']}")).json()
    assert home["area"] == "c"
    assert [m["age"] for m in home["members"]] == [84, 56] or home["members"][0]["age"] >= 84
    assert not home["masked"]
    strict = next(one for one in home["types"] if one["code"] == "T8050")
    assert any("トシ子" in reason for reason in strict["reasons"])


async def test_the_same_request_twice_makes_one_record(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    first = await house.post("/api/consultations", CALL, key="once")
    again = await house.post("/api/consultations", CALL, key="once")
    other = await house.post("/api/consultations", CALL | {"words": "ほか"}, key="once")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.json()["repeated"] is True
    assert again.json()["household"] == first.json()["household"]
    async with house.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 1


BAD: dict[str, dict[str, Any]] = {
    "empty": {},
    "blank text": {"words": "   "},
    "huge text": {"words": "あ" * 5001},
    "nul": {"words": "a\x00b"},
    "lone surrogate": {"words": "\ud83d"},
    "control character": {"caller_name": "a\x07b"},
    "10,000 members": {"words": "あ", "members": [{"name": "あ"}] * 10_000},
    "no such day": {"members": [{"birth": "昭和20年2月30日"}]},
    "no such era year": {"members": [{"birth": "昭和99年1月1日"}]},
    "born tomorrow": {"members": [{"birth": "2999-01-01"}]},
    "too old": {"members": [{"birth": "1700-01-01"}]},
    "no date": {"members": [{"birth": "きのう"}]},
    "unknown code": {"words": "あ", "worries": ["flying"]},
    "unknown member code": {"words": "あ", "members": [{"relation": "king"}]},
    "unknown field": {"words": "あ", "wrods": "あ"},
    "wrong type": {"words": 5},
    "not a list": {"worries": "income"},
    "no time zone": {"words": "あ", "occurred_at": "2026-06-18T10:14:00"},
    "before everything": {"words": "あ", "occurred_at": "0001-01-01T00:00:00+09:00"},
    "in the future": {"words": "あ", "occurred_at": "2999-06-18T10:14:00+09:00"},
    "no such household": {"words": "あ", "household": "00000000-0000-0000-0000-000000000001"},
    "individual number": {"words": "番号は123456789018です"},
    "kin out of range": {"members": [{"name": "あ", "parents": ["7"]}]},
    "kin nonsense": {"members": [{"name": "あ", "cares_for": ["-"]}]},
    "wrong mesh": {"words": "あ", "mesh": "12"},
}


async def test_bad_input_is_refused_with_a_sentence(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    for name, bad in BAD.items():
        # httpx can't send what is not UTF-8: escaped, it can
        answer = await house.client.post(
            "/intake/api/consultations", content=json.dumps(bad), headers={"content-type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, (name, answer.text)
        assert answer.json()["title"], name
    async with house.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Household)) == 0


async def test_odd_but_good_input_is_kept(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    name = "𠮷野\U000e0100 はる"
    made = await log(house, members=[{"name": name + "\u202e", "birth": "不明"}])
    home = (await house.get(f"/api/households/{made['household']}")).json()
    assert home["members"][0]["name"] == name


async def test_who_may_see_what(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    path = f"/api/households/{made['household']}"
    for actor, status, named in (
        (post_of("caseworker", "c"), 200, True),
        (post_of("caseworker", "n"), 404, False),
        (post_of("coordinator"), 200, True),
        (post_of("manager"), 200, False),
        (post_of("agency_worker", agency="hokatsu-c"), 404, False),
        (post_of("outreach_worker", "c", agency="outreach-c"), 404, False),
        (post_of("outreach_lead", "c", agency="outreach-c"), 404, False),
        (post_of("operator"), 404, False),
    ):
        answer = await house.get(path, actor=actor)
        assert answer.status_code == status, actor
        labels = (await house.post("/labels", {"households": [made["household"]]})).json()
        assert (made["household"] in labels) is named
    house.client.cookies.clear()
    assert (await house.get(path)).status_code == 401


async def test_every_view_is_noted(house: House) -> None:
    actor = post_of("caseworker", "c")
    house.sign_in(actor)
    made = await log(house)
    await house.get(f"/api/households/{made['household']}")
    async with house.service.db.read() as session:
        seen = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "view"))).all()
    assert [(one.post, str(one.household)) for one in seen] == [(actor.post, made["household"])]


async def test_protection_masks_at_once_and_tells_no_area(house: House) -> None:
    owner = post_of("caseworker", "c")
    colleague = post_of("caseworker", "c")
    house.sign_in(owner)
    made = await log(house)
    home = (await house.get(f"/api/households/{made['household']}")).json()
    body = {
        "member": home["members"][0]["id"],
        "kind": "elder_abuse",
        "ends_on": str(clock.today() + timedelta(days=365)),
    }
    protection = (await house.post(f"/api/households/{made['household']}/protections", body)).json()
    seen = (await house.get(f"/api/households/{made['household']}")).json()
    assert seen["address"]
    masked = (await house.get(f"/api/households/{made['household']}", actor=colleague)).json()
    assert masked["masked"]
    assert (masked["address"], masked["phone"], masked["area"], masked["district"]) == ("", "", None, None)
    assert (await house.post("/labels", {"households": [made["household"]]})).json() == {}
    assert (await house.post_for("outreach", "/api/cells", {"households": [made["household"]]})).json() == {}
    async with house.service.db.read() as session:
        kept = await session.get_one(Household, made["household"])
        assert kept.address == CALL["address"]
        assert [name for name, _ in (await events_of(session))[-2:]] == ["protection_set", "allow_list_changed"]
    refused = await house.post(f"/api/protections/{protection['id']}/end", {"reason": "あやまり"})
    assert refused.status_code == 403
    ended = await house.post(f"/api/protections/{protection['id']}/end", {"reason": "措置の終了"}, actor=owner)
    assert ended.status_code == 200
    async with house.service.db.read() as session:
        told = await events_of(session)
    assert [name for name, _ in told][-2:] == ["protection_ended", "household_changed"]
    assert told[-1][1]["area"] == "c"


async def test_a_protected_household_is_neither_found_nor_linked(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    home = (await house.get(f"/api/households/{made['household']}")).json()
    body = {"member": home["members"][0]["id"], "kind": "dv"}
    await house.post(f"/api/households/{made['household']}/protections", body)
    second = await log(house)
    async with house.service.db.read() as session:
        assert "duplicate_suspected" not in [name for name, _ in await events_of(session)]
    link = await house.post(f"/api/households/{second['household']}/links", {"other": made["household"]})
    assert link.status_code == 404
    form = {"address": CALL["address"], "members.0.name": "大槻 トシ子", "members.0.birth": "S17.3.3"}
    known = await house.client.post("/intake/consultations/detect", data=form)
    assert made["number"] not in known.text
    assert second["number"] in known.text
    for words in ("大槻", "おおつき", "0300004471", "桜台2-3-4", made["number"]):
        found = await house.client.post("/intake/households", data={"q": words}, headers={"accept": "text/html"})
        assert made["number"] not in found.text.replace(f'value="{made["number"]}"', "")


async def test_consent_is_recorded_and_withdrawn(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    home = (await house.get(f"/api/households/{made['household']}")).json()
    path = f"/api/households/{made['household']}/consents"
    bare = await house.post(path, {"member": home["members"][0]["id"], "state": "signed"})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "purposes")
    body = {
        "member": home["members"][0]["id"],
        "state": "signed",
        "purpose": "support",
        "recipients": ["hokatsu-c"],
        "items": ["identity", "care"],
        "limits": "兄には知らせない",
    }
    consent = (await house.post(path, body)).json()
    for _ in range(2):
        assert (
            await house.post(f"/api/consents/{consent['id']}/withdrawal", {"reason": "気がかわった"})
        ).status_code == 200
    async with house.service.db.read() as session:
        names = [name for name, _ in await events_of(session)]
    assert names.count("consent_recorded") == 1
    assert names.count("consent_withdrawn") == 1


async def test_members_change_leave_and_types_follow(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    home = (await house.get(f"/api/households/{made['household']}")).json()
    son = home["members"][1]
    change = {"relation": "eldest_son", "birth": "56歳", "coresident": "yes", "work": "employed", "version": 1}
    assert (await house.client.put(f"/intake/api/members/{son['id']}", json=change)).status_code == 200
    again = await house.client.put(f"/intake/api/members/{son['id']}", json=change)
    assert again.status_code == 409
    async with house.service.db.read() as session:
        told = [(d["code"], d["verdict"]) for name, d in await events_of(session) if name == "type_matched"]
    assert ("T8050", "match") in told
    assert told[-1][1] == "no" or ("T8050", "no") in told
    mother = home["members"][0]["id"]
    back = change | {"work": "not_working", "version": 2}
    assert (await house.client.put(f"/intake/api/members/{son['id']}", json=back)).status_code == 200
    left = await house.post(f"/api/members/{mother}/left", {"reason": "died", "left_on": "2026-01-02"})
    assert left.status_code == 200, left.text
    home = (await house.get(f"/api/households/{made['household']}")).json()
    assert "T8050A" in {one["code"] for one in home["types"]}


async def test_a_type_is_confirmed_or_rejected(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    path = f"/api/households/{made['household']}/types/T8050/answer"
    assert (await house.post(path, {"answer": "rejected"})).status_code == 422
    assert (await house.post(path, {"answer": "confirmed"})).status_code == 200
    missing = await house.post(path.replace("T8050/", "TPETS/"), {"answer": "confirmed"})
    assert missing.status_code == 404
    async with house.service.db.read() as session:
        assert (await events_of(session))[-1][1]["answer"] == "confirmed"


async def test_labels_and_cells(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house, mesh="533945864")
    home = (await house.get(f"/api/households/{made['household']}")).json()
    members = [one["id"] for one in home["members"]]
    labels = (await house.post("/labels", {"households": [made["household"]], "members": members})).json()
    assert labels == {made["household"]: "大槻 トシ子", members[0]: "大槻 トシ子", members[1]: "大槻 修"}
    cells = (await house.post_for("outreach", "/api/cells", {"households": [made["household"]]})).json()
    assert cells == {made["household"]: {"mesh": "533945864", "district": "sakuradai", "area": "c"}}
    async with house.service.db.read() as session:
        log_text = await session.scalar(text("SELECT string_agg(data::text, ' ') FROM event_log"))
        origins = set(await session.scalars(text("SELECT origin FROM audit_entry WHERE action = 'cell'")))
    assert "533945864" not in log_text
    assert origins == {"192.0.2.77"}, "the address of the browser, not of the service that asks for it"


async def test_cells_are_told_to_outreach_for_a_person_and_to_nobodys_browser(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    body = {"households": [(await log(house, mesh="533945864"))["household"]]}
    assert (await house.post("/api/cells", body)).status_code == 403
    assert (await house.post_for("notify", "/api/cells", body)).status_code == 403
    assert (await house.post_for("outreach", "/api/cells", body, viewer="another person's token")).status_code == 401
    assert (await house.client.post("/intake/api/cells", json=body, headers={HEADER: "x.y.z"})).status_code == 401
    assert (await house.post_for("outreach", "/api/cells", body)).status_code == 200


async def test_correcting_the_home_states_its_new_area(house: House) -> None:
    house.sign_in(post_of("caseworker", "c", "n"))
    made = await log(house)
    body = {"version": 1, "address": "北原1-2-3", "district": "kitahara"}
    answer = await house.client.put(f"/intake/api/households/{made['household']}", json=body)
    assert answer.status_code == 200, answer.text
    assert (await house.client.put(f"/intake/api/households/{made['household']}", json=body)).status_code == 409
    async with house.service.db.read() as session:
        changed = [data for name, data in await events_of(session) if name == "household_changed"]
    assert [one["area"] for one in changed] == ["n"]


async def test_members_come_in_by_the_api(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    added = await house.post(
        f"/api/households/{made['household']}/members", {"relation": "eldest_daughter", "birth": "50代"}
    )
    assert added.status_code == 201
    async with house.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Member)) == 3


async def test_ticking_the_measure_protects_before_anything_is_told(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house, safety_flags=["dv_measure"])
    async with house.service.db.read() as session:
        told = await events_of(session, UUID(made["household"]))
    assert [name for name, _ in told][:2] == ["household_registered", "protection_set"]
    assert told[0][1]["area"] is None
    seen = (await house.get(f"/api/households/{made['household']}", actor=post_of("caseworker", "c"))).json()
    assert seen["masked"]


async def test_a_household_with_parked_events_counts_as_protected(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    parked = text(
        "INSERT INTO parked (source, epoch, position, event_id, type, version, subjects, envelope, state)"
        " VALUES ('casework', 'e', 7, gen_random_uuid(), 'casework.agency_left', 1,"
        " ARRAY[CAST(:h AS text)], '{}', 'parked')"
    )
    async with house.service.db.transaction() as session:
        await session.execute(parked, {"h": made["household"]})
    colleague = post_of("caseworker", "c")
    assert (await house.post("/labels", {"households": [made["household"]]}, actor=colleague)).json() == {}
    assert (await house.get(f"/api/households/{made['household']}")).json()["masked"]


async def test_searching_by_the_api(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    made = await log(house)
    found = (await house.post("/api/households/search", {"q": "おおつき"})).json()
    assert [(one["id"], one["called"]) for one in found["households"]] == [(made["household"], "大槻 トシ子")]
    assert found["total"] == 1
    elsewhere = post_of("caseworker", "n", agency="sukoyaka-n")
    nothing = (await house.post("/api/households/search", {"q": "おおつき"}, actor=elsewhere)).json()
    assert nothing["households"] == []
    for bad in ({"q": "a\x00"}, {"area": "zz"}, {"before": "2026-01-01"}, {"q": "あ" * 201}):
        assert (await house.post("/api/households/search", bad)).status_code == 422
