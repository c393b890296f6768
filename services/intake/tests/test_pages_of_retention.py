"""The pages of keeping and erasing: who opens them, what they say, and that nothing goes before two looks."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from services.intake.daily import list_what_has_become_due
from services.intake.tests.browsing import HTML, saved, send
from services.intake.tests.conftest import House, post_of
from shared.clock import TOKYO
from shared.identity import Actor

MANAGER, CASEWORKER = post_of("manager"), post_of("caseworker")
OLD = datetime(2020, 5, 10, 10, 0, tzinfo=TOKYO)


async def due(house: House) -> UUID:
    """A household that called once, years ago, and stands on the list."""
    house.sign_in(CASEWORKER)
    household = await saved(house)
    async with house.service.db.transaction() as session:
        await session.execute(text("UPDATE household SET last_heard_at = :at"), {"at": OLD})
    await list_what_has_become_due(house.service)
    return household


async def see(house: House, path: str, actor: Actor = MANAGER) -> str:
    answer = await house.get(path, actor=actor, page=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def chosen_in(page: str) -> list[str]:
    return re.findall(r'name="chosen" value="([0-9a-f-]{36})"', page)


async def post(house: House, path: str, **form: object) -> httpx.Response:
    return await send(house, path, {"idempotency_key": uuid4().hex} | form)


async def homes(house: House) -> int:
    async with house.service.db.read() as session:
        return int(await session.scalar(text("SELECT count(*) FROM household")) or 0)


async def test_it_goes_after_two_looks_and_a_number(house: House) -> None:
    household = await due(house)
    page = await see(house, "/disposals")
    assert "大槻" not in page
    assert "桜台" not in page
    assert "相談だけの記録" in page
    (line,) = chosen_in(page)
    nothing = await post(house, "/disposals/review")
    assert nothing.status_code == 422
    assert "選んでください" in nothing.text
    look = await post(house, "/disposals/review", chosen=line)
    assert "取り消せません" in look.text
    assert chosen_in(look.text) == [line]
    unnumbered = await post(house, "/disposals/erase", chosen=line)
    assert unnumbered.status_code == 422
    assert "決裁番号を書いて" in unnumbered.text
    assert await homes(house) == 1
    form = {"chosen": line, "document": "6中福地第12号", "idempotency_key": "once"}
    for _ in range(2):
        gone = await send(house, "/disposals/erase", form)
        assert gone.status_code == 303
    assert await homes(house) == 0
    listed = await see(house, "/disposals/certificates?done=erased")
    assert "確認待ち 3" in listed
    paper = await see(house, f"/disposals/certificates/{line}")
    assert "6中福地第12号" in paper
    assert "世帯・住所・連絡先" in paper
    assert str(MANAGER.post) in paper
    assert (await house.get(f"/households/{household}/retention", page=True)).status_code == 404
    assert "いま決めるものはありません" in await see(house, "/disposals")


async def test_a_household_says_how_long_it_is_kept_and_is_held(house: House) -> None:
    household = await due(house)
    path = f"/households/{household}/retention"
    page = await see(house, path)
    assert "保存期間が過ぎています" in page
    for lacking in ({"ground": "appeal"}, {"ground": "nonsense", "reason": "審査請求"}, {"reason": "審査請求"}):
        refused = await post(house, f"{path}/holds", what="hold", **lacking)
        assert refused.status_code == 422
        assert '<details class="more" open>' in refused.text
    held = await post(house, f"{path}/holds", ground="appeal", reason="審査請求", reference="6-3")
    assert held.headers["location"].endswith("?done=held")
    page = await see(house, path)
    assert "消去の停止がかかっています" in page
    assert chosen_in(await see(house, "/disposals")) == []
    assert "6-3" in await see(house, "/disposals/held")
    (hold,) = re.findall(r"holds/([0-9a-f-]{36})/lift", page)
    assert (await post(house, f"{path}/holds/{hold}/lift", reason="")).status_code == 422
    assert (await post(house, f"{path}/holds/{uuid4()}/lift", reason="あ")).status_code == 404
    lifted = await post(house, f"{path}/holds/{hold}/lift", reason="裁決が確定した")
    assert lifted.headers["location"].endswith("?done=lifted")
    assert "解除ずみ" in await see(house, path)


async def test_a_request_is_taken_by_one_and_decided_by_another(house: House) -> None:
    house.sign_in(MANAGER)
    household = await saved(house)
    path = f"/households/{household}/retention"
    asked = await post(house, f"{path}/request", ground="article_98", words="弟の山田一郎が頼んだ")
    assert asked.headers["location"].endswith("?done=asked")
    again = await post(house, f"{path}/request", what="ask", ground="article_98", words="もう一度")
    assert again.status_code == 409
    assert "もう請求されています" in again.text
    assert "山田一郎" in await see(house, path)
    own = await see(house, "/disposals")
    assert "別の管理職が決めます" in own
    assert chosen_in(own) == []
    other = post_of("manager")
    (line,) = chosen_in(await see(house, "/disposals", other))
    refused = await post(house, f"/disposals/{line}/refuse", answer="duty_to_keep", words="係争中")
    assert refused.headers["location"].endswith("?done=refused")
    assert (await post(house, f"/disposals/{line}/refuse", answer="duty_to_keep")).status_code == 409
    assert (await post(house, f"/disposals/{line}/refuse", answer="nonsense")).status_code == 422
    assert await homes(house) == 1


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/disposals", {"manager"}),
        ("/disposals/held", {"manager"}),
        ("/disposals/certificates", {"manager", "auditor"}),
        ("/disposals/periods", {"manager", "auditor", "caseworker", "operator", "agency_worker"}),
    ],
)
async def test_each_list_opens_to_its_roles(house: House, path: str, roles: set[str]) -> None:
    for role in ("manager", "auditor", "caseworker", "operator", "agency_worker"):
        answer = await house.get(path, actor=post_of(role), page=True)
        expected = 200 if role in roles else 303 if (path, role) == ("/disposals", "auditor") else 403
        assert answer.status_code == expected, role


async def test_of_the_protected_only_the_allow_list_learns_more(house: House) -> None:
    household = await due(house)
    async with house.service.db.transaction() as session:
        await session.execute(text("UPDATE household SET protected = true, registered_by = NULL"))
    path = f"/households/{household}/retention"
    answer = await house.get(path, actor=MANAGER, page=True)
    assert answer.status_code == 403
    assert "相談だけの記録" not in answer.text
    assert str(household) not in await see(house, "/disposals")
    for deed, form in (("holds", {"ground": "other", "reason": "あ"}), ("request", {"ground": "mistaken"})):
        refused = await post(house, f"{path}/{deed}", **form)
        assert refused.status_code == 403


async def test_nobody_decides_who_may_not(house: House) -> None:
    household = await due(house)
    (line,) = chosen_in(await see(house, "/disposals"))
    for actor in (CASEWORKER, post_of("auditor"), post_of("operator"), post_of("manager", "n")):
        house.sign_in(actor)
        for path, form in (
            ("/disposals/review", {"chosen": line}),
            ("/disposals/erase", {"chosen": line, "document": "1"}),
            (f"/disposals/{line}/refuse", {"answer": "not_needed"}),
            (f"/households/{household}/retention/holds", {"ground": "other", "reason": "あ"}),
        ):
            assert (await post(house, path, **form)).status_code in {403, 404, 409, 422}, (actor.role, path)
    assert await homes(house) == 1
    for role in ("agency_worker", "outreach_worker", "operator", "auditor"):
        answer = await house.get(f"/households/{household}/retention", actor=post_of(role), page=True)
        assert answer.status_code == 404


@pytest.mark.parametrize("chosen", ["x", "\x00", "0189f7d0-0000-7000-8000-000000000000"])
async def test_nonsense_is_refused_with_a_sentence(house: House, chosen: str) -> None:
    house.sign_in(MANAGER)
    for path in ("/disposals/review", "/disposals/erase"):
        answer = await house.client.post(f"/intake{path}", data={"chosen": chosen, "document": "1"}, headers=HTML)
        assert answer.status_code in {409, 422}
        assert "data-errors" in answer.text


async def test_every_page_speaks_english(house: House) -> None:
    household = await due(house)
    for path in (
        "/disposals", "/disposals/held", "/disposals/certificates", "/disposals/periods",
        f"/households/{household}/retention",
    ):  # fmt: skip
        page = await see(house, f"{path}?lang=en")
        main = page.split("<main")[1].split("</main>")[0]
        said = re.sub(r'<small lang="ja">.*?</small>|<[^>]+>', "", main)
        assert not re.search(r"[ぁ-ん]", said), re.findall(r".{0,30}[ぁ-ん]+.{0,30}", said)
