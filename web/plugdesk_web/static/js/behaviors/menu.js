/* <div class="menu" popover data-behavior="menu">: arrows, Home and End move through its items. */
const ITEMS = ".item:not([disabled])";

export default function menu(element, signal) {
  const items = () => [...element.querySelectorAll(ITEMS)].filter((item) => item.offsetParent);
  element.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    if (!CSS.supports("position-area", "block-end")) place(element);
    (element.querySelector("[autofocus]") ?? items()[0])?.focus();
  }, { signal });
  element.addEventListener("keydown", (event) => {
    const all = items();
    const now = all.indexOf(document.activeElement);
    const next = { ArrowDown: now + 1, ArrowUp: now - 1 + (now < 1 ? all.length : 0), Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all.length || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    all[next % all.length].focus();
  }, { signal });
}

/** Browsers without anchors: below the button, or above it where there is no room. */
function place(element) {
  const button = document.querySelector(`[popovertarget="${CSS.escape(element.id)}"]`)?.getBoundingClientRect();
  if (!button) return;
  const box = element.getBoundingClientRect();
  const below = button.bottom + box.height < innerHeight && element.dataset.place !== "up";
  element.style.top = `${Math.max(0, below ? button.bottom : button.top - box.height)}px`;
  element.style.left = `${Math.max(0, Math.min(button.left, innerWidth - box.width))}px`;
}
