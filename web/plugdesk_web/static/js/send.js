/* Posting from a script, with the token that proves the page is ours. */
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Posts `data` (an object of values or lists, or FormData) and returns the Response; refuses with the server's words. */
export async function post(url, data = {}, options = {}) {
  const response = await fetch(url, { method: "POST", body: asForm(data), headers: headers(), credentials: "same-origin", ...options });
  if (!response.ok) throw Object.assign(new Error((await words(response)) || String(response.status)), { status: response.status });
  return response;
}

/** Posts and reads the answer as JSON; an empty answer is an empty object. */
export async function postForJson(url, data, options) {
  const text = await (await post(url, data, options)).text();
  return text ? JSON.parse(text) : {};
}

export function headers() {
  return { "X-CSRFToken": token(), Accept: "application/json" };
}

export { token };

function asForm(data) {
  if (data instanceof FormData || data instanceof URLSearchParams) return data;
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(data)) for (const each of [value].flat()) form.append(name, each);
  return form;
}

async function words(response) {
  if (!response.headers.get("Content-Type")?.includes("json")) return "";
  return (await response.json()).error ?? "";
}
