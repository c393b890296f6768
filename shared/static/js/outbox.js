/* A result recorded in a stairwell without a signal. <form data-outbox> is sent as usual when the server answers; when it does not,
   the form is kept on this device, encrypted with a key that scripts cannot read out, and sent again by itself with the same
   idempotency key, in order, once there is a connection. Signing out throws it away with the key.
   Where the browser has no Web Crypto (plain HTTP by name) it is kept in memory only, and leaving the page is warned of. */
import { learnt } from "./connection.js";
import { action, say, tell } from "./words.js";

const PROBE = "/static/favicon.svg";
const PATIENCE = 4000;
const AGAIN = 20000;
const seen = new WeakSet();
const memory = [];
let timer = null;
let sending = false;

const opened = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("kasane-outbox", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys");
      request.result.createObjectStore("forms", { autoIncrement: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const run = async (store, mode, work) => {
  const db = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const request = work(db.transaction(store, mode).objectStore(store));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    db.close();
  }
};

const secret = async () => {
  const kept = await run("keys", "readonly", (keys) => keys.get("one"));
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await run("keys", "readwrite", (keys) => keys.put(made, "one"));
  return made;
};

const keep = async (letter) => {
  if (!crypto.subtle || !window.indexedDB) {
    memory.push(letter);
    return;
  }
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await secret(), new TextEncoder().encode(JSON.stringify(letter)));
  await run("forms", "readwrite", (forms) => forms.add({ iv, data }));
};

const waiting = async () => {
  if (!crypto.subtle || !window.indexedDB) return memory.map((letter, n) => ({ key: n, letter }));
  const keys = await run("forms", "readonly", (forms) => forms.getAllKeys());
  const boxes = await run("forms", "readonly", (forms) => forms.getAll());
  const letters = [];
  for (const [n, { iv, data }] of boxes.entries()) {
    try {
      const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await secret(), data);
      letters.push({ key: keys[n], letter: JSON.parse(new TextDecoder().decode(text)) });
    } catch {
      await run("forms", "readwrite", (forms) => forms.delete(keys[n])); // its key is gone: nobody can read it any more
    }
  }
  return letters;
};

const drop = async (key) => {
  if (!crypto.subtle || !window.indexedDB) memory.splice(key, 1);
  else await run("forms", "readwrite", (forms) => forms.delete(key));
};

/** Throws away what is kept and the key: called when a person signs out. */
export const forget = () =>
  new Promise((resolve) => {
    memory.length = 0;
    const request = window.indexedDB?.deleteDatabase("kasane-outbox");
    if (request) request.onsuccess = request.onerror = request.onblocked = resolve;
    else resolve();
  });

const reachable = async () => {
  try {
    await fetch(PROBE, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    learnt(true);
    return true;
  } catch {
    learnt(false);
    return false;
  }
};

const show = (count) => {
  document.getElementById("outbox")?.remove();
  if (count) tell(say("outbox").replace("{n}", count), { tone: "warn", iconName: "off", id: "outbox" });
};

const sendAll = async () => {
  if (sending) return;
  sending = true;
  try {
    const letters = await waiting();
    if (!letters.length) return;
    if (!(await reachable())) {
      show(letters.length);
      return;
    }
    let gone = 0;
    for (const { key, letter } of letters) {
      const answer = await fetch(letter.url, {
        method: "POST",
        credentials: "same-origin",
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "text/html" },
        body: letter.body,
      });
      if (answer.status === 401 || answer.status >= 500 || answer.url.includes("/sign-in")) {
        if (answer.status < 500) document.dispatchEvent(new CustomEvent("kasane:session-ended"));
        break;
      }
      await drop(key - (crypto.subtle ? 0 : gone));
      gone += 1;
      if (answer.ok) continue;
      tell(say("outboxRefused"), { tone: "stop", id: `refused-${key}`, actions: [action(say("look"), { href: letter.page })] });
    }
    show(letters.length - gone);
    if (gone) tell(say("outboxSent").replace("{n}", gone), { tone: "good", iconName: "check", id: "outbox-sent", actions: [action(say("look"), { href: location.pathname, low: true })] });
  } catch {
    learnt(false);
  } finally {
    sending = false;
    plan();
  }
};

const plan = async () => {
  clearTimeout(timer);
  if ((await waiting()).length) timer = setTimeout(sendAll, AGAIN);
};

const submit = async (event) => {
  const { currentTarget: form, submitter } = event;
  if (form.dataset.reached) return;
  event.preventDefault();
  const fields = new FormData(form, submitter);
  if (await reachable()) {
    form.dataset.reached = "yes";
    if (submitter?.name) {
      const hidden = document.createElement("input");
      hidden.type = "hidden";
      hidden.name = submitter.name;
      hidden.value = submitter.value;
      form.append(hidden);
    }
    form.submit();
    return;
  }
  // sent later, a form says when it was really pressed
  form.querySelectorAll("[data-now][name]").forEach(({ name }) => fields.set(name, new Date().toISOString()));
  await keep({ url: form.action, page: location.pathname, body: new URLSearchParams(fields).toString() });
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  delete form.dataset.sending;
  form.dispatchEvent(new CustomEvent("kasane:kept"));
  show((await waiting()).length);
  document.getElementById("outbox")?.scrollIntoView({ block: "nearest" });
  plan();
};

let started = false;

/** Guards every form[data-outbox] below `root`, and sends what an earlier page has kept. */
export const watchOutbox = (root) => {
  root.querySelectorAll("form[data-outbox]").forEach((form) => {
    if (seen.has(form)) return;
    seen.add(form);
    form.addEventListener("submit", submit);
  });
  if (started) return;
  started = true;
  window.addEventListener("online", sendAll);
  window.addEventListener("beforeunload", (event) => memory.length && event.preventDefault());
  document.querySelector("form[action$='/sign-out']")?.addEventListener("submit", forget);
  if (window.indexedDB) sendAll();
};
