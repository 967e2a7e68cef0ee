/* Makes a request form livelier than the plain form it is: the questions follow the answers, files show how far they are, and the
   browser works for its token while one types. In a frame it tells the page around, and no other, how high it is. */
const parent = document.body.dataset.parent;
const embedded = window.parent !== window;

function tell(message) {
  if (embedded && parent) window.parent.postMessage(message, parent);
}

function begin(form) {
  const state = form.querySelector(".state");
  let work = null;

  function worked() {
    const token = form.elements.token.value;
    if (!work || work.token !== token) work = { token, done: solve(form, token) };
    return work.done;
  }

  form.addEventListener("focusin", () => form.elements.token.value && worked(), { once: true });
  form.addEventListener("change", (event) => {
    if (event.target.type === "file") check(event.target, form);
    else if (form.dataset.fieldsUrl) follow(form);
    mend(event.target);
  });
  form.addEventListener("input", (event) => mend(event.target));
  form.addEventListener("input", ({ target }) => target.name === "subject" && form.dataset.answersUrl && look(form, target));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    state.textContent = form.dataset.sayWorking;
    form.elements.work.value = await worked();
    state.textContent = form.dataset.saySending;
    send(form, state);
  });
}

const BATCH = 128;

/* For each number a counter so that the SHA-256 of TOKEN:NUMBER:COUNTER begins with so many zero bits. The browser hashes in a thread
   of its own, by the batch: one at a time, waiting costs more than the hash. */
async function solve(form, token) {
  if (!token || !globalThis.crypto?.subtle) return ""; // not over HTTPS: a letter asks whether it was a person
  const found = [];
  for (let number = 0; number < Number(form.dataset.puzzles); number += 1) found.push(await counter(`${token}:${number}:`, Number(form.dataset.bits)));
  return found.join(".");
}

async function counter(start, bits) {
  const encoder = new TextEncoder();
  for (let from = 0; ; from += BATCH) {
    const hashes = await Promise.all(Array.from({ length: BATCH }, (_, at) => crypto.subtle.digest("SHA-256", encoder.encode(start + (from + at)))));
    const at = hashes.findIndex((hash) => new DataView(hash).getUint16(0) >> (16 - bits) === 0);
    if (at >= 0) return from + at;
  }
}

function send(form, state) {
  const request = new XMLHttpRequest();
  const bar = form.querySelector("progress");
  const stop = (words) => {
    form.removeAttribute("aria-busy");
    bar.hidden = true;
    state.textContent = words;
  };
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.onprogress = ({ loaded, total }) => {
    if (total < 100_000) return;
    bar.hidden = false;
    bar.value = Math.round(100 * loaded / total);
    state.textContent = form.dataset.sayPart.replace("{percent}", bar.value);
  };
  request.onerror = () => stop(form.dataset.sayFailed);
  request.onload = () => {
    if (request.status === 200 && request.responseURL !== form.action) return location.assign(request.responseURL);
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const next = page.getElementById("request");
    if (!next) return stop(refused(page, form)); // by the desk, in its words
    keepFiles(form, next);
    document.getElementById("main").replaceWith(document.adoptNode(page.getElementById("main")));
    start();
    document.querySelector(".errors")?.focus();
    tell({ plugdesk: "shown" });
  };
  request.send(new FormData(form));
}

function refused(page, form) {
  const said = [page.querySelector("h1"), page.querySelector("[data-say-refused]")].filter(Boolean).map((each) => each.textContent.trim().replace(/(?<=\p{L})$/u, "."));
  return said.length ? [...said, form.dataset.sayKept].join(" ") : form.dataset.sayFailed;
}

/* No page may fill in files: those that were chosen move over as they are. */
function keepFiles(from, to) {
  for (const input of from.querySelectorAll('input[type="file"]')) {
    const next = to.querySelector(`#${CSS.escape(input.id)}`);
    if (!next) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (next.hasAttribute(name)) input.setAttribute(name, next.getAttribute(name));
      else input.removeAttribute(name);
    }
    next.replaceWith(input);
  }
}

function check(input, form) {
  const tooLarge = [...input.files].find((file) => file.size > Number(input.dataset.mb) * 1024 * 1024);
  const all = [...form.querySelectorAll('input[type="file"]')].flatMap((each) => [...each.files]).reduce((sum, file) => sum + file.size, 0);
  const words = tooLarge ? form.dataset.sayLarge.replace("{name}", tooLarge.name)
    : input.files.length > Number(input.dataset.most) ? form.dataset.sayMany
    : all > Number(form.dataset.all) * 1024 * 1024 ? form.dataset.sayAll : "";
  form.querySelector(".state").textContent = words;
  if (words) input.value = "";
}

