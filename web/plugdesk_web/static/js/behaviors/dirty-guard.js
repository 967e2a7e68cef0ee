/* <form data-behavior="dirty-guard">: leaving with something unsaved is asked about by the browser. */
export default function dirtyGuard(form, signal) {
  let dirty = false;
  form.addEventListener("input", () => { dirty = true; }, { signal });
  form.addEventListener("submit", () => { dirty = false; }, { signal });
  form.addEventListener("reset", () => { dirty = false; }, { signal });
  addEventListener("beforeunload", (event) => dirty && event.preventDefault(), { signal });
}
