// kiosk.js: the locker's screen. It shows the guard's view as it streams in and sends what hands do; it keeps nothing.
import { answerQR } from "/assets/embedded.js";
import { after, choose, offer } from "/assets/language.js";
import { placeOf } from "/assets/front.js";
import { duration, el, fill } from "./dom.js";
import { codeLength, pick, refusal, staffModes } from "./screens.js";
import { play } from "./tones.js";
import { languages, words } from "./words.js";

const html = document.documentElement;
const byId = (id) => document.getElementById(id);
const home = choose(languages, new URLSearchParams(location.search).get("language"), "ru"); // spoken when nobody has chosen
const forget = 30_000; // nothing of a visit stays on the screen for longer
const staffForget = 180_000; // an order is photographed, and its steps are read
const endedFor = 12_000, endedInSession = 5_000, noticeFor = 15_000, silentFor = 4_000;
const hurry = 10_000; // before a prompt ends it is said once more

let state = null;
let lastEvent = performance.now();
let language = home;
let screen = null; // what stands now
const local = {
  mode: "start", digits: "", notice: null, asking: false, declining: false, said: null, low: false, touched: performance.now(),
  ended: false, endedAt: 0, dismissed: false, receiptAt: 0, heard: false, scan: null,
  keypadUntil: 0, stageUntil: 0, stageFull: 0, sessionUntil: 0, pausedUntil: 0, severalUntil: 0, severalAgain: 0, carriedUntil: 0, orderUntil: 0, aloneSince: performance.now(),
};
const main = byId("screen");
let typed = "", typedAt = 0; // what a scanner that types like a keyboard has typed so far

const act = {
  mode(mode) { touch(); local.mode = mode; local.digits = ""; local.notice = null; draw(); },
  digit(d) {
    touch();
    if (local.asking || local.keypadUntil > performance.now() || local.digits.length >= codeLength[local.mode]) return;
    if (local.notice?.reason !== "slow") local.notice = null;
    local.digits += d;
    draw();
    enter();
  },
  otherPad(mode) { // what has been typed is not lost on the wrong pad
    touch();
    if (local.asking) return;
    local.mode = mode;
    local.notice = null;
    local.digits = local.digits.length > codeLength[mode] ? "" : local.digits;
    draw();
    enter();
  },
  erase() { touch(); local.digits = local.digits.slice(0, -1); local.notice = null; draw(); },
  clear() { touch(); local.digits = ""; local.notice = null; draw(); },
  courier() {
    touch();
    if (state.scannerAway && !state.session) return act.mode("noScanner");
    ask("/courier", {});
  },
  technician() { touch(); ask("/technician", {}); },
  async order() { // one that is out for signature stays as it is
    touch();
    if (state.override?.left > 0 || (await ask("/override", {})).accepted) act.mode("order");
  },
  orderAgain() { touch(); ask("/override", {}); },
  declining(yes) { touch(); local.declining = yes; draw(); },
  async say(verb) {
    touch();
    local.declining = false;
    if ((await ask(`/${verb}`, {})).accepted && state.stage === "open") local.said = verb;
    draw();
  },
  cancel() { touch(); ask("/cancel", {}); },
  leave() { touch(); local.ended = false; local.mode = "start"; draw(); },
  forgive() { touch(); local.notice = null; draw(); },
  next() { touch(); ask("/next", {}); },
  skip() { touch(); ask("/skip", {}); },
  stop() { touch(); ask("/stop", {}); },
  carried() { touch(); ask("/carried", {}); },
  heard() { touch(); local.heard = true; local.ended = false; draw(); },
  dismiss() { touch(); local.dismissed = true; ask("/cancel", {}, false); draw(); },
};

function touch() { local.touched = performance.now(); }

async function enter() {
  if (local.digits.length !== codeLength[local.mode]) return;
  local.asking = true;
  draw();
  const reply = await ask(`/${local.mode}`, { code: local.digits, low: local.mode === "return" && local.low });
  local.asking = false;
  if (reply.reason !== "typo") local.digits = "";
  if (reply.accepted) local.mode = "start";
  draw();
}

// ask posts to the kiosk; a refusal becomes a notice.
async function ask(path, body, tell = true) {
  let reply;
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    reply = answer.status === 204 ? { accepted: true } : answer.ok ? await answer.json() : { accepted: false, reason: "malformed" };
  } catch {
    reply = { accepted: false, reason: "away" };
  }
  if (tell && !reply.accepted) notice(reply);
  draw();
  return reply;
}

