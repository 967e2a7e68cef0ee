/* <form data-behavior="theme"> with a hidden `theme` or `density`: acts at once, and is kept on the server. */
import { post } from "../send.js";

export default function theme(form, signal) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    for (const name of ["theme", "density"]) {
      if (!data.has(name)) continue;
      const value = data.get(name);
      if (value) document.documentElement.dataset[name] = value;
      else delete document.documentElement.dataset[name];
      mark(form, name);
    }
    post(form.action, data).catch(() => form.submit());
  }, { signal });
}

function mark(chosen, name) {
  for (const form of document.querySelectorAll('form[data-behavior~="theme"]')) {
    if (!form.elements[name]) continue;
    form.querySelector(".item")?.toggleAttribute("aria-current", false);
  }
  chosen.querySelector(".item")?.setAttribute("aria-current", "true");
}
