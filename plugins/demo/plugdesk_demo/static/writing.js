/* <form data-behavior-url="…/writing.js"><input type="file"><textarea></textarea><ul class="chosen"></ul></form>: Enter sends, Shift
   with Enter begins a line; pictures can be pasted; what was chosen is named; after sending all is empty. */
export default function writing(form, signal) {
  const area = form.querySelector("textarea");
  const files = form.querySelector('input[type="file"]');
  const chosen = form.querySelector(".chosen");

  function show() {
    chosen.replaceChildren(...[...(files?.files ?? [])].map(named));
  }

  function named(file) {
    const item = document.createElement("li");
    item.className = "file";
    item.textContent = file.name;
    return item;
  }

  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }, { signal });
  area.addEventListener("paste", (event) => {
    if (!files || !event.clipboardData?.files.length) return;
    event.preventDefault();
    files.files = event.clipboardData.files;
    show();
  }, { signal });
  form.addEventListener("change", show, { signal });
  form.addEventListener("drop", () => setTimeout(show), { signal });
  form.addEventListener("htmx:after:request", ({ target, detail }) => {
    if (target !== form || !(detail.ctx?.response?.status < 400)) return;
    form.reset();
    area.value = "";
    show();
    area.focus();
  }, { signal });
}
