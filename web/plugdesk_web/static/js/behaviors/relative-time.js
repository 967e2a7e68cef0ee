/* <time data-behavior="relative-time" datetime="…">12 min</time>: goes on counting up to a day; older moments stay as the
   server wrote them. */
import { gettext, language } from "../words.js";

const MINUTE = 60_000;
const shown = new Set();
const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" });
const minutes = unit("minute");
const hours = unit("hour");

export default function relativeTime(element, signal) {
  shown.add(element);
  signal.addEventListener("abort", () => shown.delete(element));
}

function text(milliseconds) {
  const passed = Math.abs(milliseconds);
  if (passed < MINUTE) return gettext("now");
  return passed < 60 * MINUTE ? minutes.format(Math.floor(passed / MINUTE)) : hours.format(Math.floor(passed / (60 * MINUTE)));
}

setInterval(() => {
  for (const element of shown) {
    const passed = Date.now() - Date.parse(element.dateTime);
    if (Math.abs(passed) < 24 * 60 * MINUTE) element.textContent = text(passed);
  }
}, MINUTE / 2);
