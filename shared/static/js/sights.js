/* A page that shows a family asks every few seconds whether its reader may still see it: <div data-still="/casework/…/still">.
   When the right has ended (consent withdrawn, post changed, materials recalled) everything on it gives way to a sentence. */
import { learnt } from "./connection.js";
import { action, say, tell } from "./words.js";

const EVERY = 4000;
const ENDED = new Set([403, 404, 410]);
const CHANGED = 409;
let over = false;
let asking = false;

const close = (changed) => {
  over = true;
  document.title = "Kasane";
  const main = document.getElementById("main");
  const messages = document.getElementById("messages");
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  messages.replaceChildren();
  main.replaceChildren(messages);
  const button = changed ? action(say("reload"), { onclick: () => location.reload() }) : action(say("home"), { href: "/" });
  tell(say(changed ? "sightChanged" : "sightEnded"), { tone: "warn", iconName: "lock", id: "sight-ended", actions: [button] });
  main.focus();
};

const ask = async () => {
  const shown = document.querySelector("[data-still]");
  if (!shown || over || asking || document.visibilityState === "hidden") return;
  asking = true;
  try {
    const answer = await fetch(shown.dataset.still, { credentials: "same-origin", cache: "no-store", headers: { accept: "application/json" } });
    learnt(true);
    if (ENDED.has(answer.status) || answer.status === CHANGED) close(answer.status === CHANGED);
  } catch {
    learnt(false); // no connection: nobody can have told anything yet
  } finally {
    asking = false;
  }
};

/** Starts asking, if the page shows anything that may end. */
export const watchSights = () => {
  if (!document.querySelector("[data-still]")) return;
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", (event) => event.persisted && ask());
};
