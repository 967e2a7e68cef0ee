/* <body data-behavior="live" data-url="…" data-since="17">: asks what changed, every second while the page is looked at, every
   five when it is not. The answer is 204, or {since, changed: {list, counts, tickets: [42]}, announce}. What changed is told
   to the document as plugdesk:changed; see refresh. */
import { announce } from "../say.js";

const SHOWN = 1_000;
const HIDDEN = 5_000;
const SLOWEST = 30_000;

export default function live(element, signal) {
  let since = element.dataset.since;
  let failures = 0;
  let timer;

  async function look() {
    clearTimeout(timer);
    try {
      const url = new URL(element.dataset.url, location.href);
      url.searchParams.set("since", since);
      const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
      if (response.status === 401 || response.status === 403) return;
      if (!response.ok) throw new Error(String(response.status));
      failures = 0;
      if (response.status !== 204) tell(await response.json());
    } catch {
      failures += 1;
    }
    if (signal.aborted) return;
    timer = setTimeout(look, Math.min(SLOWEST, (document.hidden ? HIDDEN : SHOWN) * 2 ** Math.min(failures, 5)));
  }

  function tell(answer) {
    since = answer.since;
    document.dispatchEvent(new CustomEvent("plugdesk:changed", { detail: answer.changed ?? {} }));
    if (answer.announce) announce(answer.announce);
  }

  timer = setTimeout(look, SHOWN);
  document.addEventListener("visibilitychange", () => document.hidden || look(), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
