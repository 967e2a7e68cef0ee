/* What htmx does when the server refuses or is not there: the page keeps what it shows and says so. */
import { gettext } from "./words.js";
import { toast } from "./say.js";

document.addEventListener("htmx:response:error", ({ detail }) => {
  const status = detail.ctx?.response?.status;
  if (status === 401) location.reload();
  else if (status === 403) toast({ tone: "red", text: gettext("You may not do this. Reload the page if you have just signed in again.") });
  else if (status === 404) toast({ tone: "red", text: gettext("That is not here any more.") });
  else if (status >= 500) toast({ tone: "red", text: gettext("The server failed. What you see and what you typed is kept.") });
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx?.response || detail.error?.name === "AbortError" || !detail.ctx) return;
  if (detail.ctx.request?.method === "GET" && document.hidden) return;
  toast({ tone: "red", text: gettext("No answer from the server. What you typed is kept.") });
});
