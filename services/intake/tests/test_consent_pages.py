"""The pages of consent: recorded, signed, taken back, printed; each look is written down, strangers find nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from services.intake.rules.wording import EDITABLE, VARIANTS
from services.intake.tables import Consent, ConsentText, Member
from services.intake.tests.browsing import saved, send
from services.intake.tests.conftest import House, post_of
from shared import clock
from shared.audit import AuditEntry

SAID: dict[str, object] = {
    "state": "oral", "purposes": ["support", "plan"], "recipients": ["hokatsu-c", "shakyo"],
    "items": ["family", "health"], "limits": "兄には知らせない", "text_version": "2026-04-01",
}  # fmt: skip


async def mother_of(house: House, household: UUID) -> Member:
    async with house.service.db.read() as session:
        rows = await session.scalars(select(Member).where(Member.household_id == household).order_by(Member.position))
        return rows.all()[0]


async def one_consent(house: House) -> tuple[str, Consent]:
    """A household's path and an oral consent recorded on its form."""
    house.sign_in(post_of("caseworker", "c"))
    household = await saved(house)
    mother = await mother_of(house, household)
    base = f"/households/{household}"
    answer = await send(house, f"{base}/consents", SAID | {"member": str(mother.id), "idempotency_key": uuid4().hex})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"/intake{base}/consents/")
    async with house.service.db.read() as session:
        return base, (await session.scalars(select(Consent))).one()


async def deeds(house: House) -> list[tuple[str, str | None]]:
    async with house.service.db.read() as session:
        rows = await session.execute(select(AuditEntry.action, AuditEntry.basis).order_by(AuditEntry.id))
        return [(action, basis) for action, basis in rows]


async def test_recorded_signed_and_taken_back(house: House) -> None:
    base, consent = await one_consent(house)
    path = f"{base}/consents/{consent.id}"
    home = await house.get(base, page=True)
    for words in ("hokatsu-c", "健康・障害 要配慮", "兄には知らせない", "口頭。署名がないと"):
        assert words in home.text, words
    page = await house.get(f"{path}?done=recorded", page=True)
    for words in (
        "同意を記録しました。",
        "取りやめると、次のことが止まります",
        "署名を受け取ったと記録する",
        "文面 2026-04-01",
    ):
        assert words in page.text, words
    late = await send(house, f"{path}/confirm", {"signed_on": "2199-01-01"})
    assert late.status_code == 422
    assert "f-signed_on-error" in late.text
    assert (await send(house, f"{path}/confirm", {"method": "proxy"})).status_code == 303
    page = await house.get(f"{path}?done=confirmed", page=True)
    assert "署名を受け取ったと記録しました" in page.text
    assert "署名を受け取ったと記録する" not in page.text
    again = await send(house, f"{path}/confirm", {})
    assert again.status_code == 409
    withdrawn = await send(house, f"{path}/withdraw", {"channel": "phone", "reason": "兄に知られたくない"})
    assert withdrawn.status_code == 303
    page = await house.get(f"{path}?done=withdrawn", page=True)
    for words in ("取りやめの控え", "兄に知られたくない", "電話"):
        assert words in page.text, words
    assert "いますぐ取りやめる" not in page.text
    home = await house.get(base, page=True)
    assert "いま効力のある同意はありません" in home.text
    assert [deed for deed, _ in await deeds(house) if deed.startswith("consent_")] == [
        "consent_recorded", "consent_confirmed", "consent_withdrawn",
    ]  # fmt: skip


async def test_a_refused_form_keeps_what_was_typed(house: House) -> None:
    base, _ = await one_consent(house)
    mother = await mother_of(house, UUID(base.rsplit("/", 1)[-1]))
    typed = SAID | {"member": str(mother.id), "purposes": ["disaster"], "representative_name": "大槻 花子"}
    page = await send(house, f"{base}/consents", typed)
    assert page.status_code == 422
    for words in ("f-representative_relation-error", 'value="大槻 花子"', 'value="兄には知らせない"', "data-errors"):
        assert words in page.text, words
    assert (await send(house, f"{base}/consents", typed | {"state": "perhaps"})).status_code == 422
    assert (await send(house, f"{base}/consents", {"member": str(uuid4()), "state": "refused"})).status_code == 422


