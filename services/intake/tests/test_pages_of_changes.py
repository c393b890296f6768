"""The forms on a household's page: what they change, what they refuse, what two people at once are shown."""

from __future__ import annotations

from html.parser import HTMLParser
from uuid import uuid4

from sqlalchemy import select

from services.intake.tables import Consent, Household, HouseholdLink, Member, Protection, TypeFinding
from services.intake.tests.browsing import saved, send
from services.intake.tests.conftest import House, post_of


async def test_the_forms_of_a_household(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    base = f"/households/{household}"
    async with house.service.db.read() as session:
        mother, son = (await session.scalars(select(Member).order_by(Member.position))).all()
    steps: list[tuple[str, dict[str, object]]] = [
        ("/types/T8050", {"answer": "confirmed"}),
        ("/types/T8050W", {"answer": "rejected", "reason": "働いている"}),
        ("/members", {"relation": "eldest_daughter", "birth": "50代"}),
        (f"/members/{son.id}", {"version": "1", "relation": "eldest_son", "birth": "S45.1.1", "work": "employed"}),
        (f"/members/{mother.id}/left", {"reason": "hospital"}),
        (
            "/consents",
            {
                "member": str(son.id),
                "state": "signed",
                "purposes": ["support"],
                "recipients": ["hokatsu-c"],
                "items": ["care"],
            },
        ),
        ("/change", {"address": "元町1-1-1", "district": "motomachi"}),
        ("/protections", {"member": str(son.id), "kind": "dv"}),
    ]
    for path, form in steps:
        async with house.service.db.read() as session:
            version = str((await session.get_one(Household, household)).version)
        more = {"version": version} if path == "/change" else {}
        answer = await send(house, base + path, form | more | {"idempotency_key": uuid4().hex})
        assert answer.status_code == 303, (path, answer.text[:3000])
    async with house.service.db.read() as session:
        findings = {one.code: one.answer for one in await session.scalars(select(TypeFinding))}
        assert (findings["T8050"], findings["T8050W"]) == ("confirmed", "rejected")
        consent = (await session.scalars(select(Consent))).one()
        protection = (await session.scalars(select(Protection))).one()
    page = await house.get(base, page=True)
    assert "元町1-1-1" in page.text
    assert "保護中" in page.text
    for path, why in (
        (f"/consents/{consent.id}/withdraw", "やめたい"),
        (f"/protections/{protection.id}/end", "終了"),
    ):
        assert (await send(house, base + path, {"reason": why})).status_code == 303


async def test_a_refused_change_says_why_on_the_page(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    async with house.service.db.read() as session:
        mother = (await session.scalars(select(Member).order_by(Member.position))).first()
    assert mother is not None
    for path, form, status in (
        ("/types/T8050", {"answer": "rejected"}, 422),
        (f"/members/{mother.id}", {"version": "9", "name": "大槻"}, 409),
        (f"/members/{mother.id}", {"version": "1", "birth": "昭和99年"}, 422),
        ("/consents", {"member": str(mother.id), "state": "signed"}, 422),
        ("/consents", {"member": str(uuid4()), "state": "signed"}, 422),
        (f"/members/{mother.id}/left", {"reason": ""}, 422),
    ):
        page = await send(house, f"/households/{household}{path}", form)
        assert page.status_code == status, path
        assert "data-errors" in page.text


async def test_two_people_who_correct_one_record_see_both(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    async with house.service.db.read() as session:
        mother = (await session.scalars(select(Member).order_by(Member.position))).first()
    assert mother is not None
    path, home = f"/households/{household}/members/{mother.id}", f"/households/{household}/change"
    mine = {"version": "1", "member_id": str(mother.id), "relation": "mother", "kana": "おおつき としこ"}
    assert (await send(house, path, mine | {"name": "大槻 敏子", "work": "pensioner"})).status_code == 303
    clash = await send(house, path, mine | {"name": "大槻 登志子", "work": "not_working"})
    assert clash.status_code == 409
    for text in ("氏名: <b>大槻 登志子</b>", "氏名: <b>大槻 敏子</b>", "同じところを、二人が直しました"):
        assert text in clash.text
    assert "読み(かな): <b>" not in clash.text, "what is the same is not shown"
    assert 'value="大槻 登志子"' in clash.text, "what was typed stands in the form"
    moved = {"version": "1", "what": "home", "address": "桜台一丁目1番1号"}
    assert (await send(house, home, moved)).status_code == 303
    assert "住所: <b>桜台一丁目2番" in (await send(house, home, moved | {"address": "桜台一丁目2番"})).text


async def test_links_are_made_and_taken_back(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    one, other = await saved(house), await saved(house)
    page = await house.get(f"/households/{one}", page=True)
    assert "同じかもしれない" in page.text
    for path, form, state in (
        ("/links", {"other": str(other), "answer": "linked"}, "linked"),
        (f"/links/{other}/undo", {}, "unlinked"),
    ):
        assert (await send(house, f"/households/{one}{path}", form)).status_code == 303
        async with house.service.db.read() as session:
            assert (await session.scalars(select(HouseholdLink.state))).one() == state


class FormReader(HTMLParser):
    """The fields of the form with a given action, as a browser would send them."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside, self.select = action, False, ""
        self.fields: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "form":
            self.inside = at.get("action") == self.action
        name = at.get("name") or ""
        if not self.inside:
            return
        if tag == "select":
            self.select = name
            self.fields.setdefault(name, [])
        elif tag == "option" and self.select and ("selected" in at or not self.fields[self.select]):
            self.fields[self.select] = [at.get("value") or ""]
        elif tag == "input" and name and (at.get("type") not in {"checkbox", "radio"} or "checked" in at):
            self.fields.setdefault(name, []).append(at.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""


async def test_saving_a_form_unchanged_changes_nothing(house: House) -> None:
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    async with house.service.db.read() as session:
        mother, son = (await session.scalars(select(Member).order_by(Member.position))).all()
    answers = {
        "relation": "eldest_son",
        "name": "大槻 修",
        "birth": "56歳",
        "coresident": "yes",
        "work": "not_working",
        "disability": ["mental_2"],
        "withdrawn_months": 240,
        "talks_outside_family": "no",
        "sees_doctor": "no",
        "cares_for": [str(mother.id), "outside"],
        "care_hours_weekday": 2.5,
        "parents": [str(mother.id)],
        "version": 1,
    }
    assert (await house.client.put(f"/intake/api/members/{son.id}", json=answers)).status_code == 200
    home = {
        "version": 2,
        "address": "元町1-1-1",
        "district": "motomachi",
        "hoarding": 2,
        "lifeline_stopped": "yes",
        "told_arrears": ["tax", "rent"],
        "concerns": ["care"],
        "last_reaction": "2026-06-01",
        "more_people": True,
    }
    async with house.service.db.read() as session:
        home["version"] = (await session.get_one(Household, household)).version
    assert (await house.client.put(f"/intake/api/households/{household}", json=home)).status_code == 200

    async def snapshot() -> list[dict[str, object]]:
        async with house.service.db.read() as session:
            rows = [await session.get_one(Member, son.id), await session.get_one(Household, household)]
            return [{c.name: getattr(row, c.name) for c in row.__table__.c if c.name != "version"} for row in rows]

    before = await snapshot()
    page = await house.get(f"/households/{household}", page=True)
    for path in (f"/households/{household}/members/{son.id}", f"/households/{household}/change"):
        reader = FormReader(f"/intake{path}")
        reader.feed(page.text)
        assert (await send(house, path, reader.fields)).status_code == 303, path
        page = await house.get(f"/households/{household}", page=True)
    after = await snapshot()
    assert after == before
