// courier.js: the courier's phone. It shows where to go and what to do there, scans the locker's challenge, signs one parcel after
// another and shows each answer to the locker's scanner. Nothing of it needs a signal once the phone is enrolled.
import { el } from "/assets/dom.js";
import { answerQR } from "/assets/embedded.js";
import { after, choose, offer } from "/assets/language.js";
import { checkBarcode, want } from "/assets/statement.js";
import * as acts from "./acts.js";
import * as camera from "./camera.js";
import * as carry from "./carry.js";
import * as phone from "./device.js";
import * as done from "./done.js";
import { order } from "./route.js";
import * as lists from "./screens.js";
import * as sessions from "./session.js";
import * as signal from "./signal.js";
import * as store from "./store.js";
import * as visit from "./visit.js";
import { languages, words } from "./words.js";

const screens = { ...lists, ...visit, acts: acts.acts, act: acts.act, bring: carry.bring };
const app = {
  view: "home", device: null, round: null, session: null, acts: null, carry: null, elsewhere: null, history: [], done: await done.load().catch(() => null), token: "", waiting: false, language: preferred(),
  looking: false, purpose: "locker", unable: "", // the camera: whether it is wanted, what for on a screen of its own, and why it cannot
  stop: "", from: null, // the locker whose page is open; where the phone is, once the person has let it say so
};
const main = document.getElementById("screen");
function preferred() { return choose(languages, new URLSearchParams(location.search).get("language"), ...navigator.languages); }
const qr = await import("/assets/qr.js").catch(() => null); // npm's parts may not be built

// the camera goes on running from one of these screens to another, and is read before all of them but an answer.
const withCamera = ["camera", "session", "held", "show", "acts", "act", "bring"];
const reads = (view) => app.looking && (view === "show" ? app.session.last.want === want.receipt : withCamera.includes(view));

const act = {
  go(view) { app.view = view; draw(); },
  back() { act.go(app.purpose === "locker" && !app.session?.waiting ? "home" : app.purpose === "receipt" ? "show" : "session"); },
  camera(purpose) { app.purpose = purpose; act.look("camera"); },
  acts() { act.look("acts"); attempt(() => acts.refresh(app.acts, app.device)).then(() => app.view === "acts" && !main.querySelector("input")?.value && draw()); },
  openAct(number) { app.acts.open = number; act.go("act"); },
  accept: () => inTurn(async () => {
    try {
      const had = await acts.accept(app.acts, app.device);
      toast(words[app.language].acts[had ? "accepted" : "kept"]);
    } finally {
      act.go("acts");
    }
  }),
  look(view) { signal.ready(); Object.assign(app, { looking: true, view }); draw(); },
  scan() { act.look(app.view); },
  open(stop) { app.stop = stop; act.go("stop"); },
  say: toast,
  seen,
  draw: drawQR,
  stops,
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
  bring: (locker) => inTurn(async () => {
    await carry.begin(app.carry, locker);
    app.stop = locker;
    act.look("bring");
  }),
  every(run) { run(); moving = setInterval(run, 100); },
  async refresh() { await attempt(refresh); draw(); },
  fromHere() {
    const found = ({ coords }) => { app.from = { latitude: coords.latitude, longitude: coords.longitude }; draw(); };
    navigator.geolocation.getCurrentPosition(found, () => toast(words[app.language].home.nowhere), { maximumAge: 60_000, timeout: 15_000 });
  },
  answer: (wish) => inTurn(() => answer(wish)),
  opened: () => inTurn(async () => {
    const { locker, waiting } = app.session;
    app.session = await sessions.opened(app.session);
    if (waiting.want !== want.reopen) app.done = await done.mark(stopOf(locker), waiting.barcode);
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

async function answer(wish) {
  app.session = await sessions.answer(app.session, app.device, wish);
  const { locker, last } = app.session;
  if (last.want === want.cancel) app.done = await done.unmark(locker, last.barcode);
  if (last.barcode && (last.want === want.takenOut || sessions.stays(app.session))) app.done = await done.mark(stopOf(locker), last.barcode);
  act.go("show");
}

// stopOf is a locker as the list has it, or by its number alone.
const stopOf = (locker) => app.round?.lockers.find((l) => l.id === locker) ?? { id: locker, name: "", address: "", parcels: [] };

// stops are today's lockers in the order of a walk: from where the phone is those that are left, else all.
function stops() {
  const all = app.round?.lockers ?? [];
  const left = app.from ? all.filter((s) => !done.all(app.done, s)) : all;
  return [...order(left, app.from), ...all.filter((s) => !left.includes(s)), ...done.gone(app.done, all)];
}

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
  const key = stopOf(locker).guard;
  return key ? phone.fromBase64(key) : null;
}

async function refresh() {
  app.device = await phone.renew(app.device);
  app.round = await phone.today(app.device);
  await carry.refresh(app.carry, app.device, app.round.lockers.filter(lists.cutOff));
  if (app.acts.words.length) await acts.refresh(app.acts, app.device);
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
    if (["acts", "act"].includes(viewNow()) && /^\d{8,12}$/.test(text)) {
      await acts.find(app.acts, app.device, text);
      signal.read();
      act.go("act");
    } else if (viewNow() === "bring") {
      if (!(await carry.take(app.carry, text))) return;
      signal.read();
      toast(words[app.language].bring.had);
      act.go(app.session ? "session" : "stop");
      lookForMore();
    } else if (text.startsWith("LSQ:")) {
      const before = String(app.session?.nonce);
      app.session = await sessions.begin(text, guardOf);
      if (String(app.session.nonce) !== before) signal.read();
      if (app.session.waiting) toast(words[app.language].held[app.session.last ? "same" : "unproven"]);
      act.go("session");
      lookForMore();
    } else if (text.startsWith("LSR:")) {
      await sessions.finish(app.session, text);
      signal.read();
      app.session = null;
      app.history = (await store.get("history")) ?? [];
      toast(words[app.language].saved);
      act.go("home");
    } else if (app.session && checkBarcode(text)) {
      await answer({ want: want.deposit, barcode: text });
      signal.read();
    } else {
      toast(words[app.language].camera.wrong);
    }
  });
}

