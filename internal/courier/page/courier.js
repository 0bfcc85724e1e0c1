// courier.js: the courier's phone. It scans the locker's challenge, signs one parcel after another and shows each answer to the
// locker's scanner. Nothing of it needs a signal once the phone is enrolled.
import { el } from "/assets/dom.js";
import { answerQR } from "/assets/embedded.js";
import { after, choose, offer } from "/assets/language.js";
import { checkBarcode, want } from "/assets/statement.js";
import * as phone from "./device.js";
import * as screens from "./screens.js";
import * as sessions from "./session.js";
import * as store from "./store.js";
import { languages, words } from "./words.js";

const app = { view: "home", purpose: "locker", device: null, round: null, session: null, elsewhere: null, history: [], token: "", waiting: false, language: preferred() };
const main = document.getElementById("screen");
function preferred() { return choose(languages, new URLSearchParams(location.search).get("language"), ...navigator.languages); }
const optional = async (path) => import(path).catch(() => null); // npm's parts may not be built
const qr = await optional("/assets/qr.js");
let stopCamera = null;

const act = {
  go(view) { stopLooking(); app.view = view; draw(); },
  back() { act.go(app.purpose === "locker" && !app.session?.waiting ? "home" : app.purpose === "receipt" ? "show" : "session"); },
  camera(purpose) { stopLooking(); app.purpose = purpose; app.view = "camera"; draw(); },
  say: toast,
  look,
  seen,
  draw: drawQR,
  async enrol() {
    app.waiting = true;
    draw();
    await attempt(async () => {
      app.device = await phone.enrol(app.token);
      app.token = "";
      window.history.replaceState(null, "", location.pathname);
      await refresh();
    });
    app.waiting = false;
    draw();
  },
  keep() { app.token = ""; act.go("home"); },
  async refresh() { await attempt(refresh); draw(); },
  answer: (wish) => inTurn(async () => {
    app.session = await sessions.answer(app.session, app.device, wish);
    act.go("show");
  }),
  opened: () => inTurn(async () => {
    app.session = await sessions.opened(app.session);
    act.go("session");
  }),
  noRoom: () => inTurn(async () => {
    const { locker, waiting } = app.session;
    app.elsewhere = { stop: await phone.noRoom(app.device, locker, waiting.barcode), barcode: waiting.barcode };
    act.go("elsewhere");
    lookForMore();
  }),
  async leave() { await sessions.leave(); app.session = null; act.go("home"); },
};

// inTurn runs one signing at a time, so that two quick taps cannot take one number.
let turn = Promise.resolve();
const inTurn = (run) => (turn = turn.then(() => attempt(run)));

async function attempt(run) {
  try {
    await run();
  } catch (error) {
    const known = words[app.language].errors;
    if (error instanceof sessions.Waits) act.go("session");
    toast(error instanceof phone.Refused ? known[error.code] ?? error.message : error instanceof sessions.Waits ? known.waits : error instanceof TypeError ? known.offline : known.notOurs);
    console.warn(error.name, error.code ?? "");
  }
}

// guardOf is the key of a locker's guard as the list has it, null where it has none.
function guardOf(locker) {
  const key = app.round?.lockers.find((l) => l.id === locker)?.guard;
  return key ? phone.fromBase64(key) : null;
}

async function refresh() {
  app.device = await phone.renew(app.device);
  app.round = await phone.today(app.device);
}

// lookForMore asks, where there is a signal, for what was announced since the list was fetched. Nobody waits for it, and what is
// being typed stays.
function lookForMore() {
  refresh().then(() => {
    if (app.view === "session" && !main.querySelector("input")?.value) draw();
  }, () => {});
}

// seen takes a text from the camera, the input or the demo, for whatever it is good for.
function seen(text) {
  return inTurn(async () => {
    if (!app.device) return;
    if (text.startsWith("LSQ:")) {
      app.session = await sessions.begin(text, guardOf);
      if (app.session.waiting) toast(words[app.language].held[app.session.last ? "same" : "unproven"]);
      act.go("session");
      lookForMore();
    } else if (text.startsWith("LSR:")) {
      await sessions.finish(app.session, text);
      app.session = null;
      app.history = (await store.get("history")) ?? [];
      toast(words[app.language].saved);
      act.go("home");
    } else if (app.session && checkBarcode(text)) {
      app.session = await sessions.answer(app.session, app.device, { want: want.deposit, barcode: text });
      act.go("show");
    } else {
      toast(words[app.language].camera.wrong);
    }
  });
}

// look starts the camera in a video element; unable is called with the word for why it cannot.
async function look(video, unable) {
  const scan = await optional("/assets/scan.js");
  if (!scan) return unable("missing");
  try {
    const stop = await scan.watch(video, (text) => seen(text), (text) => /^LS[QR]:/.test(text) || checkBarcode(text));
    if (video.isConnected) stopCamera = stop; else stop();
  } catch {
    unable("denied");
  }
}

function stopLooking() {
  stopCamera?.();
  stopCamera = null;
}

function drawQR(text, missing) {
  if (qr) return el("div", { class: "qr" }, el("img", { alt: "QR", src: `data:image/svg+xml;base64,${btoa(qr.svg(text))}` }));
  return el("div", {}, el("p", { class: "care" }, missing), el("textarea", { class: "digits", readonly: true, rows: 8 }, text));
}

let toastTimer = 0;
function toast(text) {
  const line = document.getElementById("toast");
  line.textContent = text;
  line.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { line.hidden = true; }, 5000);
}

function viewNow() {
  if (!app.device || app.token) return "enrol";
  if (app.view !== "session" && app.view !== "show") return app.view;
  if (!app.session) return "home";
  return app.view === "session" && app.session.waiting ? "held" : app.view;
}

function draw() {
  const w = words[app.language];
  const view = viewNow();
  document.documentElement.lang = app.language;
  document.getElementById("who").textContent = app.device ? `${app.device.carrier} · ${app.device.courier}` : "Lockstep";
  offer(document.getElementById("language"), languages, app.language);
  main.dataset.screen = view;
  main.replaceChildren(...screens[view](app, w, act).filter(Boolean));
  main.querySelector("h1")?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

document.getElementById("language").addEventListener("click", () => { app.language = after(languages, app.language).code; draw(); });
addEventListener("hashchange", readToken);

// readToken looks for a one-time link in the address. A new one would replace this phone's courier; the spent one is nothing new.
async function readToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("enrol") ?? "";
  app.token = token && globalThis.isSecureContext && (await phone.enrolledBy(app.device, token)) ? "" : token;
  draw();
}

answerQR(() => (main.dataset.screen === "show" ? { text: app.session.last.text, at: `show ${screens.wishOf(app.session.last)}` } : { text: "", at: main.dataset.screen }), seen);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/courier/sw.js").catch(() => {});
if (globalThis.isSecureContext) {
  [app.device, app.round, app.session, app.history] = await Promise.all([store.get("device"), store.get("today"), sessions.load(), store.get("history").then((h) => h ?? [])]);
  globalThis.navigator.storage?.persist?.();
}
await readToken();
if (app.device) attempt(refresh).then(() => app.view === "home" && draw());
