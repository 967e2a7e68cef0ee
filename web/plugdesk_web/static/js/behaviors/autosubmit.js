/* <form data-behavior="autosubmit">: sends itself when something in it is chosen; the button that does it without script
   stands in <noscript>. */
export default function autosubmit(form, signal) {
  form.addEventListener("change", (event) => {
    if (event.target.matches('[type="search"], [type="text"], textarea')) return;
    event.target.setAttribute("aria-busy", "true");
    form.requestSubmit();
  }, { signal });
  form.addEventListener("htmx:finally:request", () => form.querySelector("[aria-busy]")?.removeAttribute("aria-busy"), { signal });
}
