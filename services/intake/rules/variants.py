"""Characters that names are written with in more than one way: for finding people, never for storing them.

Variation selectors (IVS) are dropped, compatibility forms folded by NFKC; the table brings 旧字体 and 異体字 of names
to one form. 斎・齋・齊 are brought to 斉 too: other characters by right, but mixed up at every counter.
"""

from __future__ import annotations

import re
import unicodedata

_PAIRS = (
    "髙高﨑崎嵜崎碕崎邊辺邉辺斎斉齋斉齊斉濵浜濱浜廣広國国澤沢嶋島嶌島櫻桜藏蔵會会壽寿惠恵榮栄眞真實実德徳龍竜瀧滝"
    "圓円學学豐豊彌弥靜静鐵鉄與与𠮷吉冨富栁柳桒桑舘館峯峰冝宜曾曽槇槙檜桧礒磯禮礼巖巌莊荘薗園條条將将敎教淸清靑青"
    "增増黑黒橫横賴頼關関嚴厳兒児佛仏來来傳伝兩両劍剣卷巻單単堯尭壯壮奧奥寬寛寶宝巢巣彥彦應応恆恒戶戸收収敍叙晉晋"
    "曉暁槪概樂楽樣様歷歴步歩每毎淺浅渕淵滿満瀨瀬爲為狹狭獨独畫画當当盡尽硏研祿禄禪禅禰祢秊年穰穣竝並絲糸綠緑緖緒"
    "縣県繩縄聰聡臺台舊旧萬万蘆芦處処號号蟬蝉衞衛裝装觀観讓譲豬猪賣売轉転鄕郷釋釈鎭鎮險険雜雑靈霊顯顕餘余驛駅鷄鶏"
    "鷗鴎鹽塩麥麦齒歯龜亀萠萌遙遥凜凛舩船埜野籏旗旛幡檢検澁渋亞亜惡悪圍囲壹壱稻稲飮飲隱隠營営衛衛榎榎假仮價価擴拡"
    "覺覚勸勧歡歓氣気歸帰犧犠舊旧據拠擧挙峽峡區区驅駆勳勲薰薫徑径惠恵溪渓經経繼継鷄鶏藝芸縣県儉倹圈圏驗験恆恒效効"
    "鑛鉱碎砕濟済劑剤櫻桜參参慘惨殘残絲糸齒歯寫写釋釈從従澁渋獸獣縱縦肅粛處処敍叙奬奨燒焼證証乘乗剩剰壤壌孃嬢讓譲"
    "觸触囑嘱寢寝愼慎粹粋醉酔穗穂隨随髓髄數数聲声淸清攝摂竊窃淺浅踐践錢銭雙双搜捜插挿爭争總総聰聡莊荘裝装騷騒臟臓"
    "藏蔵屬属續続墮堕體体對対帶帯滯滞瀧滝擇択擔担膽胆團団彈弾遲遅晝昼鑄鋳廳庁聽聴遞逓點点轉転傳伝燈灯黨党盜盗稻稲"
    "鬪闘德徳讀読屆届惱悩腦脳廢廃拜拝賣売麥麦發発髮髪拔抜蠻蛮祕秘濱浜甁瓶拂払佛仏竝並變変邊辺辨弁舖舗穗穂寶宝豐豊"
    "襃褒飜翻槇槙萬万滿満默黙譯訳藥薬豫予餘余與与搖揺謠謡來来賴頼亂乱覽覧龍竜獵猟壘塁勵励靈霊戀恋爐炉勞労樓楼灣湾"
)
_VARIANTS = str.maketrans({_PAIRS[i]: _PAIRS[i + 1] for i in range(0, len(_PAIRS), 2)})
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_GA = re.compile(r"(?<=[\u3400-\u9fff])[ヶケヵがガ](?=[\u3400-\u9fff])")


def unify_kanji(text: str) -> str:
    """One form for the variants of a character, for comparing: 髙﨑→高崎, 渡邉→渡辺, 霞が丘→霞ケ丘."""
    plain = unicodedata.normalize("NFKC", _SELECTORS.sub("", text)).translate(_VARIANTS)
    return _GA.sub("ケ", plain)
