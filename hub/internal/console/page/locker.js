// locker.js: a locker's page while somebody watches it. The front is drawn from what the page says; when the locker changes, the page
// fetches itself anew and only what is different moves.
import { front } from "/assets/front.js";
import { htmx, uPlot } from "/assets/console.js";

customElements.define("locker-front", class extends HTMLElement {
  static observedAttributes = ["doors"];
  connectedCallback() { this.draw(); }
  attributeChangedCallback() { if (this.isConnected) this.draw(); }
  draw() {
    const doors = JSON.parse(this.getAttribute("doors")), base = this.getAttribute("base");
    this.replaceChildren(front(doors, { kind: (door) => door.kind, name: (door) => door.name, href: (door) => base + door.number }));
  }
});

htmx.config.morphIgnore.push("open"); // what somebody has unfolded stays so

const now = () => document.getElementById("now");

const byThen = 5_000; // ms; the hub ends a stream now and then, and the browser opens it again within two seconds
let stream, before = null, heard = Date.now();

// watch asks for the page again when the locker has changed. A stream that ends is opened again by the browser, one that was refused by us.
function watch() {
  stream = new EventSource(now().dataset.live);
  stream.addEventListener("message", ({ data }) => {
    if (before !== null && data !== before) htmx.trigger(now(), "changed");
    before = data;
  });
}

// tellAway says since when the page knows nothing new, as long as the hub does not answer.
function tellAway() {
  if (stream.readyState === EventSource.OPEN) heard = Date.now();
  const away = document.getElementById("away"), language = document.documentElement.lang;
  away.hidden = Date.now() - heard < byThen;
  if (away.hidden) return;
  const text = away.dataset.text.replace("{time}", new Date(heard).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" }));
  if (away.textContent !== text) away.textContent = text; // said once
  if (stream.readyState === EventSource.CLOSED) watch();
}

// A click on a door shows its story below the front; without this the link leads to a page of its own.
document.addEventListener("click", async (event) => {
  const door = event.target.closest("locker-front a[data-door]");
  if (!door || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const story = document.getElementById("story");
  story.hidden = false;
  await htmx.ajax("GET", door.getAttribute("href"), { target: story, swap: "innerHTML" });
  story.querySelector("h2")?.focus();
});

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

async function plots() {
  const section = document.querySelector("[data-days]"), said = section.dataset;
  const { days, compartments } = await (await fetch(said.days)).json();
  const x = days.map((day) => Date.parse(`${day.day}T12:00:00`) / 1000);
  const wide = section.clientWidth - 32;
  const axes = [{ stroke: colour("--quiet"), grid: { show: false }, values: (_, ticks) => ticks.map((t) => new Date(t * 1000).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short" })) },
    { stroke: colour("--quiet"), grid: { stroke: colour("--line") } }];
  new uPlot({
    width: wide, height: 220, axes, scales: { y: { range: (_, __, top) => [0, Math.max(top, compartments, 1)] } },
    series: [{ label: said.day }, { label: said.inside, stroke: colour("--accent"), fill: colour("--accent") + "22", width: 2 }, { label: said.stored, stroke: colour("--go"), width: 2 }, { label: said.left, stroke: colour("--care"), width: 2 }],
  }, [x, days.map((d) => d.inside), days.map((d) => d.stored), days.map((d) => d.left)], document.getElementById("plot-inside"));
  const waits = days.flatMap((d) => d.waits ?? []), most = Math.max(24, ...waits), bins = 24;
  const counts = Array(bins).fill(0);
  for (const wait of waits) counts[Math.min(bins - 1, Math.floor((wait / most) * bins))]++;
  new uPlot({
    width: wide, height: 160, scales: { x: { time: false }, y: { range: (_, __, top) => [0, Math.max(top, 1)] } },
    axes: [{ stroke: colour("--quiet"), grid: { show: false } }, { stroke: colour("--quiet"), grid: { stroke: colour("--line") } }],
    series: [{ label: said.hours }, { label: said.waits, stroke: colour("--accent"), fill: colour("--accent") + "55", paths: uPlot.paths.bars({ size: [0.9] }) }],
  }, [counts.map((_, i) => Math.round((i + 0.5) * most / bins)), counts], document.getElementById("plot-waits"));
}

watch();
setInterval(tellAway, 1000);
setInterval(() => htmx.trigger(now(), "changed"), 60_000); // ages grow
plots();
