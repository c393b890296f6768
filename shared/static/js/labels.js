/* Names stand in one service only. A page of another service carries <span data-label="household" data-id="…">K26-0391</span>;
   this asks the owner for all names of the page at once, with the viewer's own cookies and rights, and writes them in.
   What cannot be had stays as it is. Names are kept in memory for this page only. */
import { learnt } from "./connection.js";

const OWNERS = {
  household: { url: "/intake/labels", list: "households" },
  member: { url: "/intake/labels", list: "members" },
  post: { url: "/casework/labels", list: "posts" },
  agency: { url: "/casework/labels", list: "agencies" },
};
const MOST = 200;
const names = new Map();

const write = (element) => {
  const name = names.get(`${element.dataset.label} ${element.dataset.id}`);
  if (!name) return false;
  const fallback = element.textContent.trim();
  if (fallback && fallback !== name && "keep" in element.dataset) element.title = fallback;
  element.textContent = name;
  element.dataset.filled = "";
  return true;
};

const ask = async (url, body) => {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
    });
    learnt(true);
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
};

/** Fills every label below `root` that has no name yet. */
export const fillLabels = async (root) => {
  const open = [...root.querySelectorAll("[data-label]:not([data-filled])")].filter((element) => !write(element));
  const wanted = new Map();
  for (const { dataset } of open) {
    const owner = OWNERS[dataset.label];
    if (!owner || !dataset.id) continue;
    if (!wanted.has(owner.url)) wanted.set(owner.url, {});
    const lists = wanted.get(owner.url);
    (lists[owner.list] ??= new Set()).add(dataset.id);
  }
  await Promise.all(
    [...wanted].map(async ([url, lists]) => {
      const kinds = Object.entries(OWNERS).filter(([, owner]) => owner.url === url);
      for (const [kind, { list }] of kinds) {
        const ids = [...(lists[list] ?? [])];
        for (let from = 0; from < ids.length; from += MOST) {
          const answer = await ask(url, { [list]: ids.slice(from, from + MOST) });
          for (const [id, name] of Object.entries(answer)) names.set(`${kind} ${id}`, name);
        }
      }
      open.forEach(write);
    }),
  );
  document.dispatchEvent(new CustomEvent("kasane:labelled"));
};
