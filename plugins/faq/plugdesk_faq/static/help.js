// Counts that an article was read, or that a search found nothing. Nothing else depends on it.
const words = new URLSearchParams(location.search).get("q") ?? "";
const told = (url, about) => fetch(url, { method: "POST", body: new URLSearchParams(about), credentials: "omit", keepalive: true }).catch(() => {});

const article = document.querySelector("[data-read]");
if (article) told(article.dataset.read, { token: article.dataset.token, ...(words && { q: words }) });
document.querySelectorAll("[data-searched]").forEach((control) => { control.value = words; });

const missed = document.querySelector("[data-missed]");
if (missed) told(missed.dataset.missed, { token: missed.dataset.token, q: missed.dataset.words });
document.documentElement.dataset.started = "";
