// kiosk.js: the locker's screen. It shows the guard's view as it streams in and sends what hands do; it keeps nothing.
import { answerQR } from "/assets/embedded.js";
import { after, choose, offer } from "/assets/language.js";
import { codeLength, pick, refusal, staffModes } from "./screens.js";
import { play } from "./tones.js";
import { languages, words } from "./words.js";

const home = choose(languages, new URLSearchParams(location.search).get("language"), "ru"); // spoken when nobody has chosen
const forget = 30_000; // nothing of a visit stays on the screen for longer
const staffForget = 180_000; // an order is photographed, and its steps are read
const endedFor = 12_000, endedInSession = 5_000, noticeFor = 15_000, silentFor = 4_000;

let state = null;
let lastEvent = performance.now();
let language = home;
let screen = null; // what stands now
const local = { mode: "start", digits: "", notice: null, ended: false, endedAt: 0, dismissed: false, asking: false, keypadUntil: 0, stageUntil: 0, stageFull: 0, sessionUntil: 0, pausedUntil: 0, severalUntil: 0, severalAgain: 0, heard: false, declining: false, orderUntil: 0, said: null, touched: performance.now(), scan: null, receiptAt: 0 };
const main = document.getElementById("screen");

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
  courier() { touch(); ask("/courier", {}); },
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
  heard() { touch(); local.heard = true; local.ended = false; draw(); },
  dismiss() { touch(); local.dismissed = true; ask("/cancel", {}, false); draw(); },
};

function touch() { local.touched = performance.now(); }

async function enter() {
  if (local.digits.length !== codeLength[local.mode]) return;
  local.asking = true;
  draw();
  const reply = await ask(`/${local.mode}`, { code: local.digits });
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
  local.notice = { about, reason, at: now, until: now + wait, ends: now + Math.max(noticeFor, wait) };
  touch();
  if (local.mode in codeLength) play("refused");
}

function receive(next) {
  const now = performance.now();
  lastEvent = now;
  if (stageOf(next) !== stageOf(state)) {
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
  local.severalAgain = now + (next.several?.again ?? 0);
  if (next.several?.step !== "over") local.heard = false;
  local.orderUntil = now + (next.override?.left ?? 0);
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
  const key = `${language} ${next.key}`;
  if (screen?.key !== key) show({ ...next, key }, make.name);
  screen.tick?.();
  remark(w);
}

// remark says beside a visit's screen what became of something else that was shown or touched meanwhile.
function remark(w) {
  const place = document.getElementById("remark");
  const known = local.notice && main.dataset.screen !== "refused" && !(local.mode in codeLength);
  const text = known ? refusal(w, local.notice).join(". ") : "";
  place.hidden = !known;
  if (place.textContent !== text) place.textContent = text;
}

function show(next, name) {
  screen = next;
  main.replaceChildren(...next.nodes.filter(Boolean));
  main.dataset.screen = name;
  main.className = next.kind ?? "";
  main.scrollTop = 0;
  const title = main.querySelector("h1");
  title?.focus({ preventScroll: true });
  document.getElementById("say").textContent = title?.textContent ?? "";
  if (next.tone) play(next.tone);
}

function everyMoment() {
  const now = performance.now();
  if (now - lastEvent > 20_000 && state) state = { ...state, guard: false };
  if (local.ended && now - local.endedAt > (state?.session || state?.service ? endedInSession : endedFor)) local.ended = false;
  if (local.notice && now > local.notice.ends) local.notice = null;
  if (isOver(state) && now - local.receiptAt > forget) local.dismissed = true;
  const patience = staffModes.includes(local.mode) ? staffForget : forget;
  if (now - local.touched > patience && !local.asking) { local.mode = "start"; local.digits = ""; }
  if (now - local.touched > 2 * patience && !state?.session && !state?.service && language !== home) speak(home);
  draw();
}

function speak(code) {
  language = code;
  document.documentElement.lang = language;
  offer(document.getElementById("language"), languages, language);
  labels();
}

function labels() {
  const w = words[language];
  const large = document.documentElement.classList.contains("larger");
  const button = document.getElementById("larger");
  button.textContent = large ? w.smaller : w.larger;
  button.setAttribute("aria-pressed", large);
  document.getElementById("locker").textContent = `${w.locker} ${state?.locker ?? ""}`;
}

document.getElementById("language").addEventListener("click", () => { touch(); speak(after(languages, language).code); draw(); });
document.getElementById("larger").addEventListener("click", () => { touch(); document.documentElement.classList.toggle("larger"); labels(); });

// A scanner that types like a keyboard sends a whole text and Enter within moments; it begins with L, as no key of ours does.
let typed = "", typedAt = 0;
addEventListener("keydown", (event) => {
  touch();
  if (event.timeStamp - typedAt > 500) typed = "";
  if (typed || event.key === "L") {
    if (event.key.length === 1) typed += event.key;
    if (event.key === "Enter") { ask("/scan", { text: typed }); typed = ""; }
    typedAt = event.timeStamp;
    event.preventDefault();
    return;
  }
  if (event.key === "Escape" && local.mode !== "start") act.mode("start");
  if (!(local.mode in codeLength)) return;
  if (/^\d$/.test(event.key)) act.digit(event.key);
  if (event.key === "Backspace") act.erase();
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