function notice({ about, reason, wait = 0 }) {
  const now = performance.now();
  local.notice = { about, reason, at: now, until: now + wait, ends: now + Math.min(forget, Math.max(noticeFor, wait)) };
  touch();
  if (local.mode in codeLength) play("refused");
}

function receive(next) {
  const now = performance.now();
  lastEvent = now;
  if (stageOf(next) !== stageOf(state)) {
    touch();
    local.stageFull = next.left ?? 0;
    local.ended = next.stage === "done" || next.stage === "failed";
    local.endedAt = now;
    local.said = null;
    local.declining = false;
    if (next.stage !== "idle") { local.mode = "start"; local.digits = ""; local.notice = null; }
  }
  if (isOver(next) && !isOver(state)) { local.receiptAt = now; local.dismissed = false; }
  local.stageUntil = now + (next.left ?? 0);
  local.keypadUntil = now + (next.keypadWait ?? 0);
  local.sessionUntil = now + (next.session?.left ?? next.service?.left ?? 0);
  local.pausedUntil = now + (next.pausedFor ?? 0);
  local.severalUntil = now + (next.several?.left ?? 0);
  local.carriedUntil = now + (next.carried?.left ?? 0);
  local.severalAgain = now + (next.several?.again ?? 0);
  if (next.several?.step !== "over") local.heard = false;
  local.orderUntil = now + (next.override?.left ?? 0);
  local.aloneSince = now - (next.alone ?? 0);
  hear(next.scan);
  state = next;
  draw();
}

const isOver = (s) => Boolean(s?.session?.over || s?.service?.over);
const stageOf = (s) => (s ? `${s.stage} ${s.errand} ${s.compartment} ${s.outcome}` : "");

// hear takes what became of the scanner's last text. What was there when the page was loaded is nobody's business.
function hear(scan) {
  const number = scan.number ?? 0;
  if (local.scan !== null && number > local.scan && !scan.accepted) {
    if (!staffModes.includes(local.mode)) local.mode = "start";
    notice(scan);
  }
  local.scan = number;
}

function draw() {
  const w = words[language];
  const make = pick(state, local);
  const next = make(state, w, act, local);
  const key = `${language} ${next.key}`, changed = screen?.key !== key;
  if (changed) show({ ...next, key }, make.name);
  screen.tick?.();
  fit(changed);
  if (changed) tell(spoken(w));
  if (screen.hurries && !screen.hurried && local.stageUntil - performance.now() < hurry) {
    screen.hurried = true;
    tell(timeLeft(w));
    sound("press");
  }
  remark(w);
}

// remark says beside a visit's screen what became of something else that was shown or touched meanwhile.
function remark(w) {
  const place = byId("remark");
  const known = local.notice && main.dataset.screen !== "refused" && !(local.mode in codeLength);
  const text = known ? refusal(w, local.notice).join(". ") : "";
  place.hidden = !known;
  if (place.textContent !== text) place.textContent = text;
}

function show(next, name) {
  screen = next;
  const held = document.activeElement?.closest("header");
  main.replaceChildren(part("words", next.words), part("field", [next.field]), part("hands", next.hands ?? []));
  main.dataset.screen = name;
  main.className = next.kind ?? "";
  if (!held) main.querySelector("h1")?.focus({ preventScroll: true });
  if (next.tone) sound(next.tone);
}

// fit lets a screen that says much be smaller, until all of it can be seen.
function fit(anew) {
  if (anew) main.style.zoom = 1;
  for (let size = Number(main.style.zoom); size > 0.6 && crowded(); ) main.style.zoom = size -= 0.04;
}

