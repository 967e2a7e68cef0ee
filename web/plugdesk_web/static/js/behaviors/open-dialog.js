/* <dialog open data-behavior="open-dialog">: the page came with it open; make it modal. Also how every dialog closes. */
const ready = new WeakSet();

export default function openDialog(dialog) {
  closable(dialog);
  dialog.removeAttribute("open");
  dialog.showModal();
}

/** [data-close] and a press on the backdrop close it; data-close-url is where the page goes then. */
export function closable(dialog) {
  if (ready.has(dialog)) return;
  ready.add(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog ? outside(dialog, event) : event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (dialog.dataset.closeUrl) location.assign(dialog.dataset.closeUrl);
  });
}

function outside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
