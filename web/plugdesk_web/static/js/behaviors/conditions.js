/* <fieldset id="when" data-behavior="conditions"> in a form: its buttons (named when-do), and choosing in a [data-redraws], draw it
   anew at once. The form's own address answers with the page, of which only this fieldset is taken; nothing is saved by that.
   For rows of another kind than conditions, [data-focus] is where one goes on. */
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
    rest(act !== "refresh");
    try {
      const answer = await post(form.getAttribute("action"), data, { headers: { ...headers(), Accept: "text/html" } });
      const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(fieldset.id);
      if (mine !== asked || signal.aborted || !drawn) return;
      const next = document.adoptNode(drawn);
      if (!act.startsWith("remove")) keepTyped(next, data, new FormData(form));
      fieldset.replaceWith(next);
      (act.startsWith("refresh") ? document.getElementById(focused) : lastOf(next, act))?.focus();
      next.dispatchEvent(new Event("input", { bubbles: true }));
    } catch (error) {
      toast({ tone: "red", text: error.message });
    } finally {
      if (mine === asked) {
        fieldset.removeAttribute("aria-busy");
        rest(false);
      }
    }
  }

  /* Until a button's answer is here a second press would undo the first: the rows it counts are not drawn yet. Typing goes on. */
  function rest(held) {
    for (const control of fieldset.querySelectorAll("button, [data-redraws]")) control.inert = held;
  }

  /* What was typed while the answer was on its way. */
  function keepTyped(next, sent, now) {
    for (const control of next.elements) {
      const typed = now.getAll(control.name);
      if (String(typed) === String(sent.getAll(control.name)) || control.type === "submit") continue;
      if (control.type === "checkbox") control.checked = typed.includes(control.value);
      else control.value = typed[[...next.elements].filter((each) => each.name === control.name).indexOf(control)] ?? "";
    }
  }

  function lastOf(next, act) {
    const marked = next.querySelector("[data-focus]");
    if (marked) return marked;
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
