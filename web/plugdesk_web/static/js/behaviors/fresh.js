/* <div id="tickets" data-behavior="fresh" data-fresh="[data-row]">: marks what a refresh brought (rows, messages: anything with
   an id) so that it glows for a moment, and tells how many: plugdesk:fresh. */
export default function fresh(element, signal) {
  const all = () => [...element.querySelectorAll(element.dataset.fresh)];
  let known = new Set(all().map((item) => item.id));

  document.addEventListener("htmx:after:swap", () => {
    if (!element.isConnected) return;
    const items = all();
    const arrived = items.filter((item) => !known.has(item.id));
    known = new Set(items.map((item) => item.id));
    arrived.forEach((item) => { (item.querySelector(":scope > .message") ?? item).dataset.fresh = ""; });
    if (arrived.length) document.dispatchEvent(new CustomEvent("plugdesk:fresh", { detail: { arrived } }));
  }, { signal });
}
