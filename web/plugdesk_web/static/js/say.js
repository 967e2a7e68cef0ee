/* Telling people: a toast that is seen, or a sentence that is only heard. */

/** Shows a toast. `about`: text, and perhaps tone ("red"), action {label, url}, seconds. */
export function toast(about) {
  document.dispatchEvent(new CustomEvent("plugdesk:toast", { detail: about }));
}

/** Lets screen readers say `text`, without moving anything. */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = text;
}
