/* <button data-behavior="dialog-sheet" data-dialog="id">: opens the <dialog>. On a link, its address is the way without
   script. Closing gives the focus back, as browsers do. */
import { closable } from "./open-dialog.js";

export default function dialogSheet(opener, signal) {
  opener.addEventListener("click", (event) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    opener.closest("[popover]")?.hidePopover();
    closable(dialog);
    if (!dialog.open) dialog.showModal();
  }, { signal });
}
