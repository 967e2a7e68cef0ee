/* Copies what the pages carry from elsewhere into the tree and writes down its sha256, so that users need no Node.
   npm ci --ignore-scripts && node vendor.mjs    after a version changed in package.json
   node vendor.mjs --check                       compares, changes nothing, and exits 1 if anything differs */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const statics = "web/plugdesk_web/static";

/** [package, file in it, place in the project] */
const copies = [
  ["htmx.org", "dist/htmx.min.js", `${statics}/vendor/htmx.min.js`],
  ["htmx.org", "LICENSE", `${statics}/vendor/htmx.LICENSE`],
  ["squire-rte", "dist/squire.mjs", `${statics}/vendor/squire.mjs`],
  ["squire-rte", "LICENSE", `${statics}/vendor/squire.LICENSE`],
  ["dompurify", "dist/purify.min.js", `${statics}/vendor/purify.min.js`],
  ["dompurify", "LICENSE", `${statics}/vendor/purify.LICENSE`],
  ["sortablejs", "Sortable.min.js", `${statics}/vendor/sortable.min.js`],
  ["sortablejs", "LICENSE", `${statics}/vendor/sortable.LICENSE`],
  ["@tabler/icons", "LICENSE", `${statics}/icons/tabler.LICENSE`],
  ["@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2", `${statics}/fonts/inter-latin.woff2`],
  ["@fontsource-variable/inter", "files/inter-cyrillic-wght-normal.woff2", `${statics}/fonts/inter-cyrillic.woff2`],
  ["@fontsource-variable/inter", "LICENSE", `${statics}/fonts/inter.LICENSE`],
  ["axe-core", "axe.min.js", "tests/browser/axe.min.js"],
  ["axe-core", "LICENSE", "tests/browser/axe.LICENSE"],
];

const checking = process.argv.includes("--check");
const wanted = new Map(copies.map(([name, file, place]) => [place, clean(place, read("node_modules", name, file))]));
wanted.set(`${statics}/icons/icons.svg`, Buffer.from(sprite()));
wanted.set(`${statics}/vendor/manifest.json`, Buffer.from(manifest(wanted)));

let different = 0;
for (const [place, bytes] of wanted) {
  const path = join(root, place);
  if (checking) {
    if (sameAs(path, bytes)) continue;
    console.error(`differs: ${place}`);
    different += 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}
console.log(checking ? `${wanted.size - different} of ${wanted.size} as wanted` : `${wanted.size} files written`);
process.exitCode = different ? 1 : 0;

function read(...parts) {
  return readFileSync(join(here, ...parts));
}

/** The map of a script is not shipped, and a browser that asks for it would find nothing. */
function clean(place, bytes) {
  if (!/\.m?js$/.test(place)) return bytes;
  return Buffer.from(bytes.toString().replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
}

function sprite() {
  const outlines = JSON.parse(read("icons", "tabler.json"));
  const symbols = Object.entries(outlines).map(([id, name]) => symbol(id, read("node_modules/@tabler/icons/icons/outline", `${name}.svg`)));
  const own = read("icons", "own.svg").toString().match(/<symbol[^]*<\/symbol>/)[0];
  const head = "<!-- Outlines from Tabler Icons (MIT, Paweł Kuna); status-* are our own. Made by tools/vendor.mjs. -->";
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${head}\n${symbols.join("\n")}\n${own}\n</svg>\n`;
}

function symbol(id, svg) {
  const shapes = svg.toString().replace(/[^]*?<svg[^>]*>|<\/svg>\s*/g, "").replace(/<path stroke="none"[^>]*>/, "");
  return `<symbol id="${id}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "").replace(/ \/>/g, "/>")}</symbol>`;
}

function manifest(files) {
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  const sha256 = Object.fromEntries([...files].map(([place, bytes]) => [place, createHash("sha256").update(bytes).digest("hex")]));
  return JSON.stringify({ versions: { ...dependencies, ...devDependencies }, sha256 }, null, 2) + "\n";
}

function sameAs(path, bytes) {
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
