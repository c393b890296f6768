/* The numbers beside the places in the side bar: how much waits in the inbox, asked of its owner once a minute while the page is seen. */
import { learnt } from "./connection.js";

const EVERY = 60 * 1000;

const show = (key, waiting, late) => {
  const place = document.querySelector(`[data-count="${key}"]`);
  if (!place) return;
  place.hidden = !waiting;
  place.classList.toggle("stop", late > 0);
  place.firstChild.textContent = waiting > 99 ? "99+" : waiting;
};

const ask = async () => {
  if (document.visibilityState === "hidden") return;
  try {
    const answer = await fetch("/notify/api/count", { credentials: "same-origin", headers: { accept: "application/json" } });
    learnt(true);
    if (!answer.ok) return;
    const { waiting, late } = await answer.json();
    show("inbox", waiting, late);
  } catch {
    learnt(false);
  }
};

/** Starts asking. */
export const keepCounts = () => {
  ask();
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
};
