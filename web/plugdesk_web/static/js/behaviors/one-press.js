/* <form data-behavior="one-press">: cannot be submitted twice. It opens again when the submit was prevented, when an htmx
   request ends, and when the browser brings the page back. The server refuses a repeated `once` in any case. */
export default function onePress(form, signal) {
  let pressed = null;

  function release() {
    delete form.dataset.sending;
    pressed?.removeAttribute("aria-busy");
    pressed = null;
  }

  form.addEventListener("submit", (event) => {
    if ("sending" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sending = "";
    pressed = event.submitter;
    pressed?.setAttribute("aria-busy", "true");
    const byHtmx = form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete], [hx-get], [hx-action]");
    setTimeout(() => event.defaultPrevented && !byHtmx && release());
  }, { signal, capture: true });
  form.addEventListener("htmx:finally:request", release, { signal });
  addEventListener("pageshow", (event) => event.persisted && release(), { signal });
}
