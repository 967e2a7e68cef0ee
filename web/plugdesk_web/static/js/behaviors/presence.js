/* A composer with data-presence-url says that its person is writing, and shows who else is: {typing, warning} in words. */
import { postForJson } from "../send.js";

const EVERY = 5_000;

export default function presence(form, signal) {
  let typedAt = 0;
  const typing = form.querySelector("[data-typing]");
  const warning = form.querySelector("[data-warning]");
  form.addEventListener("input", () => { typedAt = Date.now(); }, { signal });

  async function tell() {
    if (document.hidden) return;
    const answer = await postForJson(form.dataset.presenceUrl, { writing: Date.now() - typedAt < 2 * EVERY ? 1 : 0 }, { signal }).catch(() => null);
    if (!answer) return;
    show(typing, answer.typing, true);
    show(warning, answer.warning, false);
  }

  tell();
  const timer = setInterval(tell, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function show(place, text = "", dots) {
  if (!place || place.dataset.said === text) return;
  place.dataset.said = text;
  const marks = text && dots ? [1, 2, 3].map(() => document.createElement("i")) : [];
  place.replaceChildren(...marks, ...(text ? [` ${text}`] : []));
}
