/* Keeps a session alive while a person is at work. When it has ended the page stays as it is: one signs in beside it,
   in a second window, and what was typed is sent from here. A form is never sent with a token that has run out. */
import { learnt } from "./connection.js";
import { action, say, tell } from "./words.js";

const EVERY = 5 * 60 * 1000; // a token lasts fifteen minutes
const FRESH = 3000; // an answer so young need not be asked for again
const PATIENCE = 4000;
let touched = Date.now();
let renewed = Date.now();
let asked = 0;
let ended = false;
let foreign = false;
let asking = null;

const over = () => {
  if (ended) return;
  ended = true;
  const door = action(say("again"), { href: "/casework/sign-in?next=/casework/me" });
  door.target = "_blank";
  tell(say("ended"), { tone: "warn", iconName: "lock", id: "session-ended", actions: [door] });
};

const back = () => {
  if (!ended) return;
  ended = false;
  document.getElementById("session-ended")?.remove();
};

const ask = async () => {
  try {
    const answer = await fetch("/casework/session/renew", {
      method: "POST",
      credentials: "same-origin",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    learnt(true);
    if (answer.status === 401) return over();
    if (!answer.ok) return undefined;
    renewed = Date.now();
    const { post } = await answer.json();
    foreign = post !== document.body.dataset.post;
    document.getElementById("other-post")?.remove();
    if (foreign) tell(say("otherPost"), { tone: "warn", iconName: "id", id: "other-post", actions: [action(say("reload"), { onclick: () => location.reload() })] });
    back();
  } catch {
    learnt(false); // no connection: what is typed is kept, and sent once there is one
  }
  return undefined;
};

/** Makes a fresh token, once for all who want one at the same moment. */
const renew = () => {
  asking ??= ask().finally(() => {
    asking = null;
    asked = Date.now();
  });
  return asking;
};

const stale = () => ended || foreign || Date.now() - renewed > EVERY;

const touch = () => {
  touched = Date.now();
  if (!ended && !foreign && stale()) renew();
};

/* Sent after the session has ended, a form would be answered with the sign-in page, and what was typed would be gone:
   so one asks first. Without a connection there is no answer, and the form goes its usual way (outbox.js keeps its own). */
const hold = async (event) => {
  const { target: form, submitter } = event;
  const kept = "outbox" in form.dataset;
  const said = (name) => form.getAttribute(name) ?? ""; // form.method may be a field of that name
  if (said("method") !== "post" || "plain" in form.dataset || said("action").endsWith("/sign-out") || !navigator.onLine) return;
  if (!stale() && (kept || Date.now() - asked < FRESH)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  await renew();
  const why = ended ? "session-ended" : foreign ? "other-post" : "";
  if (why) {
    document.getElementById(why)?.scrollIntoView({ block: "nearest" });
    document.querySelector(`#${why} .btn`)?.focus();
  } else {
    renewed = Date.now(); // also without an answer: the form's own sending tells what is wrong
    asked = renewed;
    form.requestSubmit(submitter);
  }
};

/** Renews the session every five minutes of work, and before a form is sent. */
export const keepSession = () => {
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touch, { passive: true });
  document.addEventListener("submit", hold, { capture: true });
  document.addEventListener("kasane:session-ended", async () => {
    await renew(); // perhaps only the token has run out
    if (!ended && !foreign) document.dispatchEvent(new CustomEvent("kasane:session-back"));
  });
  window.addEventListener("focus", async () => {
    if (!ended) return;
    await renew();
    if (!ended && !foreign) document.dispatchEvent(new CustomEvent("kasane:session-back"));
  });
  setInterval(() => touched > renewed && stale() && !ended && renew(), EVERY);
};
