/* Forms: the focus goes to what is wrong, a second click sends nothing, rows are added and taken away, long texts are counted.
   Without it forms still work: the idempotency key (rendered by the server) makes one record of two sendings. */
import { say, tell } from "./words.js";

const seen = new WeakSet();

const focusErrors = () => {
  const errors = document.querySelector("[data-errors]");
  if (!errors || seen.has(errors)) return;
  seen.add(errors);
  for (const link of errors.querySelectorAll('a[href^="#f-"]')) {
    const control = document.getElementById(link.hash.slice(1));
    const heading = control?.closest("fieldset")?.querySelector("legend") ?? control?.labels?.[0];
    const name = heading?.firstChild?.textContent.trim();
    if (name) link.prepend(`${name}: `);
  }
  errors.focus();
};

/* A busy button stays focusable (aria-disabled in meaning, not `disabled`), so the keyboard does not fall off the page. */
const guard = (form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sending = "yes";
    const button = event.submitter;
    button?.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), 8000); // the answer never came: let the person try again, the key is the same
  }, true);
};

const release = (form) => {
  delete form.dataset.sending;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
};

const count = (area) => {
  const line = document.createElement("p");
  line.className = "count";
  const show = () => {
    const left = area.maxLength - area.value.length;
    line.textContent = area.dataset.count.replace("{n}", left.toLocaleString());
    line.classList.toggle("warn", left < area.maxLength / 20);
    line.hidden = left > area.maxLength / 2;
  };
  area.addEventListener("input", show);
  area.after(line);
  show();
};

/* <div data-rows="members"> … <template data-row-template> with {n} … <button data-add-row="members">. */
const addRow = (button) => {
  const rows = document.querySelector(`[data-rows="${button.dataset.addRow}"]`);
  const template = document.querySelector(`template[data-row-template="${button.dataset.addRow}"]`) ?? rows?.querySelector("template");
  if (!rows || !template) return;
  const n = Number(rows.dataset.next ?? rows.querySelectorAll("[data-row]").length);
  rows.dataset.next = String(n + 1);
  const html = template.innerHTML.replaceAll("{n}", String(n)).replaceAll("%7Bn%7D", String(n)).replaceAll("{no}", String(n + 1));
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const row = holder.content.firstElementChild;
  rows.append(holder.content);
  window.htmx?.process(row);
  row.querySelector("select, input")?.focus();
  row.dispatchEvent(new Event("input", { bubbles: true }));
};

/* <a href="?agency=hokatsu-n&basis=consent" data-fills="do">: the answers of the address go into the form; nothing typed is lost. */
const fill = (event, link) => {
  const form = document.getElementById(link.dataset.fills);
  if (!form) return;
  event.preventDefault();
  let first = null;
  for (const [name, value] of new URL(link.href).searchParams) {
    const control = form.elements[name];
    if (!control) continue;
    control.value = value;
    first ??= control;
  }
  (first ?? form).dispatchEvent(new Event("change", { bubbles: true }));
  first?.focus();
};

const click = (event) => {
  const add = event.target.closest("[data-add-row]");
  if (add) addRow(add);
  const drop = event.target.closest("[data-drop-row]");
  if (drop) {
    const row = drop.closest("[data-row]");
    const form = row.closest("form");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("select, input") ?? form?.querySelector("[data-add-row]"))?.focus();
    form?.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const filler = event.target.closest("a[data-fills]");
  if (filler) fill(event, filler);
  if (event.target.closest("[data-prints]")) window.print();
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal?.();
  if (!event.target.closest(".post")) document.querySelector(".post[open]")?.removeAttribute("open");
};

/* A piece of another service that the page can do without (data-without): what stands there stays, or gives way to these words. */
const without = (asked) => {
  if (asked.dataset.without) asked.textContent = asked.dataset.without;
};

/* An answer that is a whole page, or none at all, must not land in a corner of this one: its sentence is told at the top. */
const refused = (event) => {
  const { ctx } = event.detail;
  const asked = ctx.sourceElement ?? event.target;
  if (asked.dataset?.without !== undefined) {
    without(asked);
    return;
  }
  const text = ctx.text ?? "";
  if (ctx.response?.status < 500 && !/<html[\s>]/i.test(text)) return;
  ctx.swap = "none";
  const sentence = new DOMParser().parseFromString(text, "text/html").querySelector("[data-sentence]")?.textContent.trim();
  tell(sentence || say("failed"), { tone: ctx.response?.status < 500 ? "warn" : "stop", id: "failed" });
};
const failed = (event) => {
  if (event.detail?.ctx?.sourceElement?.dataset?.without === undefined) tell(say("failed"), { tone: "stop", id: "failed" });
};

/* <button data-needs="basis">: off until one that can be chosen is chosen; what is beside it (data-lacks) says why. */
const needs = () => {
  for (const button of document.querySelectorAll("button[data-needs]")) {
    const name = button.dataset.needs;
    button.disabled = !button.form.querySelector(`[name="${name}"]:checked:not(:disabled)`);
    const why = button.form.querySelector(`[data-lacks="${name}"]`);
    if (why) why.hidden = !button.disabled;
  }
};

let listening = false;

/** Prepares the forms below `root`. */
export const watchForms = (root) => {
  focusErrors();
  needs();
  root.querySelectorAll("form[method=post], form[hx-post], form[hx-put]").forEach((form) => {
    if (seen.has(form)) return;
    seen.add(form);
    guard(form);
  });
  root.querySelectorAll("textarea[data-count][maxlength]").forEach((area) => {
    if (seen.has(area)) return;
    seen.add(area);
    count(area);
  });
  if (listening) return;
  listening = true;
  document.addEventListener("click", click);
  document.addEventListener("change", (event) => {
    needs();
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector(".post[open]")?.removeAttribute("open");
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const form = event.target.closest?.("form");
    if (form) release(form);
  });
  document.addEventListener("htmx:error", failed);
  document.addEventListener("htmx:response:error", refused);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(release);
  });
};
