/* <form data-behavior="confirm" data-confirm="Delete ticket 4812?" data-confirm-text="…" data-confirm-yes="Delete it">:
   asks once, naming the thing. A button may carry its own data-confirm. */
import { ask } from "../ask.js";
import { gettext } from "../words.js";

export default function confirm(form, signal) {
  let agreed = false;
  form.addEventListener("submit", async (event) => {
    const about = event.submitter?.dataset.confirm ? event.submitter.dataset : form.dataset;
    if (agreed || !about.confirm) {
      agreed = false;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const yes = about.confirmYes || event.submitter?.textContent.trim() || gettext("Yes");
    if (!(await ask({ title: about.confirm, text: about.confirmText, yes, danger: true }))) return;
    agreed = true;
    form.requestSubmit(event.submitter);
  }, { signal, capture: true });
}
