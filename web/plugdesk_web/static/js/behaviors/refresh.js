/* <div data-behavior="refresh" data-refresh-on="list counts ticket:42" hx-get="…" hx-trigger="plugdesk:refresh">: fetches itself
   again when something of it changed (plugdesk:changed, told by live). */
export default function refresh(element, signal) {
  document.addEventListener("plugdesk:changed", ({ detail }) => {
    const changed = new Set([...(detail.tickets ?? []).map((id) => `ticket:${id}`), ...["list", "counts"].filter((name) => detail[name])]);
    const wanted = element.dataset.refreshOn.split(/\s+/);
    if (wanted.some((name) => changed.has(name))) element.dispatchEvent(new Event("plugdesk:refresh"));
  }, { signal });
}
