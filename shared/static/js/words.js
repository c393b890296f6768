/* The few sentences that scripts say themselves; everything else is written by the server. */
const WORDS = {
  ja: {
    saved: "下書き保存ずみ",
    saving: "下書きを保存しています",
    kept: "つながったら保存します。書いたものは消えません",
    refused: "下書きを保存できませんでした",
    found: "書きかけの下書きがあります",
    resume: "続きを書く",
    discard: "捨てる",
    restored: "下書きから続けています",
    ended: "サインインの時間が切れました。書いたものはこの画面に残っています。別の窓でサインインしてから、もう一度送ってください。",
    again: "別の窓でサインインする",
    otherPost: "別の窓で、ほかの職に切り替わっています。もとの職にもどすか、この画面を読みこみ直してください。",
    reload: "読みこみ直す",
    sending: "送っています",
    outbox: "電波なし。記録 {n}件はこの端末にあります。つながると自動で送ります。書いたものは消えません。",
    outboxSent: "保管していた記録 {n}件を送りました。",
    outboxRefused: "保管していた記録の 1件は受け取られませんでした。ひらいて確かめてください。",
    look: "ひらく",
    myNumber: "マイナンバー(個人番号)と思われる12桁の数字があります。消してから保存してください。",
    sightEnded: "この画面を見る権限が終わりました(同意の取り下げ・担当の交代・資料の引き上げなど)。内容を閉じました。",
    sightChanged: "見える範囲が変わりました。画面を開き直してください。",
    home: "はじめのページへ",
    failed: "うまくいきませんでした。書いたものは残っています。もう一度ためしてください。",
  },
  en: {
    saved: "Draft saved",
    saving: "Saving the draft",
    kept: "Will be saved when the connection is back. Nothing is lost",
    refused: "The draft could not be saved",
    found: "There is an unfinished draft",
    resume: "Continue",
    discard: "Discard",
    restored: "Continuing from the draft",
    ended: "Your sign-in has ended. What you wrote stays on this page. Sign in in another window, then send it again.",
    again: "Sign in in another window",
    otherPost: "Another window has changed to another post. Change back to the first post, or load this page again.",
    reload: "Load again",
    sending: "Sending",
    outbox: "No connection. {n} record(s) are kept on this device and will be sent by themselves. Nothing is lost.",
    outboxSent: "{n} kept record(s) have been sent.",
    outboxRefused: "One kept record was not accepted. Please open it and look.",
    look: "Open",
    myNumber: "There are twelve digits that look like an individual number (My Number). Remove it, then save.",
    sightEnded: "Your right to see this page has ended (consent withdrawn, another post in charge, materials recalled …). Its content was closed.",
    sightChanged: "What you may see has changed. Please open the page again.",
    home: "To the first page",
    failed: "That did not work. What you wrote is kept. Please try again.",
  },
};

/** The sentence `name` in the language of the page. */
export const say = (name) => (WORDS[document.documentElement.lang] ?? WORDS.ja)[name];

/** An icon of the sprite, as an element. */
export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#i-${name}`);
  svg.append(use);
  return svg;
};

/** Puts a notice at the top of the page. `actions`: elements. Gives the notice. */
export const tell = (text, { tone = "warn", iconName = "alert", actions = [], id = "" } = {}) => {
  if (id) document.getElementById(id)?.remove();
  const box = document.createElement("div");
  box.className = `toast is-${tone}`;
  box.id = id;
  const line = document.createElement("p");
  line.textContent = text;
  const buttons = document.createElement("span");
  buttons.className = "btns";
  buttons.append(...actions);
  box.append(icon(iconName), line, buttons);
  document.getElementById("messages")?.append(box);
  return box;
};

/** A button or link for `tell`. */
export const action = (text, { href = "", onclick = null, low = false } = {}) => {
  const element = document.createElement(href ? "a" : "button");
  if (href) element.href = href;
  else element.type = "button";
  element.className = low ? "btn low" : "btn";
  element.textContent = text;
  if (onclick) element.addEventListener("click", onclick);
  return element;
};
