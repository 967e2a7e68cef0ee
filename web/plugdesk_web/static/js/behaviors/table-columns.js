/* <form data-behavior="table-columns" data-table="#tickets">: boxes named `column` show and hide [data-column]s at once; the
   choice is posted behind. */
import { post } from "../send.js";

export default function tableColumns(form, signal) {
  form.addEventListener("change", (event) => {
    if (event.target.name !== "column") return;
    const cells = document.querySelectorAll(`${form.dataset.table} [data-column="${CSS.escape(event.target.value)}"]`);
    cells.forEach((cell) => { cell.hidden = !event.target.checked; });
    if (event.target.checked && !cells.length) form.requestSubmit();
    else post(form.action, new FormData(form)).catch(() => form.requestSubmit());
  }, { signal });
}
