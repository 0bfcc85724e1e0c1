// select.js: the page on which a visitor chooses a locker. Alone it is a map of the network. In a frame it waits for {lockstep: "open",
// options} from the page around it, with a port; what is chosen goes into that port and nowhere else: {lockstep: "picked", locker}.
// It answers {lockstep: "ready"} first, and {lockstep: "close"} when the visitor gives up.
import { el, fill } from "/assets/dom.js";
import { openness, roundTheClock, wall } from "/select/hours.js";
import { drawList } from "/select/list.js";
import { cityOf, listed, metres, wanted, words as wordsOf } from "/select/search.js";
import { drawCard } from "/select/card.js";

const said = JSON.parse(document.getElementById("said").textContent);
const words = said.words;
const $ = (id) => document.getElementById(id);
const collator = new Intl.Collator(said.language, { numeric: true });

const state = {
  all: [], // lockers as the hub lists them, those that the shop takes, with: words, free, always, distance
  shown: [],
  tariffs: {},
  options: { numbers: [], ids: [], cities: [] },
  port: null,
  overlay: false, // over a shop's page, which goes on once a locker is picked; else a part of it
  chosen: null, // looked at
  picked: "", // the id of the one that was chosen
  you: null,
};
let loaded = null; // until they have come
let map = null;

const texts = (value) => (Array.isArray(value) ? value.filter((one) => typeof one === "string" && one) : []);
const text = (value) => (typeof value === "string" ? value : "");

addEventListener("message", (event) => {
  if (event.source !== window.parent || window.parent === window || event.data?.lockstep !== "open" || !event.ports[0]) return;
  const o = event.data.options ?? {};
  state.options = { city: text(o.city), from: text(o.fromcity), locker: text(o.locker), numbers: texts(o.numbers), ids: texts(o.ids), cities: texts(o.cities) };
  state.port = event.ports[0];
  state.port.postMessage({ lockstep: "ready" });
  state.overlay = o.close === true;
  $("close").hidden = !state.overlay;
  if (state.overlay) (matchMedia("(pointer: coarse)").matches ? document.querySelector("h1") : $("query")).focus(); // no keyboard over a phone's list
  begin();
});

