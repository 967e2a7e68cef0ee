/* <form class="composer" data-behavior="ways">: shows what the chosen channel can carry and how much of it is used, while one
   writes. [data-limits] holds the sentence ([data-words]) and the count ([data-count]); the choice, if any, is [data-ways].
   [data-closed] marks what can no longer be answered. */
import { gettext, ngettext } from "../words.js";

const NEAR = 0.8; // of the limit: from there on the count is shown

export default function ways(form, signal) {
  const line = form.querySelector("[data-limits]:not(option)");
  const choice = form.querySelector("[data-ways]");
  const copies = form.querySelector("[data-copies]:not(option)");
  const area = form.querySelector("[data-editor]");

  function count() {
    const most = Number(line.dataset.text);
    const length = area.value.trim().length;
    const parts = most ? Math.ceil(length / most) : 1;
    line.querySelector("[data-count]").textContent = parts > 1
      ? ngettext("Goes in %(num)s message", "Goes in %(num)s messages", parts)
      : most && length > most * NEAR ? gettext("%(length)s of %(most)s", { length, most }) : "";
  }

  function chosen() {
    const option = choice.selectedOptions[0];
    line.dataset.text = option.dataset.text;
    line.querySelector("[data-words]").textContent = option.dataset.limits;
    line.toggleAttribute("data-closed", "closed" in option.dataset);
    if (copies) copies.hidden = !("copies" in option.dataset);
    count();
  }

  form.addEventListener("input", () => {
    form.dispatchEvent(new Event("plugdesk:collect"));
    count();
  }, { signal });
  choice?.addEventListener("change", chosen, { signal });
  if (choice) chosen();
  else count();
}
