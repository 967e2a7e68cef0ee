/* <button data-behavior="copy" data-text="…" data-done="Copied">: copies the text, or the value of data-from, and says so. */
import { announce } from "../say.js";

export default function copy(button, signal) {
  button.addEventListener("click", async () => {
    const source = button.dataset.from && document.querySelector(button.dataset.from);
    await navigator.clipboard.writeText(source ? source.value ?? source.textContent : button.dataset.text);
    const label = button.querySelector(".label, .hidden") ?? button;
    const before = label.textContent;
    label.textContent = button.dataset.done;
    announce(button.dataset.done);
    setTimeout(() => { label.textContent = before; }, 2000);
  }, { signal });
}
