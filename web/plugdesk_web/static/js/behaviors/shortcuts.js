/* <body data-behavior="shortcuts">: one key, one thing. Rows are [data-row]; [data-shortcut="a"] is pressed by its key, [data-go]
   follows g; [data-search-box], [data-back] and #shortcuts are where their names say. Keys are read by their place on the
   keyboard where the layout is not Latin. A person can switch single keys off (WCAG 2.1.4). */
const OFF = "plugdesk.keys";

export default function shortcuts(body, signal) {
  let goingSince = 0;

  const own = {
    j: () => step(1),
    k: () => step(-1),
    x: () => cursor()?.querySelector("[data-select]")?.click(),
    Enter: () => link(cursor())?.click(),
    "/": () => document.querySelector("[data-search-box]")?.focus(),
    "?": () => document.querySelector('[data-dialog="shortcuts"]')?.click(),
    Escape: () => document.querySelector("[data-back]")?.click(),
    g: () => { goingSince = Date.now(); },
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = keyOf(event);
    if (isTyping(event.target)) return key === "Escape" && event.target.matches("[data-search-box]") && event.target.blur();
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (localStorage.getItem(OFF) && key.length === 1) return;
    if (key === "Enter" && (!cursor() || event.target.closest("a, button, summary"))) return; // which it presses by itself
    const going = Date.now() - goingSince < 1500;
    goingSince = 0;
    const place = document.querySelector(going ? `[data-go="${CSS.escape(key)}"]` : `[data-shortcut="${CSS.escape(key)}"]`);
    if (!place && (going || !own[key])) return;
    event.preventDefault();
    if (place) press(place);
    else own[key]();
  }, { signal });
  document.addEventListener("htmx:after:swap", keepCursor, { signal });
}

function keyOf({ key, code, shiftKey }) {
  if (code === "Slash" && (key === "." || key === ",")) return shiftKey ? "?" : "/"; // the Russian layout
  if (/^[\x20-\x7e]$/.test(key)) return key.toLowerCase();
  if (/^Key[A-Z]$/.test(code)) return code.at(-1).toLowerCase();
  return key;
}

function isTyping(element) {
  return element.isContentEditable || element.matches('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"])');
}

function press(place) {
  place.scrollIntoView({ block: "nearest" });
  place.click();
  if (place.matches("input")) place.focus();
}

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
const cursor = () => document.querySelector("[data-row][data-cursor]");
const link = (row) => row.querySelector(".subject, h3 a, a");
let cursorId = "";

function step(by) {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(cursor());
  const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by))];
  point(next);
  link(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function point(row) {
  cursor()?.removeAttribute("data-cursor");
  row.dataset.cursor = "";
  cursorId = row.id;
}

/** A refresh may have replaced the row; the cursor stays on the same ticket. */
function keepCursor() {
  const row = cursorId && document.getElementById(cursorId);
  if (row && row !== cursor()) point(row);
}
