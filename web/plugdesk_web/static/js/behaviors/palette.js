/* <dialog class="palette" data-behavior="palette" data-url="…">: Ctrl K. The links of the left panel are there at once; tickets,
   customers and acts come from data-url?q= as {groups: [{title, items: [{title, url, note}]}]}. */
import { step } from "../options.js";
import { gettext } from "../words.js";

export default function palette(dialog, signal) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector("[data-none]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  let timer;

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.code !== "KeyK") return;
    event.preventDefault();
    if (dialog.open) return leave();
    input.value = "";
    dialog.showModal();
    fill([ours("")]);
  }, { signal });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    fill([ours(input.value)]);
    if (dialog.dataset.url && input.value.trim()) timer = setTimeout(find, 150);
  }, { signal });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) step(input, options(), by);
    else if (event.key === "Escape") leave(); // a search field would only empty itself
    else if (event.key === "Enter") list.querySelector('[aria-selected="true"]')?.click();
    else return;
    event.preventDefault();
  }, { signal });
  dialog.addEventListener("click", (event) => (event.target === dialog || event.target.closest("a")) && dialog.close(), { signal });

  /** The focus goes at once, so that the next key already belongs to the page. */
  function leave() {
    dialog.close();
    input.blur();
  }

  async function find() {
    const wanted = input.value;
    const url = new URL(dialog.dataset.url, location.href);
    url.searchParams.set("q", wanted);
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal }).catch(() => null);
    if (response?.ok && input.value === wanted) fill([ours(wanted), ...(await response.json()).groups]);
  }

  function fill(groups) {
    list.replaceChildren(...groups.filter(({ items }) => items.length).map(group));
    options().forEach((option, index) => { option.id = `palette-${index}`; });
    none.hidden = options().length > 0;
    step(input, options(), 0);
  }
}

/** The links of the left panel whose words begin with what was typed. */
function ours(typed) {
  const wanted = typed.trim().toLocaleLowerCase();
  const links = [...document.querySelectorAll("#sidebar nav a[href]")];
  const items = links.map((link) => ({ title: link.querySelector(".cut")?.textContent ?? link.textContent.trim(), url: link.href }));
  const begins = ({ title }) => ` ${title.toLocaleLowerCase()}`.includes(` ${wanted}`);
  return { title: gettext("Go to"), items: items.filter(begins) };
}

function group({ title, items }) {
  const whole = part("div", "group");
  whole.setAttribute("aria-label", title);
  const inner = part("ul", "presentation");
  inner.append(...items.map(option));
  whole.append(Object.assign(part("h3", "presentation"), { textContent: title }), inner);
  return whole;
}

function option({ title, url, note }) {
  const item = part("li", "presentation");
  const link = item.appendChild(Object.assign(part("a", "option"), { href: url, tabIndex: -1 }));
  link.append(Object.assign(document.createElement("span"), { className: "cut", textContent: title }));
  if (note) link.append(Object.assign(document.createElement("span"), { className: "end faint small nowrap", textContent: note }));
  return item;
}

function part(name, role) {
  const element = document.createElement(name);
  element.setAttribute("role", role);
  return element;
}
