/* The operator's cards ask for themselves every few seconds. One whose service does not answer says so in its own place
   and goes on asking; the figures it had are put away, because old ones mislead. */
const watch = (card) => {
  const away = card.querySelector("[data-away]");
  const figures = card.querySelector("[hx-get]");
  const show = (lost) => {
    away.hidden = !lost;
    figures.hidden = lost;
  };
  const lost = (event) => {
    event.stopPropagation(); // the page as a whole has not failed
    const { ctx } = event.detail ?? {};
    if (ctx) ctx.swap = "none";
    if (ctx?.response?.status === 401) document.dispatchEvent(new CustomEvent("kasane:session-ended"));
    show(true);
  };
  figures.addEventListener("htmx:error", lost);
  figures.addEventListener("htmx:response:error", lost);
  figures.addEventListener("htmx:after:swap", () => show(false));
};

document.querySelectorAll("[data-asks]").forEach(watch);
