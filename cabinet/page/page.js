// Draws the cabinet's front and sends what a hand does to it. All state is the cabinet's; this page keeps only which parcel
// of those in hand is meant, and the language.
import { columns, units } from "/assets/front.js";
import { after, choose, offer } from "/assets/language.js";
import { languages, words } from "/words.js";

const token = new URLSearchParams(location.search).get("token");
const ancestors = document.querySelector('meta[name="frame-ancestors"]').content.split(" ").filter(Boolean);
const byId = (id) => document.getElementById(id);
let language = choose(languages, new URLSearchParams(location.search).get("language"), localStorage.getItem("language"), ...navigator.languages);
let state = null;
let meant = "";
let held = new Set(); // barcodes that were in hand at the last paint
let drawn = "";

const word = (key) => words[language][key];

function element(tag, className, ...children) {
  const e = document.createElement(tag);
  e.className = className;
  e.append(...children);
  return e;
}

function button(className, name, act, ...children) {
  const b = element("button", className, ...children);
  b.type = "button";
  label(b, name);
  b.addEventListener("click", act);
  return b;
}

function label(e, name) {
  e.setAttribute("aria-label", name);
  e.title = name;
}

// post says why not where the cabinet does not do it.
async function post(path, body, why = word("impossible")) {
  const reply = await fetch(`${path}?token=${encodeURIComponent(token)}`, { method: "POST", body }).catch(() => null);
  if (reply && !reply.ok) toast(why);
}

const act = (request, why) => post("/do", JSON.stringify(request), why);

let toastTimer = 0;
function toast(text) {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { byId("toast").hidden = true; }, 4000);
}

// build makes the front once for a layout; paint then only changes classes, so that doors swing.
function build() {
  const { all, height } = columns(state.compartments);
  const front = byId("front");
  front.replaceChildren();
  front.style.setProperty("--height", height);
  const half = Math.floor(all.length / 2);
  all.forEach((column, i) => {
    if (i === half) front.append(panel());
    front.append(bank(column, height));
  });
  if (all.length < 2) front.append(panel());
}

function bank(column, height) {
  const bank = element("div", "bank", ...column.map(compartment));
  const left = height - column.reduce((sum, c) => sum + units(c.size), 0);
  if (left > 0) {
    const blank = element("div", "blank");
    blank.style.setProperty("--units", left);
    bank.append(blank);
  }
  return bank;
}

function compartment(c) {
  const inside = element("div", "inside");
  const door = button("door", "", () => act({ verb: "close", person: "visitor", compartment: c.number }),
    element("span", "number", String(c.number)), element("span", "lock"));
  const e = element("div", units(c.size) === 1 ? "compartment low" : "compartment", inside, door);
  e.id = `compartment-${c.number}`;
  e.style.setProperty("--units", units(c.size));
  return e;
}

function panel() {
  const screen = element("div", "screen", element("span", "glow", "Lockstep"), element("span", "site", state.name));
  const press = button("press", word("press"), () => act({ verb: "press", person: "visitor", holdMs: 250 }));
  press.id = "press";
  return element("div", "panel", screen, element("div", "scanner"), element("div", "bezel", press), element("div", "vents"));
}

const inFours = (barcode) => barcode.replace(/(.{4})(?=.)/g, "$1 ");

function box(parcel, label, click) {
  const bars = element("span", "bars");
  const b = button("parcel", `${label} ${inFours(parcel.barcode)}`, click, bars, element("span", "digits", parcel.barcode.slice(-4)));
  b.title = parcel.barcode;
  return b;
}

function paint() {
  const layout = JSON.stringify([language, state.name, state.compartments.map((c) => [c.number, c.size])]);
  if (layout !== drawn) {
    drawn = layout;
    translate();
    build();
  }
  mean();
  state.compartments.forEach(paintCompartment);
  byId("press").classList.toggle("armed", state.armed);
  byId("press").classList.toggle("down", state.pressed);
  paintTray();
  paintVerdict();
  const open = state.compartments.some((c) => c.open);
  byId("hint").textContent = state.armed ? word("armed") : open ? word("open") : word("idle");
}

// mean keeps the parcel that is meant while it is in hand; one just picked up is meant from then on.
function mean() {
  const barcodes = state.hands.map((p) => p.barcode);
  const fresh = barcodes.find((b) => !held.has(b));
  if (fresh) meant = fresh;
  if (!barcodes.includes(meant)) meant = barcodes.at(-1) ?? "";
  held = new Set(barcodes);
}

