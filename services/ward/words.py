"""What the people of the made-up ward say and write. Nobody has said it; it only has to read as such things do."""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: Mapping[str, str] = {
    "hokatsu": "介護と医療につながるために、最初に何から始められますか。",
    "shakyo": "ご本人が外に出るきっかけを、いっしょに考えてもらえますか。",
    "jiritsu": "家計と仕事の見通しについて、会って聞いてもらえますか。",
    "seikatsu": "生活保護の相談の見通しを教えてください。",
    "shogai": "暮らしの場と支援の区分について相談できますか。",
    "hokenjo": "受診につながる関わり方を助言してもらえますか。",
    "kodomo": "お子さんの昼間の様子を、いっしょに見てもらえますか。",
}
"""What an agency is asked, by its kind."""

RETURNS = (
    ("needs_consent", "本人の同意を得てからにしてほしい。"),
    ("needs_facts", "いまの暮らしの様子がわかる資料がほしい。"),
    ("other_agency", "先に地域包括で状況を見てもらうのがよいと思う。"),
    ("capacity", "今月は新しい受け入れができない。来月もう一度相談してほしい。"),
)

FIRST = (
    "phone",
    "family",
    "折り返しの電話で家族と話した。困っていることを順に聞いた。",
    "「話せてよかった」",
    "次は会って話す。",
)
ENTRIES = (
    (
        "phone",
        "person",
        "電話で近況を聞いた。買い物は週に一度。",
        "「いまのままで、なんとかやっています」",
        "次の訪問まで様子を見る。",
    ),
    (
        "liaison",
        "agency",
        "関係機関と役割を確かめた。",
        "「うちで受診の日に付き添えます」",
        "受診の結果を待って次を決める。",
    ),
    (
        "procedure",
        "person",
        "窓口に本人が来た。書類をいっしょに書いた。",
        "「字を書くのが久しぶりだった」",
        "手続は進んだ。家計の話は次回に。",
    ),
    (
        "accompany",
        "person",
        "受診に付き添った。待合で一時間ほど話した。",
        "「ひとりだったら帰っていた」",
        "次の受診も同じ人が付き添う。",
    ),
    (
        "watch",
        "family",
        "近所の店で家族と会った。食事はとれている様子。",
        "「夜は眠れているみたいです」",
        "急ぐことはない。来月また声をかける。",
    ),
)

AIMS = (
    "家の様子を見て、声をひとつ聞く。",
    "連絡票を置き、次に会う日を決める。",
    "暮らしに困っていないか、戸口で確かめる。",
)
SIGHT = "本人の姿を目で見て確かめる。二人で行く。"
DOORS: Mapping[str, str] = {
    "met": "本人が戸を開けた。顔色はよい。また来てよいと言う。",
    "family": "母親と玄関で話した。本人は奥にいて物音がした。",
    "door": "ドアごしに返事があった。会うのはまだ、とのこと。",
    "absent_signs": "返事なし。台所の窓が明るく、水音がした。",
    "absent": "返事なし。郵便は抜かれている。",
}
"""What is noted at the door, by VISIT_RESULT."""

MINUTES = (
    "いまの様子を共有した。まず受診と介護の申請を進め、家計はそのあとに相談する。",
    "本人が会える人を一人ずつ増やすことで一致した。急がせない。",
    "支援の窓口を一つにした。連絡は主担当から入れる。",
)
TASKS: Mapping[str, str] = {
    "hokatsu": "介護認定の申請をいっしょにする",
    "shakyo": "居場所の見学に誘う",
    "jiritsu": "家計の見通しを本人と立てる",
    "seikatsu": "生活保護の申請の要否を伝える",
    "shogai": "サービスの利用を説明する",
    "hokenjo": "受診先を決めて付き添う",
    "kodomo": "学校と面談の日を決める",
}
GOALS = (
    "「朝、起きて外の空気を吸えるようになりたい」",
    "「母のことを相談できる人がいてほしい」",
    "「借金を片づけて、静かに暮らしたい」",
    "「週に一度は、だれかと話したい」",
)
OFTEN = ("週に1回", "月に2回", "月に1回")
EVALUATIONS = {
    "reached": "本人のめざす姿に届いた。見守りは地域で続ける。",
    "mostly": "受診と手続は続いている。外に出る回数が増えた。",
    "partly": "会えるようになったが、暮らしの立てなおしはこれから。",
}

ITEMS: Mapping[str, tuple[str, ...]] = {
    "elders": ("identity", "family", "health", "care"),
    "children": ("identity", "family", "work", "economy"),
}
"""What people let others know, by CONSENT_ITEM."""
LIMITS = (
    "",
    "",
    "",
    "近所の人には知らせないでほしい。",
    "兄弟には話さないでほしい。",
    "お金のことは、わたしから話す。",
    "封筒に区の名前を出さないでほしい。",
)
TAKEN_BACK = ("自分で話すことにした。", "家族に知られたくない。")
