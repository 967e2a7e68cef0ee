/* <ul data-behavior="sortable" data-url="…" data-handle=".grip" data-group="lanes">: its children with data-id are dragged into
   order, moved by Alt and an arrow, or by a button with data-move="up|down" inside; the new order is posted as `order`, and
   in a group also the `item` that came from another list. */
import { post } from "../send.js";
import { announce, toast } from "../say.js";
import { gettext } from "../words.js";

export default async function sortable(list, signal) {
  const { url, handle, group } = list.dataset;
  const ids = () => [...list.children].map((item) => item.dataset.id).filter(Boolean);

  async function keep(about = {}) {
    await post(url, { order: ids(), ...about }).catch((error) => toast({ tone: "red", text: error.status ? error.message : gettext("The new order was not kept.") }));
  }

  function move(item, by) {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other?.dataset.id) return;
    const focused = document.activeElement;
    if (by < 0) other.before(item);
    else other.after(item);
    focused?.focus();
    announce(gettext("Moved to place %(place)s of %(all)s", { place: ids().indexOf(item.dataset.id) + 1, all: ids().length }));
    keep();
  }

  const itemOf = (target) => [...list.children].find((child) => child.dataset.id && child.contains(target));
  list.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const item = event.altKey && by && itemOf(event.target);
    if (!item) return;
    event.preventDefault();
    move(item, by);
  }, { signal });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(itemOf(button), button.dataset.move === "up" ? -1 : 1);
  }, { signal });

  await import("../../vendor/sortable.min.js");
  if (signal.aborted) return;
  const dragging = window.Sortable.create(list, {
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    delay: 150, delayOnTouchOnly: true, draggable: "[data-id]", group, handle,
    onStart: ({ item }) => { item.dataset.drag = ""; },
    onEnd: ({ item, from, to }) => {
      delete item.dataset.drag;
      if (from === to) keep();
    },
    onAdd: ({ item }) => keep({ item: item.dataset.id }),
  });
  signal.addEventListener("abort", () => dragging.destroy());
}
