// map.js: lockers on a map, on one canvas however many there are: near ones drawn together as a number, and, where the operator has
// named no tiles, how far ten minutes on foot reach, with the names of cities and streets from the list itself.
import { CRS, Control, DomUtil, LatLng, LatLngBounds, Layer, Map as Leaflet, TileLayer } from "/assets/leaflet.js";
import { fromTheMiddle, gather } from "/select/cluster.js";
import { colours, paint } from "/select/paint.js";

const closest = 17; // how far a fit goes in
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

export function drawMap(element, { words, tiles, choose }) {
  const map = new Leaflet(element, { minZoom: 2, maxZoom: 18, zoomControl: false, attributionControl: false, zoomAnimation: !still, fadeAnimation: !still, inertia: !still, worldCopyJump: false });
  map.setView([55.75, 37.62], 4, { animate: false });
  const about = new Control.Attribution({ prefix: false }).addTo(map);
  new Control.Zoom({ position: "bottomright", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  new Scale({ imperial: false, words }).addTo(map);
  if (tiles.url) new TileLayer(tiles.url, { maxZoom: 19, referrerPolicy: "strict-origin" }).addTo(map);
  for (const part of attribution(tiles.url ? tiles.attribution : words.withoutTiles)) about.getContainer().append(part);
  const layer = new Lockers({ bare: !tiles.url }).addTo(map);
  let wish = null; // what to show once the map has a size

  const hit = (event) => layer.at(map.mouseEventToContainerPoint(event.originalEvent));
  map.on("mousemove", (event) => {
    const mark = hit(event);
    element.style.cursor = mark ? "pointer" : "";
    element.title = mark ? (mark.lockers.length > 1 ? words.cluster.replace("{n}", mark.lockers.length) : mark.lockers[0].name) : "";
  });
  map.on("click", (event) => {
    const mark = hit(event);
    if (!mark) return;
    const bounds = boundsOf(mark.lockers);
    const together = map.getZoom() >= closest || bounds.getSouthWest().equals(bounds.getNorthEast());
    if (mark.lockers.length > 1 && !together) return map.fitBounds(bounds, { maxZoom: closest, padding: [60, 60] });
    choose(mark.lockers[(mark.lockers.indexOf(layer.selected) + 1) % mark.lockers.length]);
  });
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (wish) wish();
    if (layer.selected) keepInView(layer.selected);
  }).observe(element);

  function keepInView(l) {
    if (l.place && !map.getBounds().pad(-0.15).contains(at(l))) map.setView(at(l), map.getZoom(), { animate: false });
  }

  return {
    // show draws lockers as marks, and all that there are as the ground they stand on.
    show: (lockers, all) => layer.show(lockers.filter((l) => l.place), all.filter((l) => l.place)),
    // fit shows all of these lockers, and you, the place of the visitor, if it is given.
    fit(lockers, you) {
      layer.you = you ?? null;
      const bounds = boundsOf(lockers.filter((l) => l.place));
      if (you) bounds.extend([you.latitude, you.longitude]);
      wish = null;
      if (!bounds.isValid()) return;
      const go = () => ((wish = null), map.fitBounds(bounds, { maxZoom: 14, padding: [40, 40], animate: false }), layer.draw());
      if (element.offsetWidth) go();
      else wish = () => element.offsetWidth && go();
    },
    select(l) {
      layer.selected = l;
      layer.draw();
      if (!l?.place) return;
      if (map.getZoom() < 13) map.setView(at(l), 14, { animate: false });
      else keepInView(l);
    },
  };
}

const at = (l) => [l.place.latitude, l.place.longitude];
const boundsOf = (lockers) => new LatLngBounds(lockers.map(at));

// attribution is a text whose link at the end, if it has one, is what the rest of it leads to.
function attribution(text) {
  const [, said, link] = /^(.*?)\s*(https:\/\/\S+)?$/.exec(text);
  if (!link) return [said];
  const a = document.createElement("a");
  Object.assign(a, { href: link, target: "_blank", rel: "noopener", textContent: said || link });
  return [a];
}

// Scale says its metres in the visitor's language.
const Scale = Control.Scale.extend({
  _updateScale(scale, text, ratio) {
    const [, number, unit] = /^(\d+) (k?m)$/.exec(text);
    const said = { m: this.options.words.metres, km: this.options.words.kilometres }[unit].replace("{n}", number);
    Control.Scale.prototype._updateScale.call(this, scale, said, ratio);
  },
});

// Lockers is the canvas. It is drawn somewhat larger than the map, so that a drag shows no edge, and anew when the map has come to rest.
const Lockers = Layer.extend({
  initialize({ bare }) {
    this.bare = bare;
    this.lockers = [];
    this.ground = [];
    this.marks = [];
    this.selected = null;
    this.you = null;
    this.gathered = new Map();
  },

  onAdd(map) {
    this.canvas = DomUtil.create("canvas", "lockers leaflet-zoom-animated", map.getPane("overlayPane"));
    this.canvas.setAttribute("aria-hidden", "true");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.draw());
    this.draw();
  },

  getEvents() {
    return { moveend: this.draw, zoomend: this.draw, viewreset: this.draw, resize: this.draw, zoom: this.follow, zoomanim: this.follow };
  },

  show(lockers, ground) {
    for (const l of ground) l.world ??= CRS.EPSG3857.latLngToPoint(new LatLng(...at(l)), 0);
    [this.lockers, this.ground] = [fromTheMiddle(lockers), ground];
    this.gathered.clear();
    this.draw();
  },

  // follow stretches what is drawn while the map zooms, to where it belongs under the coming zoom and centre.
  follow(event) {
    if (!this.corner) return;
    const map = this._map;
    const [zoom, center] = [event.zoom ?? map.getZoom(), event.center ?? map.getCenter()];
    const origin = map.project(center, zoom).subtract(map.getSize().divideBy(2)).add(DomUtil.getPosition(map.getPane("mapPane"))).round();
    DomUtil.setTransform(this.canvas, map.project(this.corner, zoom).subtract(origin), map.getZoomScale(zoom, this.zoom));
  },

  draw() {
    const map = this._map;
    if (!map) return;
    const size = map.getSize();
    if (!size.x) return;
    const zoom = (this.zoom = map.getZoom());
    const edge = size.divideBy(4).round();
    const topLeft = edge.multiplyBy(-1);
    const [width, height] = [size.x + 2 * edge.x, size.y + 2 * edge.y];
    const sharp = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * sharp, height: height * sharp });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint(topLeft));
    this.corner = map.containerPointToLatLng(topLeft);
    this.edge = edge;
    if (!this.gathered.has(zoom)) this.gathered.set(zoom, gather(this.lockers, 2 ** zoom, zoom < 16 ? 52 : 24));
    const pen = this.canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const corner = map.project(this.corner, zoom);
    const screen = (world) => ({ x: world.x * 2 ** zoom - corner.x, y: world.y * 2 ** zoom - corner.y });
    const you = this.you && screen(CRS.EPSG3857.latLngToPoint(new LatLng(this.you.latitude, this.you.longitude), 0));
    this.marks = paint(pen, { width, height, zoom, corner, screen, bare: this.bare, ground: this.ground, groups: this.gathered.get(zoom), selected: this.selected, you, colours: colours(map.getContainer()) });
  },

  // at is what is drawn at a point of the map, if anything is.
  at(point) {
    const [x, y] = [point.x + this.edge.x, point.y + this.edge.y];
    return this.marks.findLast((mark) => (mark.x - x) ** 2 + (mark.y - y) ** 2 <= mark.radius ** 2);
  },
});
