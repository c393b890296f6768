/* The pill in the bar: connected, or not. The browser's own word is checked by the first request that fails or succeeds. */

let pill = null;

const show = (online) => {
  if (!pill || pill.dataset.online === String(online)) return;
  pill.dataset.online = String(online);
  pill.classList.toggle("is-good", online);
  pill.classList.toggle("is-warn", !online);
  pill.querySelector("span").textContent = online ? pill.dataset.on : pill.dataset.off;
};

/** Tells the pill what a request has just learnt. */
export const learnt = (online) => show(online);

/** Follows the browser's online and offline events. */
export const showConnection = () => {
  pill = document.getElementById("connection");
  if (!navigator.onLine) show(false);
  window.addEventListener("online", () => show(true));
  window.addEventListener("offline", () => show(false));
};
