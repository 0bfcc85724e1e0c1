// Bundles third-party browser code into internal/web/dist, from where the Go programs embed it.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "internal", "web", "dist");

await mkdir(dist, { recursive: true });
await build({
  entryPoints: ["qr.js", "scan.js", "leaflet.js"].map((name) => join(here, "src", name)),
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
console.log(`built into ${dist}`);
