/* <input data-behavior="lookup" data-url="…" list="id">: fills the list as one types, from [{value, label}, …]. */
export default function lookup(input, signal) {
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 200);
  }, { signal });

  async function find() {
    const wanted = input.value.trim();
    if (wanted.length < 2) return;
    const url = new URL(input.dataset.url, location.href);
    url.searchParams.set("q", wanted);
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
    if (!response.ok || input.value.trim() !== wanted) return;
    const options = (await response.json()).map(({ value, label }) => Object.assign(document.createElement("option"), { value, label }));
    input.list.replaceChildren(...options);
  }
}
