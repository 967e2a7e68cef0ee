/* Starts behaviours: an element asks for them with data-behavior="name other", now or when it is swapped in later.
   A behaviour is js/behaviors/NAME.js with a default function (element, signal); the signal aborts when the element goes.
   Pages work without any of them. A plugin's own behaviours are asked for with data-behavior-url="/its/module.js". */
import "./errors.js";

const started = new WeakMap();
const running = new Set();
const coming = new Set();

function start(element) {
  const wanted = new Map(names(element).map((name) => [name, `./behaviors/${name}.js`]));
  if (element.dataset.behaviorUrl) wanted.set(element.dataset.behaviorUrl, element.dataset.behaviorUrl);
  for (const [name, url] of wanted) {
    const life = started.get(element) ?? begin(element);
    if (life.names.has(name)) continue;
    life.names.add(name);
    const arrival = import(url).then(
      (module) => life.controller.signal.aborted || module.default(element, life.controller.signal),
      (error) => console.error(`behaviour ${name} did not start`, error),
    ).finally(() => coming.delete(arrival));
    coming.add(arrival);
  }
}

function names(element) {
  return (element.dataset.behavior ?? "").split(/\s+/).filter(Boolean);
}

function begin(element) {
  const life = { names: new Set(), controller: new AbortController() };
  started.set(element, life);
  running.add(element);
  return life;
}

function startAll(root) {
  if (root.matches?.("[data-behavior], [data-behavior-url]")) start(root);
  root.querySelectorAll?.("[data-behavior], [data-behavior-url]").forEach(start);
}

function stopGone() {
  for (const element of running) {
    if (element.isConnected) continue;
    started.get(element).controller.abort();
    started.delete(element);
    running.delete(element);
  }
}

startAll(document);
Promise.allSettled(coming).then(() => { document.documentElement.dataset.started = ""; }); // for whoever waits for the page: tests
new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === "attributes") start(change.target);
    change.addedNodes.forEach(startAll);
  }
  if (changes.some((change) => change.removedNodes.length)) stopGone();
}).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["data-behavior", "data-behavior-url"] });
