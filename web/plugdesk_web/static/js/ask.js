/* One small question in a dialog: yes or no, or a line of text. */
import { gettext } from "./words.js";

/** Asks; resolves to true, the typed text, or null when the person turns back. */
export function ask({ title, text = "", yes, input, danger = false }) {
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.dataset.kind = "ask";
  dialog.setAttribute("aria-labelledby", "ask-title");
  const header = dialog.appendChild(document.createElement("header"));
  header.append(Object.assign(document.createElement("h2"), { id: "ask-title", textContent: title }));
  const form = dialog.appendChild(document.createElement("form"));
  form.method = "dialog";
  const box = input === undefined ? null : Object.assign(document.createElement("input"), { value: input, type: "text", autofocus: true });
  if (text || box) form.append(body(text, box, title));
  const footer = form.appendChild(document.createElement("footer"));
  footer.append(button(yes, "yes", danger ? "danger" : "primary"), button(gettext("Cancel"), "", ""));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    resolve(dialog.returnValue !== "yes" ? null : box ? box.value : true);
    dialog.remove();
  }));
}

function body(text, box, title) {
  const div = document.createElement("div");
  if (text) div.append(Object.assign(document.createElement("p"), { textContent: text }));
  if (box) {
    box.setAttribute("aria-label", title);
    const field = div.appendChild(Object.assign(document.createElement("p"), { className: "field" }));
    field.append(box);
  }
  return div;
}

function button(label, value, kind) {
  const made = Object.assign(document.createElement("button"), { className: "btn", type: "submit", textContent: label, value });
  if (kind) made.dataset.kind = kind;
  return made;
}
