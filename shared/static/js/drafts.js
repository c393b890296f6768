/* Nothing typed is ever lost. <form data-draft="entry" data-draft-service="casework" data-draft-about="uuid of the case"
   data-draft-household="uuid" data-draft-id="uuid">:
   saved on the server three seconds after a change (PUT /intake/drafts/consultation/<id>), found again on the next
   device, offered when the form is opened, thrown away once the form has been taken. Nothing is written to the
   browser's own storage except the address of a draft that was just submitted (an id, no words), and what the server's
   draft has struck out, until it is corrected (my_number.js). */
import { learnt } from "./connection.js";
import { forgetTyped, keepTyped, withTyped } from "./my_number.js";
import { action, say, tell } from "./words.js";

const WAIT = 3000;
const RETRY = 10000;
const SENT = "kasane-draft-sent";
const seen = new WeakSet();
const NEVER = new Set(["idempotency_key", "csrf", "draft_id"]);

const time = (at) =>
  at.toLocaleTimeString("ja-JP", { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "Asia/Tokyo" });

/** The fields of a form as they stand: a string, a list for repeated names, false for a box that is not ticked. */
export const read = (form) => {
  const fields = {};
  for (const control of form.elements) {
    const { name, type, disabled } = control;
    if (!name || disabled || NEVER.has(name) || ["submit", "button", "file", "password"].includes(type)) continue;
    if (type === "radio") {
      if (control.checked) fields[name] = control.value;
    } else if (type === "checkbox") {
      fields[name] ??= [];
      if (control.checked) fields[name].push(control.value);
    } else if (control.multiple) {
      fields[name] = [...control.selectedOptions].map((option) => option.value);
    } else fields[name] = control.value;
  }
  return fields;
};

/** Writes fields back, adding rows (data-rows) that the draft has and the page has not. */
export const write = (form, fields) => {
  for (const rows of form.querySelectorAll("[data-rows]")) {
    const prefix = `${rows.dataset.rows}.`;
    const most = Math.max(-1, ...Object.keys(fields).filter((name) => name.startsWith(prefix)).map((name) => Number(name.split(".")[1]) || 0));
    const button = form.querySelector(`[data-add-row="${rows.dataset.rows}"]`);
    for (let n = rows.querySelectorAll("[data-row]").length; button && n <= most; n += 1) button.click();
  }
  for (const control of form.elements) {
    const { name, type } = control;
    if (!name || !(name in fields) || NEVER.has(name)) continue;
    const value = fields[name];
    if (type === "radio") control.checked = control.value === value;
    else if (type === "checkbox") control.checked = Array.isArray(value) ? value.includes(control.value) : Boolean(value);
    else if (control.multiple) for (const option of control.options) option.selected = value.includes(option.value);
    else if (["submit", "button", "file", "password"].includes(type)) continue;
    else control.value = value ?? "";
  }
};

