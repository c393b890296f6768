/* マイナンバー: a form that holds one is not sent, the field says why, and what was typed stays where it is.
   The server has the last word (shared/my_number.py, which this follows); here it only saves the way there and back.
   A draft is kept on the server with the digits struck out; what was typed stays in this tab alone until it is corrected,
   thrown away, signed out from or closed. */
import { say } from "./words.js";

const KEPT = "kasane-typed:";
const OWN_ID = /(?<![0-9a-z])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-z])/gi;
const RUN = /\d(?:[\p{Zs}\t\p{Pd}\p{Cf}ー−⁃˗─━]*\d)*/gu;

const passes = (digits) => {
  if (digits.length !== 12) return false;
  let sum = 0;
  for (let n = 1; n <= 11; n += 1) sum += Number(digits[11 - n]) * (n <= 6 ? n + 1 : n - 5);
  const rest = sum % 11;
  return Number(digits[11]) === (rest <= 1 ? 0 : 11 - rest);
};

/** Whether a text holds a whole run of digits that is a マイナンバー. */
export const holds = (text) =>
  [...text.replace(OWN_ID, "/").normalize("NFKC").matchAll(RUN)].some(([run]) =>
    [run, ...run.split(/[\p{Zs}\t]+/u), ...run.split(/\D+/)].some((piece) => passes(piece.replace(/\D/g, ""))),
  );

const isTelephone = (name) => /(^|[._])phone$/.test(name);
const suspects = (form) => [...form.elements].filter(({ name, type, value }) => name && !["hidden", "file", "password"].includes(type) && !isTelephone(name) && typeof value === "string" && holds(value));

/** Keeps what was typed where the server's draft at `url` has it struck out; forgets it once nothing is. */
export const keepTyped = (url, fields) => {
  const typed = Object.fromEntries(Object.entries(fields).filter(([name, value]) => typeof value === "string" && !isTelephone(name) && holds(value)));
  if (Object.keys(typed).length) sessionStorage.setItem(KEPT + url, JSON.stringify(typed));
  else sessionStorage.removeItem(KEPT + url);
};

/** The fields of the draft at `url` as this browser knows them. */
export const withTyped = (url, fields) => ({ ...fields, ...JSON.parse(sessionStorage.getItem(KEPT + url) ?? "{}") });

/** Forgets what was typed into the draft at `url`; without one, into any. */
export const forgetTyped = (url = "") => {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(KEPT + url)) sessionStorage.removeItem(key);
};

const stop = (event) => {
  const form = event.target;
  if (form.getAttribute("action")?.endsWith("/sign-out")) forgetTyped();
  const [first, ...others] = suspects(form);
  if (!first) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  for (const control of [first, ...others]) {
    control.setCustomValidity(say("myNumber"));
    control.addEventListener("input", () => control.setCustomValidity(""), { once: true });
  }
  first.reportValidity();
};

/** Looks at every form before it is sent. */
export const watchForNumbers = () => window.addEventListener("submit", stop, true);
