"""What the actions of the audit are called on the auditor's page, in the groups that one filters by."""

from __future__ import annotations

from typing import Final

from shared.i18n import N_, gettext

GROUPS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "seen": (
        N_("閲覧"),
        ("view", "label", "list", "match", "cell", "open_with_reason"),
    ),
    "searched": (N_("検索"), ("search",)),
    "taken_out": (N_("印刷・出力"), ("print", "export")),
    "shared": (N_("共有"), ("share_asked", "share", "consent_recorded", "consent_withdrawn")),
    "protected": (N_("保護"), ("protection_set", "protection_ended")),
    "signed_in": (
        N_("サインイン"),
        ("sign_in", "sign_out", "session_ended", "sign_in_failed", "sign_in_locked"),
    ),
    "rights": (
        N_("権限の変更"),
        (
            "post_started", "post_ended", "post_limited", "successor_named", "person_registered", "identity_bound",
            "password_changed", "account_set_up", "account_invitation", "account_recovery",
        ),
    ),
    "machinery": (N_("運用と監査"), ("retry_parked", "skip_parked", "undo", "audit")),
}  # fmt: skip
"""Group: its name, and the actions in it."""

_ACTIONS: Final[dict[str, str]] = {
    "view": N_("ひらいた"),
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
    "consent_recorded": N_("同意を記録した"),
    "consent_withdrawn": N_("同意の撤回を記録した"),
    "protection_set": N_("保護を登録した"),
    "protection_ended": N_("保護を終えた"),
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