class Keeper {
  constructor(form) {
    const { draft, draftService, draftId, draftAbout } = form.dataset;
    this.form = form;
    this.about = draftAbout || null;
    this.base = `/${draftService ?? location.pathname.split("/")[1]}/drafts/${draft}`;
    this.id = new URLSearchParams(location.search).get("draft") || draftId || crypto.randomUUID();
    this.pill = form.querySelector("[data-draft-state]");
    this.first = JSON.stringify(read(form));
    this.last = this.first;
    this.timer = null;
    this.touched = false; // pieces that arrive later change the form too: only what a person did is worth keeping
    for (const kind of ["input", "change"]) {
      form.addEventListener(kind, () => {
        this.touched = true;
        this.soon();
      });
    }
    form.addEventListener("submit", () => this.submitted());
    window.addEventListener("pagehide", () => this.flush());
    window.addEventListener("online", () => this.soon(0));
    document.addEventListener("kasane:session-back", () => this.soon(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.flush());
  }

  get url() {
    return `${this.base}/${this.id}`;
  }

  body(text) {
    const household = this.form.dataset.draftHousehold || this.form.elements.household?.value || null;
    return `{"fields":${text},"about":${JSON.stringify(this.about)},"household":${JSON.stringify(household)}}`;
  }

  show(text, tone) {
    if (!this.pill) return;
    this.pill.hidden = false;
    this.pill.className = `pill is-${tone}`;
    this.pill.querySelector("span").textContent = text;
  }

  soon(wait = WAIT) {
    if (this.sent || (this.timer && wait)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  async save() {
    this.timer = null;
    const text = JSON.stringify(read(this.form));
    if (text === this.last || this.sent) return;
    keepTyped(this.url, JSON.parse(text));
    try {
      const answer = await fetch(this.url, {
        method: "PUT",
        headers: { "content-type": "application/json", "x-kasane-person": document.body.dataset.person ?? "" },
        body: this.body(text),
        credentials: "same-origin",
      });
      learnt(true);
      if (answer.ok) {
        this.last = text;
        this.form.dispatchEvent(new CustomEvent("kasane:draft-saved"));
        this.show(`${say("saved")} ${time(new Date())}`, "good");
        this.remember();
        if (JSON.stringify(read(this.form)) !== text) this.soon();
      } else if ([401, 403, 409].includes(answer.status)) {
        document.dispatchEvent(new CustomEvent("kasane:session-ended"));
        this.show(say("refused"), "warn");
      } else {
        this.show(say("refused"), "warn");
        this.soon(RETRY);
      }
    } catch {
      learnt(false);
      this.show(say("kept"), "warn");
      this.soon(RETRY);
    }
  }

  /* A reload finds the draft again by its id: an id says nothing about anybody. */
  remember() {
    const here = new URL(location.href);
    if (here.searchParams.get("draft") === this.id || this.form.dataset.draftQuiet !== undefined) return;
    here.searchParams.set("draft", this.id);
    history.replaceState(history.state, "", here);
  }

  flush() {
    if (this.sent || !this.touched) return;
    const text = JSON.stringify(read(this.form));
    if (text === this.last) return;
    this.last = text;
    keepTyped(this.url, JSON.parse(text));
    fetch(this.url, {
      method: "PUT",
      headers: { "content-type": "application/json", "x-kasane-person": document.body.dataset.person ?? "" },
      body: this.body(text),
      credentials: "same-origin",
      keepalive: true,
    }).catch(() => {
      this.last = "";
    });
  }

  submitted() {
    this.sent = true;
    clearTimeout(this.timer);
    this.timer = null;
    if (this.last !== this.first || new URLSearchParams(location.search).has("draft")) sessionStorage.setItem(SENT, this.url);
    setTimeout(() => {
      this.sent = false; // still here after a while: the answer never came, so keep saving
    }, 8000);
  }

  async restore() {
    let drafts;
    try {
      const answer = await fetch(this.about ? `${this.base}?about=${this.about}` : this.base, { credentials: "same-origin", headers: { accept: "application/json" } });
      if (!answer.ok) return;
      drafts = await answer.json();
    } catch {
      return;
    }
    const asked = new URLSearchParams(location.search).get("draft");
    const mine = drafts.find(({ id }) => id === asked);
    if (mine) {
      this.take(mine);
      return;
    }
    const box = drafts.slice(0, 3).map((draft) => this.offer(draft));
    this.form.addEventListener("input", () => box.forEach((line) => line.remove()), { once: true });
  }

  take(draft) {
    this.id = draft.id;
    const fields = withTyped(this.url, draft.fields);
    write(this.form, fields);
    this.fillLater(Object.entries(fields).filter(([name]) => !this.form.elements[name]));
    this.last = JSON.stringify(read(this.form));
    this.show(`${say("restored")} ${time(new Date(draft.saved_at))}`, "act");
    this.remember();
    this.form.dispatchEvent(new Event("change", { bubbles: true }));
    this.form.dispatchEvent(new CustomEvent("kasane:restored", { bubbles: true }));
  }

  /* Pieces of the form that come with a request of their own get what the draft has for them when they are there. */
  fillLater(missing) {
    if (!missing.length) return;
    const fill = () => {
      const come = missing.filter(([name]) => this.form.elements[name]);
      if (!come.length) return;
      this.form.removeEventListener("htmx:after:swap", fill);
      write(this.form, Object.fromEntries(come));
      this.last = JSON.stringify(read(this.form));
      this.fillLater(missing.filter((one) => !come.includes(one)));
    };
    this.form.addEventListener("htmx:after:swap", fill);
  }

  offer(draft) {
    const at = new Date(draft.saved_at);
    const day = at.toLocaleDateString(document.documentElement.lang === "en" ? "en-GB" : "ja-JP", { month: "numeric", day: "numeric", timeZone: "Asia/Tokyo" });
    const line = tell(`${say("found")} (${day} ${time(at).slice(0, 5)})`, {
      tone: "act",
      iconName: "pen",
      id: `draft-${draft.id}`,
      actions: [
        action(say("resume"), {
          onclick: () => {
            document.querySelectorAll("[id^='draft-']").forEach((other) => other.remove());
            this.take(draft);
            this.form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
          },
        }),
        action(say("discard"), {
          low: true,
          onclick: async () => {
            line.remove();
            forgetTyped(`${this.base}/${draft.id}`);
            await fetch(`${this.base}/${draft.id}`, { method: "DELETE", credentials: "same-origin" }).catch(() => {});
          },
        }),
      ],
    });
    return line;
  }
}

/* The page after a submit: taken unless it shows the errors of the same form. */
const dropSent = () => {
  const url = sessionStorage.getItem(SENT);
  if (!url) return;
  sessionStorage.removeItem(SENT);
  if (document.querySelector("[data-errors], [data-problem]")) return;
  forgetTyped(url);
  fetch(url, { method: "DELETE", credentials: "same-origin" }).catch(() => {});
};

let looked = false;

/** Keeps the drafts of every form[data-draft] below `root`. */
export const watchDrafts = (root) => {
  if (!looked) {
    looked = true;
    dropSent();
  }
  root.querySelectorAll("form[data-draft]").forEach((form) => {
    if (seen.has(form)) return;
    seen.add(form);
    const keeper = new Keeper(form);
    if (!document.querySelector("[data-errors]")) keeper.restore();
  });
};
