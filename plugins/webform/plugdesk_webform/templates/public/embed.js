/* <script src="https://desk.example/p/FORM/webform/embed.js" data-form="CODE" async></script>
   Puts the request form where the tag stands. The frame says how high it is, and where to go on after sending. */
(() => {
  const tag = document.currentScript;
  const source = new URL(tag.src);
  const address = new URL(`./${encodeURIComponent(tag.dataset.form)}`, source);
  address.searchParams.set("_embed", "1");
  address.searchParams.set("_page", location.origin + location.pathname);
  const language = tag.dataset.language || document.documentElement.lang.slice(0, 2);
  if (language) address.searchParams.set("_lang", language);
  for (const [name, value] of Object.entries(tag.dataset)) {
    if (name.startsWith("fill")) address.searchParams.set(name.slice(4).replace(/[A-Z]/g, (sign, at) => (at ? "_" : "") + sign.toLowerCase()), value);
  }
  const heard = ({ plugdesk, to }) => {
    if (plugdesk === "sent" && typeof to === "string" && /^https?:\/\//.test(to)) location.assign(to);
    if (plugdesk === "sent" || plugdesk === "shown") frame.scrollIntoView({ block: "nearest" });
  };
{% with title = _("Request form") %}{% include "components/embed.js" %}{% endwith %}
})();