async function json(path) {
  const answer = await fetch(path, { credentials: "omit" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function load() {
  $("count").textContent = words.loading;
  try {
    loaded = prepared((await json("/select/lockers.json")).lockers);
  } catch (error) {
    console.error(error);
    $("count").textContent = words.failed;
    nothing(words.failed, [words.again, load]);
    return;
  }
  begin();
}

// prepared adds what is asked of lockers again and again, and puts them in order.
function prepared(lockers) {
  for (const l of lockers) {
    l.words = wordsOf(l);
    l.free = Object.values(l.room).reduce((sum, n) => sum + n, 0);
    l.always = roundTheClock(l.hours);
  }
  return lockers.sort((a, b) => collator.compare(a.city, b.city) || collator.compare(a.street || a.address, b.street || b.address));
}

// begin draws what there is for the shop's wishes; it is called when either comes.
async function begin() {
  if (!loaded) return;
  state.all = loaded.filter(listed(state.options));
  fillCities();
  const first = state.options.locker;
  const chosen = first && state.all.find((l) => l.id === first || l.name === first);
  if (chosen && !state.overlay) state.picked = chosen.id;
  update(true);
  await showMap();
  if (chosen) choose(chosen);
  if (!state.options.from) return;
  const list = await json(`/select/tariffs.json?from=${encodeURIComponent(state.options.from)}`).catch((error) => (console.error(error), null));
  state.tariffs = list?.tariffs ?? {};
  redraw();
}

function fillCities() {
  const cities = new Map();
  const names = new Map();
  for (const l of state.all) {
    const key = `${l.city}\n${l.region}`;
    if (!cities.has(key)) names.set(l.city, (names.get(l.city) ?? 0) + 1);
    cities.set(key, { city: l.city, region: l.region });
  }
  const options = [...cities].map(([key, { city, region }]) => el("option", { value: key }, names.get(city) > 1 && region ? `${city} (${region})` : city));
  const select = $("city");
  select.replaceChildren(el("option", { value: "" }, words.allCities), ...options);
  const asked = cityOf(state.options.city);
  select.value = (asked && [...cities.keys()].find((key) => cityOf(key.split("\n")[0]) === asked)) || (cities.size === 1 ? [...cities.keys()][0] : "");
  select.hidden = cities.size < 2;
}

// opennessOf is of a locker now; the walls' clocks are read once for a drawing.
function clocks() {
  const read = new Map();
  return (l) => {
    if (!read.has(l.time_zone)) read.set(l.time_zone, wall(l.time_zone));
    const { today, minute } = read.get(l.time_zone);
    return openness(l.hours, today, minute);
  };
}

function filtered() {
  const city = $("city").value;
  const found = wanted($("query").value);
  const [open, always, room] = ["open", "always", "room"].map((id) => $(id).checked);
  const now = clocks();
  return state.all.filter((l) => (!city || `${l.city}\n${l.region}` === city) && found(l.words) && (!always || l.always) && (!room || (l.free > 0 && !l.suspended)) && (!open || now(l).open));
}

// update draws the list and the map anew; fit shows all of it on the map.
function update(fit) {
  state.shown = filtered();
  if (state.you) {
    for (const l of state.shown) l.distance = l.place ? metres(state.you, l.place) : Infinity;
    state.shown.sort((a, b) => a.distance - b.distance);
  }
  const city = $("city").value.split("\n")[0];
  $("clear").hidden = !$("query").value;
  $("count").replaceChildren(...fill(city ? words.countHere : words.count, { city: el("bdi", null, city), n: state.shown.length.toLocaleString(said.language) }));
  list.show(state.shown, { now: clocks(), tariffs: state.tariffs, chosen: state.chosen, picked: state.picked, city });
  map?.show(state.shown, state.all);
  if (fit) map?.fit(state.you ? state.shown.slice(0, 8) : state.shown, state.you);
  explainNothing(city);
  redrawCard();
}

function explainNothing(city) {
  if (state.shown.length) return nothing("");
  if (!state.all.length) return nothing(words.noneAllowed);
  const narrowed = ["open", "always", "room"].some((id) => $(id).checked);
  const ways = [];
  if (narrowed) ways.push([words.dropFilters, () => { for (const id of ["open", "always", "room"]) $(id).checked = false; update(true); }]);
  if (city && $("query").value) ways.push([words.everywhere, () => { $("city").value = ""; update(true); }]);
  nothing(fill(city ? words.nothingHere : words.nothing, { city: el("bdi", null, city) }), ...ways);
}

function nothing(sentence, ...ways) {
  $("empty").hidden = !sentence;
  $("empty").replaceChildren(el("p", null, sentence), ...ways.map(([name, go]) => el("button", { type: "button", onclick: go }, name)));
}

// choose looks at a locker; the visitor picks it on its card.
function choose(l, byKey) {
  state.chosen = l;
  list.mark(l);
  map?.select(l);
  redrawCard();
  document.body.classList.toggle("looking", Boolean(l));
  if (byKey) ($("chosen").querySelector("button.main:enabled") ?? $("chosen").querySelector("button"))?.focus();
}

function redrawCard() {
  const l = state.chosen;
  const focused = [...$("chosen").querySelectorAll("button")].indexOf(document.activeElement);
  $("chosen").hidden = !l;
  if (!l) return $("chosen").replaceChildren();
  const pick = state.port && (() => picked(l));
  drawCard($("chosen"), l, { words, openness: clocks()(l), tariff: state.tariffs[l.id], picked: state.picked === l.id, pick, leave: () => (choose(null), list.focus(l)) });
  if (focused >= 0) $("chosen").querySelectorAll("button")[focused]?.focus();
}

// redraw draws the same lockers as they are known now.
function redraw() {
  list.show(state.shown, { now: clocks(), tariffs: state.tariffs, chosen: state.chosen, picked: state.picked, city: $("city").value.split("\n")[0] }, true);
  redrawCard();
}

function picked(l) {
  const tariff = state.tariffs[l.id] ?? { zone: "", coeff: 1, delivery_min: 0, delivery_max: 0 };
  const { id, name, address, post_code, region, city, country, street, house, indoors, hours } = l;
  const { latitude = null, longitude = null } = l.place ?? {};
  state.picked = id;
  state.port.postMessage({ lockstep: "picked", locker: { id, name, address, post_code, region, city, country, street, house, latitude, longitude, indoors, hours, ...tariff } });
  redraw();
}

function near() {
  if (state.you) {
    state.you = null;
    $("near").setAttribute("aria-pressed", "false");
    return update(true);
  }
  $("near").disabled = true;
  const done = () => ($("near").disabled = false);
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      done();
      state.you = { latitude: coords.latitude, longitude: coords.longitude };
      $("near").setAttribute("aria-pressed", "true");
      $("city").value = "";
      update(true);
      $("count").textContent = words.nearest;
    },
    () => (done(), ($("count").textContent = words.notFoundYou)),
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
  );
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of $("views").children) button.setAttribute("aria-pressed", String(button.value === name));
  showMap();
}

async function showMap() {
  if (!said.map || $("map").offsetWidth === 0) return;
  if (!map) {
    const { drawMap } = await import("/select/map.js");
    if (map) return;
    map = drawMap($("map"), { words, tiles: said.tiles, choose });
    map.show(state.shown, state.all);
    map.fit(state.shown, state.you);
  }
  if (state.chosen) map.select(state.chosen);
}

// The frame keeps the focus inside: behind the last thing comes the first.
function keys(event) {
  if (event.key === "Escape" && !event.defaultPrevented) state.port?.postMessage({ lockstep: "close" });
  if (event.key !== "Tab" || $("close").hidden) return;
  const all = [...document.querySelectorAll("a[href], button, input, select, [tabindex='0']")].filter((e) => !e.disabled && e.getClientRects().length);
  const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  if (document.activeElement !== from && document.activeElement !== document.body) return;
  event.preventDefault();
  to.focus();
}

const list = drawList($("list"), { words, language: said.language, choose });
let typing = 0;
$("query").addEventListener("input", () => {
  if (state.chosen) choose(null);
  update(false);
  clearTimeout(typing);
  typing = setTimeout(() => map?.fit(state.shown), 300);
});
$("query").addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" || !state.shown.length) return;
  event.preventDefault();
  list.focus(state.shown[0]);
});
$("clear").addEventListener("click", () => {
  $("query").value = "";
  $("query").focus();
  update(true);
});
$("wishes").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["open", "always", "room"]) $(id).addEventListener("change", () => update(false));
$("city").addEventListener("change", () => update(true));
$("near").hidden = !(window.isSecureContext && navigator.geolocation);
$("near").addEventListener("click", near);
$("close").addEventListener("click", () => state.port?.postMessage({ lockstep: "close" }));
$("views").addEventListener("click", (event) => event.target.value && view(event.target.value));
addEventListener("keydown", keys);
addEventListener("resize", () => showMap());
load();
