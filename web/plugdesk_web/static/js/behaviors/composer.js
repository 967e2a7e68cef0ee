/* <form class="composer" data-behavior="composer">: makes the plain text area a rich one at the first focus, sends files ahead,
   and sends with Ctrl Enter. The mode is a radio button, so the form is whole without any of this.
   With data-may-be-empty it is sent without a word, too. */
import { gettext, ngettext } from "../words.js";
import { uploads } from "../uploads.js";

export default function composer(form, signal) {
  const area = form.querySelector("[data-editor]");
  const files = form.dataset.uploadUrl && form.querySelector("[data-files], [data-pictures]") ? uploads(form, signal) : null;
  let editor = null;
  let loading = null;

  function load() {
    loading ??= import("../editor.js").then(({ makeEditor }) => {
      if (!signal.aborted) editor = makeEditor(form, area, files, signal);
      return editor;
    });
    return loading;
  }

  async function focus() {
    (await load().catch(() => null))?.focus() ?? area.focus();
  }

  function modeChanged(radio) {
    form.dataset.mode = radio.value;
    area.placeholder = radio.dataset.placeholder ?? "";
    editor?.placeholder(area.placeholder);
    focus();
  }

  area.addEventListener("focus", () => load(), { signal, once: true });
  if (form.querySelector("[data-html]") || document.activeElement === area) load(); // one may be quicker than this script
  form.addEventListener("change", (event) => event.target.name === "mode" && modeChanged(event.target), { signal });
  form.addEventListener("click", (event) => event.target.name === "mode" && event.target.checked && focus(), { signal });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    [...form.querySelectorAll("[data-send]")].find((button) => button.offsetParent)?.click();
  }, { signal });
  form.addEventListener("plugdesk:insert", async ({ detail }) => {
    const whole = await load().catch(() => null);
    if (whole) whole.insert(detail);
    else area.setRangeText(detail.text ?? "", area.selectionStart, area.selectionEnd, "end");
  }, { signal });
  form.addEventListener("plugdesk:collect", () => editor?.collect(), { signal });
  form.addEventListener("submit", (event) => {
    editor?.collect();
    const pending = files?.pending() ?? 0;
    const button = event.submitter;
    if (pending) {
      event.preventDefault();
      form.querySelector("[data-draft-state]").textContent = ngettext("Waiting for %(num)s file", "Waiting for %(num)s files", pending);
      files.whenDone().then((whole) => whole && form.requestSubmit(button));
    } else if (!("mayBeEmpty" in form.dataset) && !area.value.trim() && !form.querySelector('[name="attachment"]') && !/<img/.test(form.elements.html?.value ?? "")) {
      event.preventDefault();
      form.querySelector("[data-draft-state]").textContent = gettext("Write something first");
      focus();
    }
  }, { signal });
  form.addEventListener("htmx:after:request", ({ target, detail }) => {
    if (target !== form || !(detail.ctx?.response?.status < 400)) return;
    form.reset();
    editor?.clear();
    files?.clear();
  }, { signal });
}