const crowded = () => [main, ...main.querySelectorAll(".words, .words > *, .field > *, button")].some((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1);

function part(kind, nodes) {
  const place = document.createElement("div");
  place.className = kind;
  place.append(...nodes.filter(Boolean));
  return place;
}

// sound plays a tune from where the visit's door is.
function sound(tune) { play(tune, placeOf(state?.doors ?? [], state?.compartment)); }

function tell(text) { byId("say").textContent = text; }

// spoken is the screen as somebody hears it who does not see it: what is said, where the door is, how long there is.
function spoken(w) {
  const said = [...main.querySelectorAll(".words > :is(h1, p, ol, section), .words > .counts > *, figcaption, .foot .help")].map((node) => node.textContent);
  return [...said, screen.hurries ? timeLeft(w) : ""].map((text) => text.trim()).filter(Boolean).join(". ").replace(/([.!?:…])\. /g, "$1 ");
}

const timeLeft = (w) => fill(w.left, { time: duration(local.stageUntil - performance.now(), w.units) }).join("");

function everyMoment() {
  const now = performance.now();
  if (now - lastEvent > 20_000 && state) state = { ...state, guard: false };
  if (local.ended && now - local.endedAt > (state?.session || state?.service ? endedInSession : endedFor)) local.ended = false;
  if (local.notice && now > local.notice.ends) local.notice = null;
  if (isOver(state) && now - local.receiptAt > forget) local.dismissed = true;
  const patience = staffModes.includes(local.mode) ? staffForget : forget;
  if (now - local.touched > patience && !local.asking) forgetVisitor();
  draw();
}

// forgetVisitor leaves nothing of somebody who has gone; who stands at a door or has a session has not.
function forgetVisitor() {
  local.mode = "start";
  local.digits = typed = "";
  const gone = !state?.session && !state?.service && (state?.stage ?? "idle") === "idle" && !state?.several;
  if (!gone) return;
  local.notice = null;
  if (language !== home) speak(home);
  if (html.classList.contains("larger") || local.low) wish({ larger: false, low: false });
}

function speak(code) {
  language = code;
  html.lang = language;
  offer(byId("language"), languages, language);
  labels();
}

// wish is how somebody wants the screen: larger, or everything low, for a wheelchair.
function wish({ larger = html.classList.contains("larger"), low = local.low }) {
  local.low = low;
  html.classList.toggle("larger", larger);
  html.classList.toggle("low", low);
  labels();
  draw();
  fit(true);
}

function labels() {
  const w = words[language];
  for (const [id, on] of [["larger", html.classList.contains("larger")], ["lower", local.low]]) {
    byId(id).textContent = w[id];
    byId(id).setAttribute("aria-pressed", on);
  }
  byId("locker").replaceChildren(...(state?.locker ? [`${w.locker} `, el("bdi", {}, state.locker)] : []));
}

byId("language").addEventListener("click", () => { touch(); speak(after(languages, language).code); draw(); });
byId("larger").addEventListener("click", () => { touch(); wish({ larger: !html.classList.contains("larger") }); });
byId("lower").addEventListener("click", () => { touch(); wish({ low: !local.low }); });

// step moves the focus to the next thing that can be pressed, for keypads that have no Tab.
function step(by) {
  const all = [...document.querySelectorAll("main :is(button:enabled, summary), header button")];
  const at = all.indexOf(document.activeElement);
  all[at < 0 && by < 0 ? all.length - 1 : (at + by + all.length) % all.length].focus();
}

const steps = { ArrowDown: 1, ArrowRight: 1, "+": 1, ArrowUp: -1, ArrowLeft: -1, "-": -1 };

// A scanner that types like a keyboard sends a whole text and Enter within moments; it begins with L, as no key of ours does.
addEventListener("keydown", (event) => {
  touch();
  if (event.timeStamp - typedAt > 500) typed = "";
  if (typed || event.key === "L") {
    main.focus({ preventScroll: true }); // its spaces and Enter touch nothing
    if (event.key.length === 1) typed += event.key;
    if (event.key === "Enter") { ask("/scan", { text: typed }); typed = ""; }
    typedAt = event.timeStamp;
    event.preventDefault();
    return;
  }
  if (steps[event.key]) { event.preventDefault(); step(steps[event.key]); }
  if (event.key === "Escape") main.querySelector("[data-back]")?.click();
  if (/^\d$/.test(event.key)) {
    if (main.dataset.screen === "start") act.mode("code"); // whoever types has a code
    if (local.mode in codeLength) act.digit(event.key);
  }
  if (event.key === "Backspace" && local.mode in codeLength) act.erase();
});
addEventListener("pointerdown", touch);

function listen() {
  const stream = new EventSource("/state");
  stream.onmessage = (event) => { receive(JSON.parse(event.data)); labels(); };
  stream.onerror = () => setTimeout(() => {
    if (stream.readyState !== EventSource.OPEN) { state = state && { ...state, guard: false }; draw(); }
    if (stream.readyState === EventSource.CLOSED) { stream.close(); listen(); }
  }, silentFor);
}

answerQR(() => ({ text: screen?.shows ?? "", at: [main.dataset.screen, state?.errand, state?.outcome].filter(Boolean).join(" ") }));
speak(home);
draw();
listen();
setInterval(everyMoment, 250);
addEventListener("resize", () => fit(true));