// looked takes a text that the camera has read by itself: on a screen that waits for one thing nothing else, and no parcel that is done
// because its label is still in sight.
function looked(text) {
  const view = viewNow(), only = { held: "LSQ:", show: "LSR:", bring: "LSU:" }[view];
  if (only && !text.startsWith(only)) return;
  if (view === "session" && done.isDone(app.done, app.session.locker, text)) return toast(words[app.language].session.doneBefore);
  seen(text);
}

const ours = (text) => /^LS[QRU]:/.test(text) || checkBarcode(text) || (app.view === "acts" && /^\d{8,11}$/.test(text));

function look(view) {
  if (reads(view) && !document.hidden) {
    camera.show(looked, ours, (why) => { if (app.unable !== why) { app.unable = why; draw(); } });
  } else if (app.looking && withCamera.includes(view) && !document.hidden) {
    camera.hide();
  } else {
    camera.stop();
  }
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

let moving = 0; // what a screen does again and again, until the next one

function draw() {
  clearInterval(moving);
  const w = words[app.language];
  const view = viewNow();
  if (!withCamera.includes(view)) Object.assign(app, { looking: false, unable: "" });
  document.documentElement.lang = app.language;
  document.getElementById("who").textContent = app.device ? `${app.device.carrier} · ${app.device.courier}` : "Lockstep";
  document.getElementById("torch").textContent = w.camera.torch;
  offer(document.getElementById("language"), languages, app.language);
  main.dataset.screen = view;
  main.replaceChildren(...screens[view](app, w, act).filter(Boolean));
  main.querySelector("h1")?.focus({ preventScroll: true });
  scrollTo(0, 0);
  look(view);
}

document.getElementById("language").addEventListener("click", () => { app.language = after(languages, app.language).code; draw(); });
document.addEventListener("visibilitychange", () => look(viewNow()));
addEventListener("hashchange", readToken);

// readToken looks for a one-time link in the address. A new one would replace this phone's courier; the spent one is nothing new.
async function readToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("enrol") ?? "";
  app.token = token && globalThis.isSecureContext && (await phone.enrolledBy(app.device, token)) ? "" : token;
  draw();
}

answerQR(() => (main.dataset.screen === "show" ? { text: app.session.last.text, at: `show ${visit.wishOf(app.session.last)}` } : { text: "", at: main.dataset.screen }), seen);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/courier/sw.js").catch(() => {});
if (globalThis.isSecureContext) {
  [app.device, app.round, app.session, app.history, app.acts, app.carry] = await Promise.all([store.get("device"), store.get("today"), sessions.load(), store.get("history").then((h) => h ?? []), acts.load(), carry.load()]);
  globalThis.navigator.storage?.persist?.();
}
await readToken();
if (app.device) attempt(refresh).then(() => app.view === "home" && draw());
