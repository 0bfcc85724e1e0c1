// demo.js: three panes of three origins, the two gestures by which a hand would carry light from one to another, and the guide.
import { advance, nextStep, steps } from "/page/guide.js";
import { after, choose, offer } from "/assets/language.js";
import { languages, words } from "/page/words.js";

const byId = (id) => document.getElementById(id);
const language = choose(languages, localStorage.getItem("language"), ...navigator.languages);
const w = words[language];
const panes = ["front", "kiosk", "courier", "inbox"];
const places = await (await fetch("/places")).json();
const origin = (id) => new URL(places[id]).origin;
const dark = { text: "", at: "" };
let parcel = JSON.parse(sessionStorage.getItem("parcel") ?? "null"); // the last that was announced: {barcode, tracking, label, state}

function translate() {
  document.documentElement.lang = language;
  offer(byId("language"), languages, language);
  for (const e of document.querySelectorAll("[data-word]")) e.textContent = w[e.dataset.word];
  for (const e of document.querySelectorAll("[data-title]")) e.title = w[e.dataset.title];
  for (const e of document.querySelectorAll("[data-label]")) e.setAttribute(e.tagName === "IFRAME" ? "title" : "aria-label", w[e.dataset.label]);
}

function fillPanes() {
  for (const id of panes) {
    const url = new URL(places[id]);
    url.searchParams.set("language", language);
    byId(id).src = url;
  }
  byId("reference").href = places.reference;
  byId("console").href = places.console;
  byId("shop").href = places.shop;
}

function say(text, bad = false) {
  byId("gesture").textContent = text;
  byId("gesture").classList.toggle("bad", bad);
}

// look asks a pane what it shows now: {text, at}, the text of a QR code and the name of the screen.
function look(id) {
  return new Promise((resolve) => {
    const done = (seen) => { clearTimeout(timer); removeEventListener("message", listen); resolve(seen); };
    const listen = (event) => {
      if (event.origin === origin(id) && event.source === byId(id).contentWindow && event.data?.lockstep === "qr") done({ ...dark, ...event.data });
    };
    const timer = setTimeout(() => done(dark), 800);
    addEventListener("message", listen);
    byId(id).contentWindow.postMessage({ lockstep: "qr?" }, origin(id));
  });
}

// carry takes the QR code that one pane shows to another.
async function carry(from, to, kind, nothing, done) {
  const { text } = await look(from);
  if (!text) return say(nothing, true);
  byId(to).contentWindow.postMessage({ lockstep: kind, text }, origin(to));
  say(done);
}

function openTab(name) {
  for (const tab of document.querySelectorAll(".tab")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
    byId(tab.dataset.tab).hidden = tab.dataset.tab !== name;
  }
}

async function announce(event) {
  event.preventDefault();
  const body = JSON.stringify({ ...Object.fromEntries(new FormData(event.target)), language });
  const response = await fetch("/announce", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!response?.ok) return say(w.refused[answer?.code] ?? w.refused.other, true);
  keep({ ...answer, state: "announced" });
  openTab("courier");
  say("");
  guide();
}

function keep(next) {
  parcel = next;
  sessionStorage.setItem("parcel", JSON.stringify(parcel));
  showLinks();
}

function showLinks() {
  for (const id of ["tracking", "label"]) {
    byId(id).hidden = !parcel;
    if (parcel) byId(id).href = id === "tracking" ? `${parcel.tracking}?lang=${language}` : parcel.label;
  }
}

// stateAtHub is undefined while the hub is away.
async function stateAtHub() {
  if (!parcel) return undefined;
  const response = await fetch(`/parcel/${parcel.barcode}`).catch(() => null);
  return response?.ok ? (await response.json()).state : undefined;
}

// guide looks at everything and says what is next. What was seen while another parcel was announced is not about that one.
async function guide() {
  const about = parcel?.barcode;
  const [kiosk, courier, atHub] = await Promise.all([look("kiosk"), look("courier"), stateAtHub()]);
  if (parcel?.barcode !== about) return;
  if (parcel) {
    const state = advance(parcel.state, atHub, kiosk, document.body.dataset.step);
    if (state !== parcel.state) keep({ ...parcel, state });
  }
  const name = nextStep(parcel?.state ?? "", kiosk, courier, !byId("inbox").hidden);
  const at = steps.findIndex((s) => s.name === name);
  byId("progress").value = at / (steps.length - 1);
  byId("count").textContent = `${at + 1}/${steps.length}`;
  const text = w.steps[name].replace("{barcode}", (parcel?.barcode ?? "").replace(/(\d{4})(?=\d)/g, "$1\u00a0"));
  if (byId("next").textContent !== text) { byId("next").textContent = text; say(""); }
  document.body.dataset.step = name;
  mark(steps[at].place);
}

function mark(place) {
  if (["courier", "point", "show"].includes(place) && byId("courier").hidden) place = "tab-courier";
  const target = place.startsWith("tab-") ? document.querySelector(`[data-tab="${place.slice(4)}"]`) : byId(place);
  for (const e of document.querySelectorAll(".next")) if (e !== target) e.classList.remove("next");
  if (target.classList.contains("next")) return;
  target.classList.add("next");
  if (matchMedia("(max-width: 62rem)").matches) target.scrollIntoView({ block: "start" }); // the panes are one under the other
}

async function keepGuiding() {
  await guide();
  setTimeout(keepGuiding, 500);
}

byId("show").onclick = () => carry("courier", "front", "scan", w.phoneDark, w.shown);
byId("point").onclick = () => carry("kiosk", "courier", "seen", w.screenDark, w.pointed);
byId("announce").onsubmit = announce;
byId("language").onclick = () => { localStorage.setItem("language", after(languages, language).code); location.reload(); };
for (const tab of document.querySelectorAll(".tab")) tab.onclick = () => { openTab(tab.dataset.tab); guide(); };
translate();
fillPanes();
showLinks();
keepGuiding();
