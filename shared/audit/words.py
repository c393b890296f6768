"""What the actions of the audit are called on the auditor's page, in the groups that one filters by."""

from __future__ import annotations

from typing import Final

from shared.i18n import N_, gettext

GROUPS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "seen": (
        N_("閲覧"),
        ("view", "view_meeting", "label", "list", "match", "cell", "open_with_reason"),
    ),
    "searched": (N_("検索"), ("search",)),
    "taken_out": (N_("印刷・出力"), ("print", "export")),
    "shared": (
        N_("共有"),
        (
            "share_asked", "share", "secrecy_signed", "consent_recorded", "consent_confirmed", "consent_withdrawn",
            "consent_text",
        ),
    ),
    "protected": (
        N_("保護"),
        (
            "protection_set", "protection_renewed", "protection_ended", "protection_allowed", "protection_disallowed",
            "apart_set", "apart_ended", "side_chosen", "glass_asked", "glass_approved", "glass_declined", "glass_shut",
            "glass_reviewed",
        ),
    ),
    "disclosed": (
        N_("開示請求"),
        (
            "disclose", "disclosure_received", "disclosure_extended", "disclosure_reviewed", "disclosure_decided",
            "disclosure_delivered", "disclosure_withdrawn",
        ),
    ),
    "erased": (
        N_("保存と消去"),
        ("hold_set", "hold_lifted", "erasure_asked", "erasure_refused", "household_erased"),
    ),
    "signed_in": (
        N_("サインイン"),
        ("sign_in", "sign_out", "session_ended", "sign_in_failed", "sign_in_locked"),
    ),
    "rights": (
        N_("権限の変更"),
        (
            "post_started", "post_ended", "post_limited", "successor_named", "person_registered", "identity_bound",
            "password_changed", "account_set_up", "account_invitation", "account_recovery", "home_district",
        ),
    ),
    "machinery": (N_("運用と監査"), ("retry_parked", "skip_parked", "undo", "audit", "unusual_looked_at")),
}  # fmt: skip
"""Group: its name, and the actions in it."""

_ACTIONS: Final[dict[str, str]] = {
    "view": N_("ひらいた"),
    "view_meeting": N_("会議の資料を見た"),
    "label": N_("氏名を表示"),
    "list": N_("一覧を見た"),
    "match": N_("似た世帯を見た"),
    "cell": N_("地図の位置を見た"),
    "open_with_reason": N_("理由を書いてひらいた"),
    "search": N_("検索した"),
    "print": N_("印刷した"),
    "export": N_("ファイルに出した"),
    "share_asked": N_("共有を申し入れた"),
    "share": N_("共有した"),
    "secrecy_signed": N_("守秘を確認した"),
    "consent_recorded": N_("同意を記録した"),
    "consent_text": N_("同意書の文面を変えた"),
    "consent_confirmed": N_("同意の署名を受け取った"),
    "consent_withdrawn": N_("同意が終わったと記録した"),
    "protection_set": N_("保護を登録した"),
    "protection_ended": N_("保護を終えた"),
    "protection_renewed": N_("保護を更新した"),
    "protection_allowed": N_("見てよい人にくわえた"),
    "protection_disallowed": N_("見てよい人から外した"),
    "apart_set": N_("世帯を分けて見せることにした"),
    "apart_ended": N_("分けて見せるのを終えた"),
    "side_chosen": N_("相談がどちらの側かを決めた"),
    "glass_asked": N_("緊急の開示を頼んだ"),
    "glass_approved": N_("緊急の開示を承認した"),
    "glass_declined": N_("緊急の開示をことわった"),
    "glass_shut": N_("緊急の開示を閉じた"),
    "glass_reviewed": N_("緊急の開示をふり返った"),
    "disclose": N_("開示のためにまとめた"),
    "disclosure_received": N_("開示請求を受け付けた"),
    "disclosure_extended": N_("開示の期限を延長した"),
    "disclosure_reviewed": N_("黒塗りを決めた"),
    "disclosure_decided": N_("開示の決定をした"),
    "disclosure_delivered": N_("開示の書類を渡した"),
    "disclosure_withdrawn": N_("開示請求の取下げを記録した"),
    "hold_set": N_("消去を止めた"),
    "hold_lifted": N_("消去を止めるのをやめた"),
    "erasure_asked": N_("消去の請求を受け付けた"),
    "erasure_refused": N_("消去の請求を断った"),
    "household_erased": N_("世帯の記録を消去した"),
    "sign_in": N_("サインインした"),
    "sign_out": N_("サインアウトした"),
    "session_ended": N_("サインインを終わらせた"),
    "sign_in_failed": N_("サインインできなかった"),
    "sign_in_locked": N_("サインインが止められた"),
    "post_started": N_("職を始めた"),
    "post_ended": N_("職を終えた"),
    "post_limited": N_("職の期限を決めた"),
    "successor_named": N_("後任を決めた"),
    "person_registered": N_("人を登録した"),
    "identity_bound": N_("外部のIDを結びつけた"),
    "password_changed": N_("パスワードを変えた"),
    "account_set_up": N_("サインインの準備をした"),
    "account_invitation": N_("アカウントの案内を出した"),
    "account_recovery": N_("アカウントを作り直した"),
    "retry_parked": N_("保留の事象をやり直した"),
    "skip_parked": N_("保留の事象を見送った"),
    "undo": N_("取り消した"),
    "audit": N_("監査記録を見た"),
    "unusual_looked_at": N_("目立った閲覧を確かめた"),
    "home_district": N_("職員の住む地区を変えた"),
}


def action_word(action: str) -> str:
    """What an action is called in the reader's language; an unknown one by its code."""
    return gettext(_ACTIONS.get(action, action))


def group_choices() -> list[tuple[str, str]]:
    """The groups as (value, text) for a select."""
    return [(name, gettext(text)) for name, (text, _) in GROUPS.items()]


def actions_of(group: str) -> tuple[str, ...]:
    """The actions of a group; nothing for an unknown one."""
    return GROUPS.get(group, ("", ()))[1]
