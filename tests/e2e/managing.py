"""Marked words in what operators, managers and auditors type: staff, a person's file, keeping and erasing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from shared import clock
from tests.forms import Fields

if TYPE_CHECKING:
    from services.story.stage import Person
    from tests.e2e.canaries import Marks
    from tests.e2e.test_canaries import Office


async def administer(office: Office, marks: Marks) -> None:
    operator = await office.person("operator-1")
    known = {name: marks.word() for name in ("name", "kana", "romaji", "employee_number")}
    made = await operator.http.post("/casework/people", data=known | {"email": marks.email()})
    path = made.headers["location"].partition("?")[0]
    titles = {"title_ja": marks.word(), "title_en": marks.word()}
    for page, form in {
        "posts": {"agency": "shakyo", "role": "agency_worker", "starts_on": str(clock.today())} | titles,
        "identities": {"issuer": f"https://{marks.word()}.example", "subject": marks.word()},
        "account": {"login": marks.word()},
    }.items():
        answer = await operator.http.post(f"{path}/{page}", data=form)
        assert answer.status_code in {200, 303}, (page, answer.text)


async def disclose_and_look(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    """A person's file is asked for in somebody's name, extended, looked through; another request is taken back."""
    manager, auditor = await office.person("manager-1"), await office.person("auditor-1")

    request = {
        "member": ids["member"], "asked_by": "agent", "asker_name": marks.word(), "identity_check": "licence",
        "received_on": clock.today().isoformat(),
    }  # fmt: skip
    path = f"/intake/disclosures/new/{ids['household']}"
    kept, taken_back = await send(manager, path, **request), await send(manager, path, **request)
    await send(manager, f"{taken_back}/withdraw", reason=marks.word())
    await send(manager, f"{kept}/extend", reason=marks.word())
    page = await manager.http.get(f"{kept}/review", headers={"accept": "text/html"})
    fields = Fields(page.text, f"{kept}/review").sent
    await send(manager, f"{kept}/review", **fields | {"add_phrase": marks.word()})
    looked = {"day": clock.today().isoformat(), "rule": "same_name", "post": str(auditor.post.id)}
    looked |= {"household": ids["household"], "words": marks.word()}
    assert (await auditor.http.post("/casework/audit/unusual", data=looked)).status_code == 303


async def keep_and_erase(office: Office, marks: Marks, ids: dict[str, str]) -> None:
    """An erasure is stopped, let go on, asked for, refused; another household goes."""
    caseworker, manager = await office.person("caseworker-n1"), await office.person("manager-1")
    base = f"/intake/households/{ids['household']}/retention"

    held = {"ground": "appeal", "reason": marks.word(), "reference": marks.word()}
    page = (await manager.http.get(await send(manager, f"{base}/holds", **held))).text
    hold = re.findall(r"/holds/([0-9a-f-]{36})/lift", page)[0]
    await send(manager, f"{base}/holds/{hold}/lift", reason=marks.word())
    await send(caseworker, f"{base}/request", ground="article_98", words=marks.word())
    lines = re.findall(r"/disposals/([0-9a-f-]{36})/refuse", (await manager.http.get("/intake/disposals")).text)
    await send(manager, f"/intake/disposals/{lines[0]}/refuse", answer="duty_to_keep", words=marks.word())
    made = await caseworker.post_to("/intake/api/consultations", {"words": marks.word(), "area": "n"})
    await send(caseworker, f"/intake/households/{made['household']}/retention/request", ground="mistaken")
    chosen = re.findall(r'name="chosen" value="([0-9a-f-]{36})"', (await manager.http.get("/intake/disposals")).text)
    await send(manager, "/intake/disposals/erase", chosen=chosen, document=marks.word())


async def send(person: Person, path: str, **form: object) -> str:
    """Post a form that must be taken; where it leads."""
    answer = await person.http.post(path, data={"idempotency_key": uuid4().hex} | form)
    assert answer.status_code == 303, (path, answer.text)
    return str(answer.headers["location"]).partition("?")[0]
