/* <fieldset id="when" data-behavior="conditions"> in a form: its buttons, and choosing in a [data-redraws], draw it anew at once.
   The form's own address answers with the page, of which only this fieldset is taken; nothing is saved by that. */
import { headers, post } from "../send.js";
import { toast } from "../say.js";

export default function conditions(fieldset, signal) {
  const name = `${fieldset.id}-do`;
  let asked = 0;

  async function redraw(act) {
    const form = fieldset.closest("form");
    const data = new FormData(form);
    data.set(name, act);
    const mine = ++asked;
    const focused = document.activeElement?.id;
    fieldset.setAttribute("aria-busy", "true");
    try {
      const answer = await post(form.getAttribute("action"), data, { headers: { ...headers(), Accept: "text/html" } });
      const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(fieldset.id);
      if (mine !== asked || signal.aborted || !drawn) return;
      const next = document.adoptNode(drawn);
      fieldset.replaceWith(next);
      (act.startsWith("refresh") ? document.getElementById(focused) : lastOf(next, act))?.focus();
      next.dispatchEvent(new Event("input", { bubbles: true }));
    } catch (error) {
      toast({ tone: "red", text: error.message });
    } finally {
      fieldset.removeAttribute("aria-busy");
    }
  }

  function lastOf(next, act) {
    if (act.startsWith("remove")) return next.querySelector(`[name="${name}"][value="add:0"]`);
    return [...next.querySelectorAll('[data-redraws][name$="-fact"]')].filter((select) => !select.value).at(-1);
  }

  fieldset.addEventListener("click", (event) => {
    const button = event.target.closest(`button[name="${name}"]`);
    if (!button) return;
    event.preventDefault();
    redraw(button.value);
  }, { signal });
  fieldset.addEventListener("change", (event) => event.target.matches("[data-redraws]") && redraw("refresh"), { signal });
}
