// Bundles third-party browser code into internal/web/dist, from where the Go programs embed it.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mesh } from "topojson-client";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "internal", "web", "dist");

await mkdir(dist, { recursive: true });
await build({
  entryPoints: ["qr.js", "scan.js", "leaflet.js", "console.js"].map((name) => join(here, "src", name)),
  outdir: dist,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "inline",
  loader: { ".png": "dataurl" },
  logLevel: "warning",
});

const swagger = join(here, "node_modules", "swagger-ui-dist");
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt"]) {
  await copyFile(join(swagger, name), join(dist, name));
}
// The map's library comes as modules that find each other; its worker is one of them.
const maplibre = join(here, "node_modules", "maplibre-gl", "dist");
for (const name of ["maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css"]) {
  await copyFile(join(maplibre, name), join(dist, name));
}
await copyFile(join(here, "node_modules", "uplot", "dist", "uPlot.min.css"), join(dist, "uplot.css"));

// What a map without tiles shows: coasts and borders of Natural Earth, to about five kilometres.
const atlas = JSON.parse(await readFile(join(here, "node_modules", "world-atlas", "countries-50m.json"), "utf8"));
const lines = mesh(atlas, atlas.objects.countries);
lines.coordinates = lines.coordinates.map((line) => line.map(([x, y]) => [Math.round(x * 20) / 20, Math.round(y * 20) / 20]).filter((p, i, all) => i === 0 || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1])).filter((line) => line.length > 1);
await writeFile(join(dist, "world.json"), JSON.stringify({ type: "Feature", properties: {}, geometry: lines }));
console.log(`built into ${dist}`);
