"""What the parts of a person's file and their fields are called."""

from __future__ import annotations

from typing import Final

from shared.i18n import N_, gettext

KINDS: Final[dict[str, str]] = {
    "home": N_("住まいと連絡先"),
    "person": N_("本人"),
    "other_member": N_("ほかの世帯員"),
    "consultation": N_("相談の受付"),
    "finding": N_("世帯類型の気づき"),
    "consent": N_("同意"),
    "protection": N_("支援措置"),
    "link": N_("つながる記録"),
    "case": N_("支援ケース"),
    "invitation": N_("関係機関への依頼と共有"),
    "share": N_("伝えた記録"),
    "meeting": N_("会議"),
    "material": N_("会議の準備シート"),
    "task": N_("決まったこと"),
    "plan": N_("プラン"),
    "entry": N_("支援経過"),
    "visit_request": N_("訪問の依頼"),
    "happening": N_("ケースの経緯"),
    "handover": N_("担当の引き継ぎ"),
    "visit": N_("訪問"),
    "note": N_("訪問先での記録"),
    "notification": N_("職員への知らせ"),
}
"""In the order of the file."""

FIELDS: Final[dict[str, str]] = {
    "number": N_("番号"),
    "address": N_("住所"),
    "phone": N_("電話番号"),
    "area": N_("圏域・地区"),
    "mesh": N_("地図の区画"),
    "dwelling": N_("住まいの種類"),
    "answers": N_("くわしい答え"),
    "position": N_("世帯での続柄"),
    "name": N_("氏名"),
    "kana": N_("読み(かな)"),
    "sex": N_("性別"),
    "birth": N_("生年月日"),
    "work": N_("仕事"),
    "care": N_("介護"),
    "dementia": N_("認知症"),
    "disability": N_("障害"),
    "marital": N_("婚姻"),
    "coresident": N_("同居"),
    "left": N_("世帯を離れた理由"),
    "met": N_("会えた日"),
    "channel": N_("受付の方法"),
    "caller": N_("相談した人"),
    "caller_relation": N_("相談した人との間柄"),
    "worries": N_("困りごと"),
    "words": N_("話されたことば"),
    "safety": N_("安全"),
    "avoid": N_("避けるべき関わり"),
    "urgency": N_("緊急度"),
    "result": N_("結果"),
    "reason": N_("理由"),
    "verdict": N_("判定"),
    "reasons": N_("その理由"),
    "answer": N_("答え"),
    "state": N_("状態"),
    "purpose": N_("目的"),
    "recipients": N_("伝えてよい先"),
    "items": N_("伝えてよい項目"),
    "limits": N_("本人が決めた限り"),
    "method": N_("方法"),
    "text_version": N_("見せた文の版"),
    "guardian": N_("代わりに同意した人"),
    "relation": N_("続柄"),
    "understood": N_("本人が分かって決めたことの確認"),
    "explained_on": N_("説明した日"),
    "signed_on": N_("署名の日"),
    "said_before": N_("署名の前の状態"),
    "said_on": N_("聞いた日"),
    "confirm_by": N_("確かめる期限"),
    "ends_on": N_("終わりの日"),
    "withdrawn": N_("撤回した日"),
    "withdrawal": N_("撤回のことば"),
    "kind": N_("種類"),
    "starts_on": N_("始まりの日"),
    "owner": N_("担当"),
    "lead": N_("主担当機関"),
    "share_track": N_("共有の道すじ"),
    "closed": N_("終結"),
    "agency": N_("機関"),
    "way": N_("伝え方"),
    "question": N_("依頼の内容"),
    "basis": N_("根拠"),
    "ground_words": N_("根拠の説明"),
    "answer_words": N_("返事のことば"),
    "place": N_("場所"),
    "members": N_("出席した機関"),
    "minutes": N_("議事の記録"),
    "title": N_("すること"),
    "due_on": N_("期限"),
    "goal": N_("目標"),
    "goal_by": N_("目標を話した人"),
    "line": N_("プランの行"),
    "document": N_("文書の番号"),
    "evaluation": N_("評価"),
    "facts": N_("事実"),
    "person_words": N_("本人のことば"),
    "judgement": N_("判断"),
    "next_step": N_("つぎにすること"),
    "with_whom": N_("話した相手"),
    "corrected": N_("直した理由"),
    "aim": N_("訪問のねらい"),
    "what": N_("何があったか"),
    "workers": N_("訪問した職"),
    "trust": N_("関係の段階"),
    "seen": N_("気づいたこと"),
    "read": N_("受け取り"),
}

_UNNAMED: Final = N_("そのほか")


def kind_word(kind: str) -> str:
    """What a kind of part is called in the reader's language."""
    return gettext(KINDS.get(kind, _UNNAMED))


def field_word(name: str) -> str:
    """What a field is called in the reader's language."""
    return gettext(FIELDS.get(name, _UNNAMED))


def place_in_file(kind: str) -> int:
    """Where a kind stands in the file; unknown ones come last."""
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS)