/* What is filled in is not called wrong any more. Its line above the form is struck out and stays: nothing moves under who types. */
function mend(control) {
  const wrong = control.closest("[data-error]");
  if (!wrong || !isFilled(wrong)) return;
  const error = wrong.querySelector(".error");
  wrong.removeAttribute("data-error");
  for (const each of [wrong, ...wrong.querySelectorAll("[aria-describedby], [aria-invalid]")]) {
    each.removeAttribute("aria-invalid");
    const rest = (each.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error?.id).join(" ");
    if (rest) each.setAttribute("aria-describedby", rest);
    else each.removeAttribute("aria-describedby");
  }
  const line = error && document.querySelector(`.errors a[href="#${CSS.escape(error.id.replace(/-error$/, ""))}"]`);
  line?.replaceWith(Object.assign(document.createElement("s"), { textContent: line.textContent }));
  error?.remove();
}

function isFilled(wrong) {
  const controls = [...wrong.querySelectorAll("input:not([type=hidden]), select, textarea")];
  const filled = (each) => (/^(checkbox|radio)$/.test(each.type) ? each.checked : each.value.trim() !== "");
  return controls.some(filled) && controls.every((each) => each.validity.valid);
}

let asked = 0;

/* Questions that stay keep their controls, with what is typed and the focus; others come and go. */
async function follow(form) {
  const mine = ++asked;
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  const answer = await fetch(form.dataset.fieldsUrl, { method: "POST", body: data }).catch(() => null);
  if (!answer?.ok || mine !== asked) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("questions");
  const here = form.querySelector("#questions");
  const known = new Map([...here.children].map((each) => [each.dataset.code, each]));
  const wanted = [...next.children].map((each) => {
    const old = known.get(each.dataset.code);
    return old && old.dataset.must === each.dataset.must ? old : document.adoptNode(each);
  });
  for (const old of known.values()) if (!wanted.includes(old)) old.remove();
  wanted.forEach((each, at) => { if (here.children[at] !== each) here.insertBefore(each, here.children[at] ?? null); });
}

const PAUSE = 400, SHORTEST = 4;
let waiting = 0, looked = 0;

/* When the one who types the subject stops for a moment: what stands written about it already. */
function look(form, subject) {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const mine = ++looked, words = subject.value.trim();
    let found = [];
    if (words.length >= SHORTEST) {
      const body = new URLSearchParams({ token: form.elements.token.value, subject: words });
      const answer = await fetch(form.dataset.answersUrl, { method: "POST", body }).catch(() => null);
      if (answer?.ok) found = (await answer.json()).answers;
    }
    if (mine === looked && subject.isConnected) offer(form, subject, found);
  }, PAUSE);
}

function offer(form, subject, found) {
  const question = subject.closest(".question");
  let place = question.querySelector(".answers");
  if (!place) {
    if (!found.length) return;
    place = question.appendChild(document.createElement("div"));
    place.className = "answers";
    place.setAttribute("aria-live", "polite");
  }
  const links = found.map(({ title, url }) => Object.assign(document.createElement("a"), { href: url, textContent: title, target: "_blank", rel: "noopener" }));
  const list = document.createElement("ul");
  list.append(...links.map((link) => { const row = document.createElement("li"); row.append(link); return row; }));
  if (place.querySelector("ul")?.isEqualNode(list)) return; // said already
  const words = Object.assign(document.createElement("p"), { textContent: form.dataset.sayAnswers });
  requestAnimationFrame(() => place.replaceChildren(...(links.length ? [words, list] : []))); // in a region that was there before
}

/* Who is signed in stands on the page by now; in an address that is copied and sent on it would tell others. A cookie could keep it
   instead, but then whoever is sent such a link would go on writing as somebody else. */
function tidy() {
  const here = new URL(location.href);
  if (!here.searchParams.has("_as")) return;
  here.searchParams.delete("_as");
  history.replaceState(history.state, "", here);
}

function start() {
  const form = document.getElementById("request");
  if (form?.getAttribute("action")) begin(form);
}

tidy();
start();
document.querySelector(".errors")?.focus();
const leadsTo = document.querySelector("[data-leads-to]")?.dataset.leadsTo;
if (document.querySelector(".thanks")) tell({ plugdesk: "sent", to: leadsTo });
new ResizeObserver(() => tell({ plugdesk: "height", height: document.documentElement.getBoundingClientRect().height })).observe(document.body);
document.documentElement.dataset.started = "";
