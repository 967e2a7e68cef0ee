/* <div data-behavior="read-mark" data-url="…" data-last="17">: posts that the shown ticket was read up to its last message,
   once it is really looked at, and again when a newer one is shown. */
import { post } from "../send.js";

export default function readMark(element, signal) {
  let posted;

  function look() {
    const last = element.dataset.last ?? "";
    if (document.hidden || last === posted) return;
    posted = last;
    post(element.dataset.url, { last }).catch(() => { posted = undefined; });
  }

  look();
  document.addEventListener("visibilitychange", look, { signal });
  document.addEventListener("htmx:after:swap", look, { signal });
}
