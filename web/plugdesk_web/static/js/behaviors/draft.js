/* <form data-behavior="draft" data-url="…">: keeps what is typed on the server, a second after the last key and when the page
   goes, and says so in [data-draft-state]. The answer is {kept: "14:26"}. */
import { headers, postForJson } from "../send.js";
import { gettext } from "../words.js";

const NOT_KEPT = ["csrf_token", "once", "files"];

export default function draft(form, signal) {
  const state = form.querySelector("[data-draft-state]");
  let timer;
  let changed = false;

  function typed() {
    form.dispatchEvent(new Event("plugdesk:collect"));
    const data = new FormData(form);
    NOT_KEPT.forEach((name) => data.delete(name));
    return data;
  }

  async function keep() {
    changed = false;
    try {
      const { kept } = await postForJson(form.dataset.url, typed(), { signal });
      state.textContent = kept ? gettext("Draft kept %(time)s", { time: kept }) : "";
    } catch {
      if (signal.aborted) return;
      state.textContent = gettext("Draft not kept yet");
      changed = true;
      timer = setTimeout(keep, 5_000);
    }
  }

  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(keep, 1_000);
  }, { signal });
  form.addEventListener("submit", (event) => setTimeout(() => {
    if (event.defaultPrevented && !("sending" in form.dataset)) return;
    clearTimeout(timer);
    changed = false;
  }), { signal });
  addEventListener("pagehide", () => {
    if (changed) fetch(form.dataset.url, { method: "POST", body: typed(), headers: headers(), keepalive: true });
  }, { signal });
}
