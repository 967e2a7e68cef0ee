/* <form data-behavior="dropzone" data-drop-label="Drop the files here">: dropped files go to whoever listens to
   plugdesk:files, otherwise into the first file field. */
export default function dropzone(element, signal) {
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");

  function leave() {
    depth = 0;
    delete element.dataset.dropping;
  }

  element.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    element.dataset.dropping = "";
  }, { signal });
  element.addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) leave();
  }, { signal });
  element.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault(), { signal });
  element.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    leave();
    const news = new CustomEvent("plugdesk:files", { detail: { files: [...event.dataTransfer.files] }, cancelable: true });
    const input = element.querySelector('input[type="file"]');
    if (element.dispatchEvent(news) && input) input.files = event.dataTransfer.files;
  }, { signal });
}
