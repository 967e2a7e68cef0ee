/* #toasts: shows what has been done, with a way back where there is one. A toast leaves after some seconds, not while the
   pointer or the focus is on it; a red one stays until it is closed. */
import { gettext } from "../words.js";
import { token } from "../send.js";

const SECONDS = 6;

export default function toasts(place, signal) {
  place.querySelectorAll(".toast").forEach(live);
  document.addEventListener("plugdesk:toast", ({ detail }) => place.append(live(make(detail))), { signal });
}

function make({ text, tone, action, seconds }) {
  const toast = Object.assign(document.createElement("div"), { className: "toast" });
  if (tone) toast.dataset.tone = tone;
  if (seconds) toast.dataset.seconds = seconds;
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (action) toast.append(undo(action));
  return toast;
}

function undo({ label, url }) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url });
  form.dataset.behavior = "one-press";
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "csrf_token", value: token() }));
  form.append(small(Object.assign(document.createElement("button"), { type: "submit", textContent: label ?? gettext("Undo") })));
  return form;
}

function small(button) {
  button.className = "btn";
  button.dataset.size = "sm";
  return button;
}

function live(toast) {
  if (toast.dataset.tone === "red") {
    const close = small(Object.assign(document.createElement("button"), { type: "button", textContent: gettext("Close") }));
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    return toast;
  }
  let left = Number(toast.dataset.seconds) || SECONDS;
  const counter = toast.dataset.seconds ? toast.appendChild(Object.assign(document.createElement("span"), { className: "num", ariaHidden: "true" })) : null;
  const timer = setInterval(() => {
    if (!toast.isConnected) return clearInterval(timer);
    if (!counter && toast.matches(":hover, :focus-within")) return;
    left -= 1;
    if (counter) counter.textContent = left;
    if (left <= 0) toast.remove();
  }, 1000);
  return toast;
}