async def test_the_form_begins_with_what_is_renewed(house: House) -> None:
    base, consent = await one_consent(house)
    blank = await house.get(f"{base}/consents/new?member={consent.member_id}", page=True)
    assert (clock.today() + timedelta(days=365)).isoformat() in blank.text
    form = await house.get(f"{base}/consents/new?replaces={consent.id}", page=True)
    assert f'name="replaces" value="{consent.id}"' in form.text
    assert 'value="兄には知らせない"' in form.text
    assert ("view", None) in await deeds(house)


async def test_the_paper_says_it_all_in_three_ways(house: House) -> None:
    base, consent = await one_consent(house)
    path = f"{base}/consents/{consent.id}/paper"
    plain = await house.get(path, page=True)
    for words in ("<rt>どうい</rt>", "兄には知らせない", "hokatsu-c", "大槻", "2026-04-01", "<rt>けんこう</rt>"):
        assert words in plain.text, words
    assert "個人情報の提供に関する同意書" in (await house.get(f"{path}?wording=ja", page=True)).text
    english = (await house.get(f"{path}?wording=en", page=True)).text
    assert "Consent to sharing personal information" in english
    assert "Health, disability" in english
    assert (await house.get(f"{path}?wording=fr", page=True)).status_code == 422
    assert [deed for deed in await deeds(house) if deed[0] == "print"] == [("print", "consent")] * 3


async def test_nobody_else_finds_it_and_the_protected_are_not_printed(house: House) -> None:
    base, consent = await one_consent(house)
    path = f"{base}/consents/{consent.id}"
    stranger = post_of("agency_worker", agency="shogai-n")
    for place in (path, f"{path}/paper", f"{base}/consents/new"):
        assert (await house.get(place, actor=stranger, page=True)).status_code == 404, place
    owner = post_of("caseworker", "c")
    body = {"member": str(consent.member_id), "kind": "dv"}
    protected = await house.post(f"/api{base}/protections", body, actor=owner)
    assert protected.status_code == 201, protected.text
    other = post_of("caseworker", "c")
    for place in (path, f"{path}/paper", f"{base}/consents/new", f"/api/consents/{consent.id}/receipt"):
        answer = await house.get(place, actor=other, page=True)
        assert answer.status_code == 403, place
        assert "兄には" not in answer.text


async def test_managers_write_the_next_text(house: House) -> None:
    page = await house.get("/consent-texts", actor=post_of("caseworker", "c"), page=True)
    assert "いま使っている" in page.text
    assert "新しい版を作る" not in page.text
    assert (await house.get("/consent-texts", actor=post_of("operator"), page=True)).status_code == 403
    async with house.service.db.read() as session:
        first = (await session.scalars(select(ConsentText))).one()
    form = {f"{variant}_{part}": first.wording[variant][part] for variant in VARIANTS for part in EDITABLE}
    form |= {"valid_from": clock.today().isoformat(), "plain_intro": "{区|く}からの お{願|ねが}いです。"}
    assert (await send(house, "/consent-texts", form)).status_code == 403
    house.sign_in(post_of("manager"))
    for wrong, field in (({"en_law": ""}, "en_law"), ({"valid_from": "someday"}, "valid_from")):
        refused = await send(house, "/consent-texts", form | wrong)
        assert refused.status_code == 422
        assert f"f-{field}-error" in refused.text
    assert (await send(house, "/consent-texts", form)).status_code == 303
    page = await house.get("/consent-texts", page=True)
    assert "<ruby>願" in page.text
    assert ("consent_text", clock.today().isoformat()) in await deeds(house)