function paintCompartment(c) {
  const e = byId(`compartment-${c.number}`);
  const wasOpen = e.classList.contains("open");
  e.classList.toggle("open", c.open);
  e.classList.toggle("lying", c.open !== c.switchOpen);
  e.classList.toggle("broken", state.faults.some((f) => f.compartment === c.number));
  const name = `${word("compartment")} ${c.number}`;
  const door = e.querySelector(".door");
  label(door, c.open ? `${word("close")}: ${name}` : name);
  door.disabled = !c.open;
  const inside = e.querySelector(".inside");
  if (!c.open && wasOpen) return setTimeout(() => c.open || paintInside(inside, c), 500); // when the door hides it
  paintInside(inside, c);
}

function paintInside(inside, c) {
  const boxes = c.parcels.map((p) => box(p, word("take"), () => act({ verb: "take", person: "visitor", compartment: c.number, barcode: p.barcode })));
  if (c.open && meant) {
    const put = () => act({ verb: "put", person: "visitor", compartment: c.number, barcode: meant });
    boxes.push(button("here", word("putHere"), put, "+"));
  }
  inside.replaceChildren(...boxes);
}

function paintTray() {
  const boxes = state.hands.toReversed().map((p) => { // the newest is nearest
    const b = box(p, word("hold"), () => { meant = p.barcode; paint(); });
    b.classList.toggle("meant", p.barcode === meant);
    b.setAttribute("aria-pressed", String(p.barcode === meant));
    b.querySelector(".digits").textContent = inFours(p.barcode);
    const away = button("away", word("putAway"), () => act({ verb: "put away", barcode: p.barcode }), "×");
    return element("div", "holding", b, away);
  });
  byId("held").replaceChildren(...(boxes.length ? boxes : [element("p", "nothing", word("empty"))]));
}

function paintVerdict() {
  const pairs = ["presses", "pulses", "refused", "exposed", "twoOpen"].map((key) => {
    const bad = (key === "exposed" || key === "twoOpen") && state.verdict[key] > 0;
    return element("div", bad ? "bad" : "", element("dt", "", word(key)), element("dd", "", String(state.verdict[key])));
  });
  byId("verdict").replaceChildren(...pairs);
  byId("broken").replaceChildren(...state.faults.filter((f) => f.compartment).map((f) => {
    const what = `${f.compartment}: ${word("faults")[f.kind] || f.kind} ×`;
    return button("mend", `${what} ${word("mend")}`, () => act({ verb: "mend", fault: f }), what);
  }));
}

function translate() {
  document.documentElement.lang = language;
  document.querySelectorAll("[data-word]").forEach((e) => { e.textContent = word(e.dataset.word); });
  byId("name").textContent = state.name;
  byId("front").setAttribute("aria-label", state.name);
  document.title = `${state.name} · Lockstep`;
  offer(byId("language"), languages, language);
  byId("barcode").placeholder = word("barcode");
  byId("barcode").setAttribute("aria-label", word("barcode"));
  byId("where").setAttribute("aria-label", word("compartment"));
  byId("kind").setAttribute("aria-label", word("break"));
  byId("where").replaceChildren(...state.compartments.map((c) => new Option(`${word("compartment")} ${c.number}`, c.number)));
  byId("kind").replaceChildren(...Object.entries(word("faults")).map(([kind, text]) => new Option(text, kind)));
}

byId("language").addEventListener("click", () => {
  language = after(languages, language).code;
  localStorage.setItem("language", language);
  paint();
});

byId("pick").addEventListener("submit", (event) => {
  event.preventDefault();
  act({ verb: "pick up", barcode: byId("barcode").value.replaceAll(" ", "") }, word("badBarcode"));
  byId("barcode").value = "";
});

byId("faults").addEventListener("submit", (event) => {
  event.preventDefault();
  const compartment = Number(byId("where").value);
  const kind = byId("kind").value;
  act(kind === "force" ? { verb: "force", person: "intruder", compartment } : { verb: "fault", fault: { kind, compartment } });
});

// The page around this one may hold a phone to the scanner, and lay parcels into the hands.
addEventListener("message", (event) => {
  if (!ancestors.includes(event.origin) || event.source !== parent) return;
  const { lockstep, text, barcode } = event.data || {};
  if (lockstep === "scan" && typeof text === "string") post("/scan", text);
  if (lockstep === "pick up" && typeof barcode === "string") act({ verb: "pick up", barcode });
});

const events = new EventSource(`/events?token=${encodeURIComponent(token)}`);
events.onmessage = (event) => {
  document.body.classList.remove("lost");
  state = JSON.parse(event.data);
  paint();
};
events.onerror = () => {
  document.body.classList.add("lost");
  byId("hint").textContent = word("lost");
};
