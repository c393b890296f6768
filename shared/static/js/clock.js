/* Running clocks: <time data-since="2026-06-18T10:14+09:00"> counts up (a telephone call), <b data-until="…"> counts down.
   data-words holds the sentence with {h} {m} {s}; once a second, and only while the page is seen. */

const clocks = new Set();
let timer = null;

const pad = (n) => String(n).padStart(2, "0");

const show = (element) => {
  const { since, until, words, over } = element.dataset;
  const seconds = Math.round((since ? Date.now() - Date.parse(since) : Date.parse(until) - Date.now()) / 1000);
  if (seconds < 0 && over) {
    element.textContent = over;
    return;
  }
  const left = Math.max(0, seconds);
  const h = Math.floor(left / 3600);
  const m = Math.floor((left % 3600) / 60);
  element.textContent = words.replace("{h}", h).replace("{m}", m).replace("{mm}", pad(m)).replace("{M}", h * 60 + m).replace("{s}", pad(left % 60));
};

const tick = () => {
  if (document.visibilityState === "hidden") return;
  for (const element of clocks) {
    if (element.isConnected) show(element);
    else clocks.delete(element);
  }
};

/** Starts the clocks below `root`. */
export const tickClocks = (root) => {
  root.querySelectorAll("[data-words]:is([data-since], [data-until])").forEach((element) => {
    if (clocks.has(element)) return;
    clocks.add(element);
    show(element);
  });
  if (clocks.size && !timer) timer = setInterval(tick, 1000);
};
