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
  const frame = document.createElement("iframe");
  frame.src = address;
  frame.title = tag.dataset.title || "My requests";
  Object.assign(frame.style, { border: "0", inlineSize: "100%", blockSize: "640px" }); // a style attribute could be forbidden here
  tag.before(frame);
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== source.origin || typeof event.data !== "object") return;
    const { plugdesk, height } = event.data ?? {};
    if (plugdesk === "height" && height > 0 && height < 20000) frame.style.blockSize = `${Math.ceil(height)}px`;
  });
})();
