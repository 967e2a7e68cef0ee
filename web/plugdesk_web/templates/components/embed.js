{#- Of a script for other sites, inside its function: a frame where the script's `tag` stands, showing `address`, as high as what is in it.
    `heard(said)` is told what else the frame says. -#}
  const frame = document.createElement("iframe");
  frame.src = address;
  frame.title = tag.dataset.title || {{ title|tojson }};
  Object.assign(frame.style, { border: "0", inlineSize: "100%", blockSize: "640px" }); // a style attribute could be forbidden here
  tag.before(frame);
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== source.origin || typeof event.data !== "object") return;
    const said = event.data ?? {};
    if (said.plugdesk === "height" && said.height > 0 && said.height < 20000) frame.style.blockSize = `${Math.ceil(said.height)}px`;
    heard(said);
  });
