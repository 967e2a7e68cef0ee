/* Squire in place of the text area, loaded when the composer is first focused. It gives mail-like HTML, which the server cleans
   again; the text area goes on carrying the same words as plain text. */
import Squire from "../vendor/squire.mjs";
import "../vendor/purify.min.js";
import { ask } from "./ask.js";
import { tell } from "./uploads.js";
import { gettext } from "./words.js";

const PURE = { FORBID_ATTR: ["style", "class", "id"], FORBID_TAGS: ["style", "form", "input", "button"], ALLOW_UNKNOWN_PROTOCOLS: false, RETURN_DOM_FRAGMENT: true };

const COMMANDS = {
  bold: { tag: "B", on: (squire) => squire.bold(), off: (squire) => squire.removeBold() },
  italic: { tag: "I", on: (squire) => squire.italic(), off: (squire) => squire.removeItalic() },
  bullets: { tag: "UL", on: (squire) => squire.makeUnorderedList(), off: (squire) => squire.removeList() },
  numbers: { tag: "OL", on: (squire) => squire.makeOrderedList(), off: (squire) => squire.removeList() },
  quote: { tag: "BLOCKQUOTE", on: (squire) => squire.increaseQuoteLevel(), off: (squire) => squire.decreaseQuoteLevel() },
  link: { tag: "A", on: link, off: (squire) => squire.removeLink() },
  plain: { on: (squire) => squire.removeAllFormatting() },
};

/** Puts the editor where `area` is; returns focus(), insert({html or text, place}), collect() (into `html` and the area), placeholder(text), clear(). */
export function makeEditor(form, area, files, signal) {
  const hadFocus = document.activeElement === area;
  const place = editable(area);
  const squire = new Squire(place, { blockTag: "P", sanitizeToDOMFragment: (html) => document.importNode(window.DOMPurify.sanitize(html, PURE), true) });
  const html = form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "html" }));
  const draft = form.querySelector("[data-html]")?.content.textContent; // HTML as text: nothing of it is part of this page
  squire.setHTML(draft || paragraphs(area.value));
  area.hidden = true;
  area.after(place);
  area.labels.forEach((label) => { label.htmlFor = ""; });

  const isEmpty = () => !place.textContent.trim() && !place.querySelector("img, li, blockquote");
  function changed() {
    place.toggleAttribute("data-empty", isEmpty());
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function collect() {
    html.value = isEmpty() ? "" : squire.getHTML();
    area.value = isEmpty() ? "" : place.innerText.replace(/\u200b/g, "").replace(/\u00a0/g, " ");
  }

  function insert({ html, text, place: range }) {
    squire.focus();
    if (range && place.contains(range.commonAncestorContainer)) squire.setSelection(range);
    else squire.moveCursorToEnd();
    if (html) squire.insertHTML(html);
    else if (text) squire.insertPlainText(text, false);
    if (html || text) changed();
  }

  async function picture(file) {
    const sent = await files?.send(file, { quietly: true });
    if (!sent) return;
    if (!chosen) squire.insertImage(sent.url, { alt: sent.name });
    else if (!sent.image) tell(form, gettext("%(name)s is no picture that every browser shows. Use PNG, JPEG, GIF or WebP.", { name: sent.name }));
    else await described(sent);
  }

  /* Where the picture is to stay, those who do not see it are told what it shows. */
  async function described({ url, name }) {
    const range = squire.getSelection();
    const words = await ask({ title: gettext("What the picture shows, in words"), yes: gettext("Put it in"), input: name.replace(/\.\w+$/, "") });
    squire.focus();
    squire.setSelection(range);
    if (words === null) return;
    squire.insertImage(url, { alt: words.trim() });
    changed();
  }

  const chosen = form.querySelector("[data-pictures]");
  chosen?.addEventListener("change", async () => {
    const given = [...chosen.files];
    chosen.value = "";
    for (const file of given) await picture(file); // one question after another
  }, { signal });

  place.toggleAttribute("data-empty", isEmpty());
  squire.addEventListener("input", changed);
  squire.addEventListener("pasteImage", async ({ detail }) => {
    for (const file of pasted(detail.clipboardData)) await picture(file);
  });
  toolbar(form, squire, signal);
  signal.addEventListener("abort", () => squire.destroy());
  if (hadFocus) {
    squire.focus();
    squire.moveCursorToEnd();
  }
  return {
    focus: () => squire.focus(),
    insert,
    collect,
    placeholder: (text) => { place.dataset.placeholder = text; },
    clear: () => { squire.setHTML(""); changed(); },
  };
}

function editable(area) {
  const place = document.createElement("div");
  place.className = "edit";
  place.dataset.placeholder = area.placeholder;
  for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": area.labels[0]?.textContent ?? area.placeholder })) place.setAttribute(name, value);
  for (const name of ["aria-invalid", "aria-describedby"]) if (area.hasAttribute(name)) place.setAttribute(name, area.getAttribute(name));
  return place;
}

function paragraphs(text) {
  const box = document.createElement("div");
  for (const line of text ? text.split("\n") : []) box.append(Object.assign(document.createElement("p"), { textContent: line }));
  return box.innerHTML;
}

function pasted(clipboard) {
  return [...(clipboard?.items ?? [])].filter((item) => item.kind === "file").map((item) => item.getAsFile());
}

function toolbar(form, squire, signal) {
  const bar = form.querySelector("[data-toolbar]");
  const buttons = [...bar.querySelectorAll("[data-command]")];
  bar.hidden = false;
  bar.addEventListener("mousedown", (event) => event.preventDefault(), { signal });
  bar.addEventListener("click", (event) => {
    const command = COMMANDS[event.target.closest("[data-command]")?.dataset.command];
    if (!command) return;
    if (command.tag && squire.hasFormat(command.tag)) command.off(squire);
    else command.on(squire);
  }, { signal });
  squire.addEventListener("pathChange", () => buttons.forEach((button) => {
    const { tag } = COMMANDS[button.dataset.command];
    button.setAttribute("aria-pressed", String(Boolean(tag && squire.hasFormat(tag))));
  }));
}

async function link(squire) {
  const range = squire.getSelection();
  const url = await ask({ title: gettext("Address of the link"), yes: gettext("Link"), input: "" });
  squire.focus();
  squire.setSelection(range);
  if (url?.trim()) squire.makeLink(/^[a-z][\w+.-]*:/i.test(url) ? url.trim() : `https://${url.trim()}`);
}
