{#- Of a script for other sites, inside its function: a frame where the script's `tag` stands, showing `address`, as high as what is in it.
    `heard(said)` is told what else the frame says. -#}
  const frame = document.createElement("iframe");
  frame.title = tag.dataset.title || {{ title|tojson }};
  Object.assign(frame.style, { border: "0", inlineSize: "100%", blockSize: "640px", transition: "none" }); // a style attribute could be forbidden here
  tag.before(frame);
  const styled = [...document.querySelectorAll('link[rel~="stylesheet"]')].every((each) => each.sheet || each.disabled);
  if (styled || document.readyState === "complete") show();
  else addEventListener("load", show); // before, nobody can see how light the page is

  function show() {
    address.searchParams.set("_tone", tone());
    frame.src = address;
  }

  /* As light as what the frame stands on; where the page goes with its visitor's system, the frame goes with it, too. */
  function tone() {
    const behind = [];
    for (let each = frame.parentElement; each; each = each.parentElement) behind.push(getComputedStyle(each).backgroundColor);
    const [red, green, blue] = [...behind, "Canvas"].map(parts).find(([, , , opaque]) => opaque > 0.5) ?? [1, 1, 1];
    frame.style.removeProperty("background-color");
    const { colorScheme: scheme } = getComputedStyle(document.documentElement);
    const seen = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5 ? "dark" : "light";
    const follows = /light/.test(scheme) && /dark/.test(scheme) && matchMedia(`(prefers-color-scheme: ${seen})`).matches;
    return follows ? "auto" : seen;
  }

  /* Red, green, blue and how opaque, 0 to 1 each, however the page writes a colour. */
  function parts(colour) {
    frame.style.setProperty("background-color", `color-mix(in srgb, ${colour}, ${colour})`, "important");
    const [red, green, blue, opaque = 1] = getComputedStyle(frame).backgroundColor.match(/[\d.]+(e-?\d+)?/g).map(Number);
    return [red, green, blue, opaque];
  }
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== source.origin || typeof event.data !== "object") return;
    const said = event.data ?? {};
    if (said.plugdesk === "height" && said.height > 0 && said.height < 20000) frame.style.blockSize = `${Math.ceil(said.height)}px`;
    heard(said);
  });
