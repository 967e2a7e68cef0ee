/* <button data-behavior="inserts" data-url="…" data-key="/">: a list to search in, whose chosen text goes into the form's editor.
   data-url?q= answers {offers: [{code, title, place, text}]}, a POST of `code` {html}. data-key opens it, too, typed at the
   beginning of a word; what was typed goes back into the text when nothing is chosen. */
import { postForJson } from "../send.js";
import { announce, toast } from "../say.js";
import { step } from "../options.js";
import { gettext, ngettext } from "../words.js";

export default function inserts(button, signal) {
  const { form } = button;
  let popup = null;
  let place = null; // where in the text it goes
  let key = ""; // what was typed to open it
  let timer;

  button.addEventListener("click", (event) => {
    event.preventDefault();
    open("");
  }, { signal });
  if (button.dataset.key) form.addEventListener("beforeinput", (event) => {
    if (event.inputType !== "insertText" || event.data !== button.dataset.key || !event.cancelable || !beginsWord(event.target)) return;
    event.preventDefault();
    open(event.data);
  }, { signal });
  signal.addEventListener("abort", () => popup?.remove());

  function open(typed) {
    popup ??= make(button, { find, choose, leave });
    const selection = getSelection();
    const inside = selection.rangeCount && selection.anchorNode?.parentElement?.closest(".edit") && form.contains(selection.anchorNode);
    place = inside ? selection.getRangeAt(0).cloneRange() : null;
    key = typed;
    popup.input.value = "";
    popup.fill([], "");
    popup.showPopover();
    popup.input.focus();
    find();
  }

  /** Closed without a choice: the text looks as if nothing had been opened. `taken`: the key itself was deleted again;
      `elsewhere`: by a press somewhere else, where the focus is to stay if there is nothing to put back. */
  function leave({ taken = false, elsewhere = false } = {}) {
    const text = key && !taken ? key + popup.input.value : "";
    if (elsewhere && !text) return;
    key = "";
    if (popup.matches(":popover-open")) popup.hidePopover();
    form.dispatchEvent(new CustomEvent("plugdesk:insert", { detail: { text, place } }));
  }

  function find() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const wanted = popup.input.value;
      const url = new URL(button.dataset.url, location.href);
      url.searchParams.set("q", wanted);
      const response = await fetch(url, { headers: { Accept: "application/json" }, signal }).catch(() => null);
      if (!response?.ok || popup.input.value !== wanted) return;
      const { offers } = await response.json();
      popup.fill(offers, wanted);
      announce(ngettext("%(num)s to choose from", "%(num)s to choose from", offers.length));
    }, popup.input.value ? 120 : 0);
  }

  async function choose(code) {
    key = "";
    popup.hidePopover();
    try {
      const { html } = await postForJson(button.dataset.url, { code }, { signal });
      form.dispatchEvent(new CustomEvent("plugdesk:insert", { detail: { html, place } }));
    } catch (error) {
      if (!signal.aborted) toast({ tone: "red", text: error.status ? error.message : gettext("Nothing was inserted. Try again.") });
    }
  }
}

/** Whether the caret stands where a word begins. */
function beginsWord(target) {
  const before = target.matches?.("textarea.edit") ? target.value.slice(0, target.selectionStart) : target.closest?.(".edit") ? beforeCaret() : null;
  return before !== null && /(^|[\s\u200b(])$/.test(before);
}

function beforeCaret() {
  const { anchorNode: node, anchorOffset: offset } = getSelection();
  if (node?.nodeType === Node.TEXT_NODE && offset) return node.data.slice(0, offset);
  const sibling = node?.nodeType === Node.TEXT_NODE ? node.previousSibling : node?.childNodes[offset - 1];
  return !sibling || sibling.nodeName === "BR" ? "" : sibling.textContent;
}

let made = 0;

function make(button, { find, choose, leave }) {
  const title = button.textContent.trim();
  const id = `inserts-${++made}`;
  const popup = element("div", { className: "menu inserts", id, popover: "auto" }, { role: "dialog", "aria-label": title });
  const input = element("input", { type: "search", autocomplete: "off", placeholder: gettext("Find") }, {
    role: "combobox", "aria-label": title, "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": `${id}-list`,
  });
  const list = element("ul", { id: `${id}-list` }, { role: "listbox", "aria-label": title });
  const none = element("p", { className: "hint pad", hidden: true, textContent: gettext("Nothing is called that.") });
  const head = element("header", {});
  head.append(element("p", { className: "search" }));
  head.firstChild.append(input);
  popup.append(head, list, none);
  button.form.append(popup);
  const options = () => [...list.children];

  input.addEventListener("input", (event) => {
    event.stopPropagation(); // nothing of the form has changed
    if (input.value === " ") leave();
    else find();
  });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) step(input, options(), by);
    else if (event.key === "Enter") list.querySelector('[aria-selected="true"]')?.click();
    else if (event.key === "Escape" || event.key === "Tab") leave();
    else if (event.key === "Backspace" && !input.value) leave({ taken: true });
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option.dataset.code);
  });
  popup.addEventListener("toggle", (event) => (event.newState === "open" ? put(popup, button) : leave({ elsewhere: true })));
  return Object.assign(popup, {
    input,
    fill(offers, wanted) {
      list.replaceChildren(...offers.map((offer, number) => option(offer, `${id}-${number}`)));
      none.hidden = offers.length > 0 || !wanted;
      step(input, options(), 0);
    },
  });
}

function option({ code, title, place, text }, id) {
  const item = element("li", { id }, { role: "option", "aria-selected": "false" });
  item.dataset.code = code;
  item.append(
    element("span", { className: "cut", textContent: title }),
    element("span", { className: "faint small nowrap", textContent: place }),
    element("span", { className: "faint small cut whole", textContent: text }),
  );
  return item;
}

/** Above the box in which is written, as wide as it is. */
function put(popup, button) {
  const box = button.closest(".box").getBoundingClientRect();
  const above = box.top > innerHeight - box.bottom;
  Object.assign(popup.style, {
    left: `${box.left}px`, width: `${box.width}px`, maxHeight: `${Math.max(160, Math.min(above ? box.top - 8 : innerHeight - box.bottom - 8, innerHeight / 2))}px`,
    top: above ? "auto" : `${box.bottom}px`, bottom: above ? `${innerHeight - box.top}px` : "auto",
  });
}

function element(name, properties, attributes = {}) {
  const made = Object.assign(document.createElement(name), properties);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}
