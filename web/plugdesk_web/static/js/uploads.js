/* Files of a composer, sent ahead while the person goes on writing. The server answers {key, name, size, url, image} or
   {error}; the key comes back with the form as `attachment`. */
import { gettext } from "./words.js";
import { token } from "./send.js";

/** Listens to the file field, to dropped and to pasted files of `form`; returns pending(), whenDone(), clear(), send(file). */
export function uploads(form, signal) {
  const list = form.querySelector("[data-uploads]");
  const input = form.querySelector("[data-files]");
  const going = new Set();

  function send(file, { quietly = false } = {}) {
    const row = quietly ? null : list.appendChild(rowOf(file));
    const sent = transfer(form.dataset.uploadUrl, file, (share) => row && (row.querySelector("progress").value = share), signal);
    row?.querySelector("button").addEventListener("click", () => {
      sent.stop();
      row.remove();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const settled = sent.answer.then(
      (answer) => { if (row?.isConnected) finish(row, answer); return answer; },
      (error) => {
        if (row?.isConnected) fail(row, error.message);
        else if (quietly && !signal.aborted) tell(form, `${file.name}: ${error.message}`);
        return null;
      },
    ).finally(() => going.delete(settled));
    going.add(settled);
    return settled;
  }

  function finish(row, { key }) {
    row.dataset.state = "done";
    row.append(Object.assign(document.createElement("input"), { type: "hidden", name: "attachment", value: key }));
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  input?.addEventListener("change", () => {
    [...input.files].forEach((file) => send(file));
    input.value = "";
  }, { signal });
  if (input) form.addEventListener("plugdesk:files", (event) => {
    event.preventDefault();
    event.detail.files.forEach((file) => send(file));
  }, { signal });

  return {
    send,
    pending: () => going.size,
    whenDone: async () => (await Promise.all(going)).every(Boolean),
    clear: () => list.replaceChildren(),
  };
}

/** Says something below the editor, where there is no row to say it on. */
export function tell(form, words) {
  form.querySelector("[data-draft-state]").textContent = words;
}

function rowOf(file) {
  const row = document.createElement("li");
  row.dataset.state = "going";
  const name = Object.assign(document.createElement("span"), { className: "cut", textContent: file.name });
  const remove = Object.assign(document.createElement("button"), { className: "btn", type: "button", textContent: "×", ariaLabel: gettext("Remove %(name)s", { name: file.name }) });
  Object.assign(remove.dataset, { kind: "quiet", size: "icon" });
  const bar = Object.assign(document.createElement("progress"), { className: "progress", max: 1, value: 0, ariaLabel: gettext("Sending %(name)s", { name: file.name }) });
  row.append(name, remove, bar, document.createElement("small"));
  return row;
}

function fail(row, reason) {
  row.dataset.state = "failed";
  row.querySelector("small").textContent = reason;
}

/** XMLHttpRequest, because fetch cannot tell how much has gone. */
function transfer(url, file, progress, signal) {
  const request = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300 && request.response) resolve(request.response);
      else reject(new Error(request.response?.error ?? gettext("This file was not taken.")));
    });
    request.addEventListener("error", () => reject(new Error(gettext("No answer from the server. Remove the file and add it again."))));
    request.addEventListener("abort", () => reject(new Error(gettext("Stopped"))));
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
  signal.addEventListener("abort", () => request.abort());
  return { answer, stop: () => request.abort() };
}
