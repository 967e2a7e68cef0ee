/* <script src="https://desk.example/portal/embed.js" data-token="TOKEN" async></script>
   Puts My requests where the tag stands. TOKEN is the one your site has signed for its customer, fresh with each page. */
(() => {
  const tag = document.currentScript;
  const source = new URL(tag.src);
  const address = new URL("./from-site", source);
  address.searchParams.set("frame", "1");
  address.searchParams.set("token", tag.dataset.token || "");
  const language = tag.dataset.language || document.documentElement.lang.slice(0, 2);
  if (language) address.searchParams.set("lang", language);
  const heard = () => {};
{% with title = _("My requests") %}{% include "components/embed.js" %}{% endwith %}
})();
