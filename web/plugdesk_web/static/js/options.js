/** Choose the option `by` places on from the chosen one, round the ends, in the listbox that `input` leads. */
export function step(input, options, by) {
  const now = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = options[(Math.max(0, now) + by + options.length) % options.length];
  options.forEach((option) => option.setAttribute("aria-selected", String(option === next)));
  if (next) input.setAttribute("aria-activedescendant", next.id);
  else input.removeAttribute("aria-activedescendant");
  next?.scrollIntoView({ block: "nearest" });
}
