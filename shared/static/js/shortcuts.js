/* Keys for people who have one hand at the telephone: / search, n new consultation, g and a letter to go somewhere, ? this list.
   Never while something is being typed, never with Ctrl, Alt or Meta. */

const PAUSE = 1200;
let going = 0;

const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");

const press = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented || typing(event.target)) return;
  const { key } = event;
  if (Date.now() - going < PAUSE && /^[a-z]$/.test(key)) {
    going = 0;
    const link = document.querySelector(`.side [data-keys="${key}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (key === "/") {
    event.preventDefault();
    document.getElementById("q")?.focus();
  } else if (key === "n") document.querySelector('.side [data-keys="n"]')?.click();
  else if (key === "g") going = Date.now();
  else if (key === "?") document.getElementById("keys")?.showModal?.();
};

/** Starts listening. */
export const listenForShortcuts = () => document.addEventListener("keydown", press);
