"""Words that several pages share: what has just happened, results in their groups, days to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.i18n import N_, gettext, locale_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from shared.codes import Codes

DONE = {
    "accepted": N_("「行きます」と返事しました。"),
    "declined": N_("「行けません」と返事しました。組みなおしをたのみました。"),
    "arrived": N_("「着いた」を記録しました。45分で知らせがなければ、係長に知らせます。"),
    "left": N_("「出た」を記録しました。おつかれさまでした。"),
    "reported": N_("結果を記録し、担当者に知らせました。"),
    "undone": N_("結果を取り消し、担当者に知らせました。書いたことは下の欄に戻っています。"),
    "noted": N_("ひとことを記録しました。"),
    "published": N_("公開しました。行く人に知らせました。"),
    "proposed": N_("案を作りました。まだだれにも知らせていません。"),
    "changed": N_("訪問を組みなおしました。"),
    "dropped": N_("案を消しました。"),
    "described": N_("チームの力と時間を記録しました。"),
    "leave": N_("休みを記録しました。"),
    "leave_ended": N_("休みを取り消しました。"),
}


def done_words(request: Request) -> str | None:
    """The receipt that a redirect promised by ``?done=``; a word from the list, never a text from the address."""
    sentence = DONE.get(request.query_params.get("done", ""))
    return gettext(sentence, locale_of(request)) if sentence else None


def result_groups(codes: Codes, locale: str) -> list[dict[str, Any]]:
    """VISIT_RESULT in its groups, for the two-tap form."""
    return [
        {
            "title": group.label(locale),
            "options": [
                {
                    "value": entry.code,
                    "text": ("▲ " if entry.attributes.get("alarm") else "") + entry.label(locale),
                    "wide": bool(entry.attributes.get("wide")),
                    "alarm": bool(entry.attributes.get("alarm")),
                }
                for entry in codes["VISIT_RESULT"].values()
                if entry.active and entry.attributes.get("group") == group.code
            ],
        }
        for group in codes["RESULT_GROUP"].values()
    ]
