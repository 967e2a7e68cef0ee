/* <button class="chip" data-live hidden data-behavior="new-letters">: when something arrived where the person is not looking, it
   says how much and goes there. */
import { announce } from "../say.js";
import { ngettext } from "../words.js";

export default function newLetters(button, signal) {
  let waiting = [];

  document.addEventListener("plugdesk:fresh", ({ detail }) => {
    const unseen = detail.arrived.filter((item) => {
      const box = item.getBoundingClientRect();
      return box.bottom < 0 || box.top > innerHeight;
    });
    const text = ngettext("%(num)s new letter", "%(num)s new letters", detail.arrived.length);
    announce(text);
    if (!unseen.length) return;
    waiting = [...waiting.filter((item) => item.isConnected), ...unseen];
    button.textContent = ngettext("%(num)s new letter, show", "%(num)s new letters, show", waiting.length);
    button.hidden = false;
  }, { signal });
  button.addEventListener("click", () => {
    waiting.find((item) => item.isConnected)?.scrollIntoView({ block: "center" });
    waiting = [];
    button.hidden = true;
  }, { signal });
}
