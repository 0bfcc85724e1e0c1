// network.js: the map of lockers. The page stands without it; the map's library is fetched when the page does.
import "/assets/console.js";

const section = document.getElementById("map");
const tones = ["--quiet", "--go", "--care", "--stop"];

// resolve turns a colour of the page's tokens into one that the map's library reads: light-dark() is resolved by the browser.
function resolve(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const seen = getComputedStyle(probe).color;
  probe.remove();
  return seen;
}

const feature = ([id, name, longitude, latitude, tone, fill]) => ({ type: "Feature", geometry: { type: "Point", coordinates: [longitude, latitude] }, properties: { id, name, tone, fill } });

async function draw() {
  const [{ Map, NavigationControl, AttributionControl }, rows] = await Promise.all([import("/assets/maplibre-gl.mjs"), fetch("/console/lockers.json").then((r) => r.json())]);
  const { tiles, attribution, title, zoomIn, zoomOut, source } = section.dataset;
  const [quiet, go, care, stop] = tones.map(resolve);
  const byTone = (property) => ["match", ["get", property], 3, stop, 2, care, 1, go, quiet];
  const background = tiles
    ? { sources: { tiles: { type: "raster", tiles: [tiles], tileSize: 256, attribution } }, layers: [{ id: "tiles", type: "raster", source: "tiles" }] }
    : { sources: { world: { type: "geojson", data: "/assets/world.json" } }, layers: [{ id: "world", type: "line", source: "world", paint: { "line-color": resolve("--line"), "line-width": 1 } }] };
  const map = new Map({
    container: section, locale: { "Map.Title": title, "NavigationControl.ZoomIn": zoomIn, "NavigationControl.ZoomOut": zoomOut, "AttributionControl.ToggleAttribution": source }, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    bounds: around(rows), fitBoundsOptions: { padding: 60, maxZoom: tiles ? 12 : 5 },
    style: {
      version: 8,
      sources: { ...background.sources, lockers: { type: "geojson", data: { type: "FeatureCollection", features: rows.map(feature) }, cluster: true, clusterRadius: 36, clusterMaxZoom: 11, clusterProperties: { worst: ["max", ["get", "tone"]] } } },
      layers: [
        { id: "paper", type: "background", paint: { "background-color": resolve("--paper") } }, ...background.layers,
        { id: "clusters", type: "circle", source: "lockers", filter: ["has", "point_count"], paint: { "circle-color": byTone("worst"), "circle-opacity": 0.75, "circle-radius": ["interpolate", ["linear"], ["get", "point_count"], 2, 10, 50, 18, 1000, 30] } },
        { id: "ring", type: "circle", source: "lockers", filter: ["!", ["has", "point_count"]], paint: { "circle-color": resolve("--card"), "circle-stroke-color": byTone("tone"), "circle-stroke-width": 3, "circle-radius": 8 } },
        { id: "fill", type: "circle", source: "lockers", filter: ["!", ["has", "point_count"]], paint: { "circle-color": byTone("tone"), "circle-radius": ["*", 0.08, ["sqrt", ["*", 100, ["get", "fill"]]]] } },
      ],
    },
  });
  map.addControl(new NavigationControl({ showCompass: false }));
  if (attribution) map.addControl(new AttributionControl({ compact: true }));
  map.on("click", "ring", ({ features }) => location.assign(`/console/lockers/${encodeURIComponent(features[0].properties.id)}`));
  map.on("click", "clusters", ({ lngLat }) => map.easeTo({ center: lngLat, zoom: map.getZoom() + 2 }));
  for (const layer of ["ring", "clusters"]) {
    map.on("mouseenter", layer, ({ features }) => { map.getCanvas().style.cursor = "pointer"; section.title = features[0].properties.name ?? ""; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; section.title = ""; });
  }
  map.once("idle", () => { section.dataset.idle = String(Math.round(performance.now())); });
}

// around is the box that holds all lockers; the whole world where there are none.
function around(rows) {
  if (!rows.length) return [-170, -50, 170, 75];
  const west = Math.min(...rows.map((r) => r[2])), east = Math.max(...rows.map((r) => r[2])), south = Math.min(...rows.map((r) => r[3])), north = Math.max(...rows.map((r) => r[3]));
  return [west, south, east, north];
}

// after the page itself has been painted
requestAnimationFrame(() => setTimeout(() => draw().catch((error) => { section.textContent = String(error.message); }), 0));
