"""What the pages say in receipts, and choices in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from shared.i18n import N_, gettext, locale_of
from shared.identity import WITHOUT_CASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request

    from services.casework.queries.directory import Directory
    from services.casework.queries.views import PostView
    from shared.codes import Codes

Choices = list[tuple[str, str]]

_DONE = {
    "invited": N_("声をかけました。返事の期限は3開庁日です。返事があるまで、担当はあなたです。"),
    "answered": N_("返事をしました。頼んだ人に知らせています。"),
    "accepted": N_("受理しました。世帯とケースが見えるようになりました。"),
    "acting": N_("対応中にしました。"),
    "left": N_("役割を終えました。担当に知らせています。"),
    "reminded": N_("もう一度知らせました。"),
    "visit": N_("訪問をたのみました。アウトリーチのリーダーに知らせています。"),
    "cancelled": N_("訪問の依頼を取り消しました。"),
    "entry": N_("経過を書きました。10分のあいだは取り消せます。"),
    "undone": N_("経過を取り消しました。書いた文は下書きに残っています。"),
    "fixed": N_("確定しました。これからは訂正だけができます。"),
    "corrected": N_("訂正しました。前の版も残っています。"),
    "task": N_("決まりごとを加えました。"),
    "moved": N_("決まりごとを進めました。"),
    "meeting": N_("会議を呼びかけました。"),
    "held": N_("会議の記録を残しました。"),
    "named": N_("参加者を指名しました。守秘の確認をお願いする知らせを送っています。"),
    "released": N_("参加者から外しました。この会議のことは、もう見えません。"),
    "signed": N_("守秘の確認を記録しました。"),
    "laid": N_("資料を出しました。見られるのは、守秘を確認した参加者だけです。"),
    "taken_back": N_("資料を取り下げました。"),
    "recalled": N_("資料を引き上げました。もうだれにも見えません。"),
    "called_off": N_("会議を取りやめました。"),
    "plan": N_("プラン案を書きました。支援決定を待ちます。"),
    "decided": N_("支援決定をしました。"),
    "reviewed": N_("見直しを記録しました。次の期限が動いています。"),
    "evaluated": N_("評価を残しました。"),
    "owner": N_("担当を替えました。"),
    "lead": N_("主担当を決めました。"),
    "closed": N_("ケースを終結しました。12か月のあいだは同じ番号で再開できます。"),
    "reopened": N_("ケースを再開しました。"),
    "opened": N_("見る理由を記録しました。"),
    "several": N_("サインインしました。きょうの職を選べます。"),
    "session_ended": N_("サインインを終わらせました。どの画面からも、もう使えません。"),
    "password": N_("パスワードを替えました。ほかの端末のサインインは終わりました。"),
    "looked": N_("見たことを記録しました。"),
    "home": N_("住む地区を記録しました。"),
    "person": N_("人を登録しました。職とアカウントを決めてください。"),
    "post": N_("職を加えました。始まりの日から使えます。"),
    "limited": N_("職の終わりと後任を記録しました。"),
    "post_ended": N_("職を終えました。担当ケースは次の職に移りました。"),
    "bound": N_("外部の識別子を結びつけました。"),
    "successor": N_("後任を記録しました。"),
    "acknowledged": N_("引き継ぎを受け取りました。"),
    "retried": N_("もう一度ためします。1、2秒でわかります。理由は記録に残りました。"),
    "skipped": N_("適用せずに終えました。うしろの事象をためしています。理由は記録に残りました。"),
}


def done_words(request: Request) -> Markup | None:
    """The receipt of what was just done (``?done=invited``), or nothing."""
    text = _DONE.get(request.query_params.get("done", ""))
    return Markup("<b>{}</b>").format(gettext(text, locale_of(request))) if text else None


def choices(codes: Codes, name: str, locale: str) -> Choices:
    """What may be chosen from a list today."""
    return codes.choices(name, locale)


def agency_choices(directory: Directory) -> Choices:
    """Every agency that is active, by kind."""
    active = [row for row in directory.agencies.values() if row.active]
    return [(row.code, directory.agency(row.code)) for row in sorted(active, key=lambda row: (row.kind, row.code))]


def member_choices(directory: Directory, posts: Iterable[PostView]) -> Choices:
    """Posts that may sit in a meeting: who, as what, where."""
    return [
        (str(post.id), f"{directory.post(post.id)} {directory.title(post.id)}")
        for post in posts
        if post.role not in WITHOUT_CASES
    ]
