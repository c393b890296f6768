/* Keeps a session alive while a person is at work, and says so when it has ended: the page stays, the draft is kept. */
import { learnt } from "./connection.js";
import { action, say, tell } from "./words.js";

const EVERY = 5 * 60 * 1000;
const IDLE = 60 * 60 * 1000;
let touched = Date.now();
let ended = false;

const over = () => {
  if (ended) return;
  ended = true;
  const back = encodeURIComponent(location.pathname);
  tell(say("ended"), {
    tone: "warn",
    iconName: "lock",
    id: "session-ended",
    actions: [action(say("again"), { href: `/casework/sign-in?next=${back}` })],
  });
};

const renew = async () => {
  if (ended || Date.now() - touched > IDLE) return; // nobody is here any more: let the session run out by itself
  try {
    const answer = await fetch("/casework/session/renew", { method: "POST", credentials: "same-origin" });
    learnt(true);
    if (answer.status === 401) over();
  } catch {
    learnt(false);
  }
};

/** Renews the session every five minutes of work. */
export const keepSession = () => {
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => (touched = Date.now()), { passive: true });
  document.addEventListener("kasane:session-ended", over);
  setInterval(renew, EVERY);
};
