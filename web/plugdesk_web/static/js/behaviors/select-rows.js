/* <form data-behavior="select-rows">: boxes with data-select, one with data-select-all, and a [data-bulk] bar that shows while
   any is checked. Shift selects a range, Esc clears. Without script the boxes and the bar's buttons are a plain form. */
export default function selectRows(form, signal) {
  const bar = form.querySelector("[data-bulk]");
  const boxes = () => [...form.querySelectorAll("[data-select]")];
  let last = null;

  function show() {
    const all = boxes();
    const chosen = all.filter((box) => box.checked);
    const every = form.querySelector("[data-select-all]");
    if (every) {
      every.checked = all.length > 0 && chosen.length === all.length;
      every.indeterminate = chosen.length > 0 && !every.checked;
    }
    bar.hidden = !chosen.length;
    if (bar.hidden) bar.querySelectorAll("[name=all]").forEach((box) => { box.checked = false; }); // nothing stays meant unseen
    bar.querySelector("[data-count]").textContent = chosen.length;
  }

  function clear() {
    boxes().forEach((box) => { box.checked = false; });
    show();
  }

  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-clear]")) return clear();
    if (!event.target.matches("[data-select]")) return;
    if (event.shiftKey && last?.isConnected) range(boxes(), last, event.target);
    last = event.target;
  }, { signal });
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
    show();
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || bar.hidden || document.querySelector("dialog[open], :popover-open")) return;
    event.preventDefault();
    clear();
  }, { signal });
  document.addEventListener("htmx:after:swap", () => form.isConnected && show(), { signal });
  show();
}

function range(boxes, from, to) {
  const [first, second] = [boxes.indexOf(from), boxes.indexOf(to)].sort((a, b) => a - b);
  boxes.slice(first, second + 1).forEach((box) => { box.checked = to.checked; });
}
