/* <div class="flow" data-behavior-url="…/graph.js" data-new="/…/actions/new">: dragging from the dot of one [data-status] to another
   goes to the page of a new action between the two; pointing at an action's row lights its arrow, and the other way round. */
const SVG = "http://www.w3.org/2000/svg";

export default function graph(box, signal) {
  const drawing = box.querySelector("svg");
  const statusAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-status]");

  function point(event) {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    return `${place.x} ${place.y}`;
  }

  drawing.addEventListener("pointerdown", (event) => {
    const port = event.target.closest(".flow-port");
    if (!port || event.button !== 0) return;
    event.preventDefault();
    const from = port.closest("[data-status]");
    const start = `M${port.getAttribute("cx")} ${port.getAttribute("cy")}L`;
    const line = drawing.appendChild(document.createElementNS(SVG, "path"));
    line.setAttribute("class", "flow-line");
    const drag = new AbortController();
    let over = null;

    function end(target) {
      drag.abort();
      line.remove();
      if (over) delete over.dataset.over;
      if (!target || target === from) return;
      location.assign(`${box.dataset.new}?${new URLSearchParams({ in: from.dataset.status, to: target.dataset.status })}`);
    }

    const listen = (name, act) => document.addEventListener(name, act, { signal: drag.signal });
    listen("pointermove", (moved) => {
      line.setAttribute("d", start + point(moved));
      const now = statusAt(moved);
      if (now === over) return;
      if (over) delete over.dataset.over;
      over = now && now !== from ? now : null;
      if (over) over.dataset.over = "";
    });
    listen("pointerup", (up) => end(statusAt(up)));
    listen("pointercancel", () => end(null));
    listen("keydown", (key) => key.key === "Escape" && end(null));
  }, { signal });

  const light = (event) => {
    const way = event.target.closest?.("[data-way]")?.dataset.way;
    for (const each of box.querySelectorAll("[data-lit]")) delete each.dataset.lit;
    if (way) for (const each of box.querySelectorAll(`[data-way="${way}"]`)) each.dataset.lit = "";
  };
  box.addEventListener("pointerover", light, { signal });
  box.addEventListener("pointerleave", light, { signal });
  box.addEventListener("focusin", light, { signal });
}
