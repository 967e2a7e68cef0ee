/* <form data-behavior="uploads" data-upload-url="…">: files that are chosen in [data-files] go up at once, into [data-uploads];
   sending the form waits for them. A form with an editor asks for `composer` instead. */
import { ngettext } from "../words.js";
import { uploads } from "../uploads.js";

export default function sentAhead(form, signal) {
  const files = uploads(form, signal);
  form.addEventListener("submit", (event) => {
    const pending = files.pending();
    if (!pending) return;
    const button = event.submitter;
    event.preventDefault();
    form.querySelector("[data-draft-state]").textContent = ngettext("Waiting for %(num)s file", "Waiting for %(num)s files", pending);
    files.whenDone().then((whole) => whole && form.requestSubmit(button));
  }, { signal });
}
