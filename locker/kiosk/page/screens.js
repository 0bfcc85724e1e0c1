// screens.js: which screen a person sees, and what is on it. A screen is {key, nodes, tick?, tone?}: while the key stays the
// same the screen stands, and tick moves what counts.
import { el, fill, greenButton, icon, icons } from "./dom.js";
import { front } from "./front.js";

const busy = ["press", "pulsed", "open", "jammed", "say"];

// pick chooses the screen for the state s and what is going on at the screen itself (local).
export function pick(s, local) {
  if (!s?.guard) return away;
  if (busy.includes(s.stage)) return { press, pulsed, open, jammed, say: tellPhone }[s.stage];
  if (local.notice && local.mode !== "code") return refused;
  if (s.session?.over && !local.dismissed) return receipt;
  if (local.ended) return s.stage === "done" ? done : failed;
  if (s.outOfOrder) return outOfOrder;
  if (s.openDoors?.length) return closing;
  if (local.mode === "code") return code;
  if (local.mode === "qr") return showQR;
  if (s.session && !s.session.over) return s.session.courier ? session : challenge;
  return start;
}

const heading = (...content) => el("h1", { tabindex: -1 }, ...content);
const say = (...content) => el("p", { class: "say" }, ...content);
const spring = () => el("div", { class: "spring" });
const badge = (kind) => el("div", { class: "badge" }, icon(icons[kind], kind));
const wide = (text, onclick, kind = "") => el("button", { type: "button", class: `wide ${kind}`, onclick }, text);
const drawn = (s, open = s.openDoors ?? []) => el("div", { class: "front" }, front(s.doors ?? [], s.compartment, open));
const values = (s) => ({ door: s.compartment, parcel: s.session?.parcel ?? "" });
const seconds = (deadline) => Math.max(0, Math.ceil((deadline - performance.now()) / 1000));

function start(s, w, act) {
  const big = (name, run) => el("button", { type: "button", class: "big", id: `start-${name}`, onclick: run },
    icon(icons[name]), el("span", {}, w.start[name], el("small", {}, w.start[`${name}Sub`])));
  return {
    key: "start",
    nodes: [heading(w.start.title), big("code", () => act.mode("code")), big("qr", () => act.mode("qr")), big("courier", act.courier), drawn(s)],
  };
}

function code(s, w, act, local) {
  const cells = Array.from({ length: 9 }, () => el("i", {}));
  const groups = [0, 3, 6].map((from) => el("span", {}, cells.slice(from, from + 3)));
  const shown = el("div", { class: "code", role: "img" }, groups);
  const note = el("p", { class: "note", role: "status" });
  const keys = [..."123456789"].map((d) => el("button", { type: "button", onclick: () => act.digit(d) }, d));
  const pad = el("div", { class: "pad" }, keys,
    el("button", { type: "button", class: "word", onclick: act.clear }, w.code.clear),
    el("button", { type: "button", onclick: () => act.digit("0") }, "0"),
    el("button", { type: "button", class: "word", onclick: act.erase }, w.code.delete));
  return {
    key: "code",
    nodes: [heading(w.code.title), shown, note, pad, wide(w.back, () => act.mode("start"))],
    tick() {
      cells.forEach((cell, i) => {
        cell.textContent = local.digits[i] ?? "";
        cell.className = i < local.digits.length ? "filled" : i === local.digits.length ? "next" : "";
      });
      shown.setAttribute("aria-label", fill(w.code.digits, { n: local.digits.length }).join(""));
      const wait = seconds(Math.max(local.keypadUntil, local.notice?.reason === "slow" ? local.notice.until : 0));
      for (const key of pad.children) key.disabled = local.asking || wait > 0;
      const [text, bad] = padNote(w, local, wait);
      note.className = `note ${bad ? "bad" : text ? "calm" : ""}`;
      if (note.textContent !== text) note.textContent = text;
    },
  };
}

function padNote(w, local, wait) {
  const known = local.notice && (w.reason[local.notice.reason] ?? w.reason.malformed);
  if (local.asking) return [w.code.checking, false];
  if (known && local.notice.reason !== "slow") {
    return [`${known[0]}. ${fill(known[1], { n: seconds(local.notice.until) }).join("")}${wait > 0 ? " " + fill(w.code.wait, { n: wait }).join("") : ""}`, true];
  }
  return wait > 0 ? [fill(w.code.wait, { n: wait }).join(""), false] : ["", false];
}

function showQR(s, w, act) {
  return {
    key: "qr",
    nodes: [heading(w.qr.title), say(w.qr.text), el("div", { class: "badge scan" }, icon(icons.scan, "ok")), spring(),
      wide(w.qr.code, () => act.mode("code")), wide(w.back, () => act.mode("start"))],
  };
}

function press(s, w, act, local) {
  const button = greenButton();
  return {
    key: `press ${s.compartment} ${s.errand}`, tone: "press",
    nodes: [heading(w.press.title), button.node, say(...fill(w.press.door, values(s)), ". ", ...fill(w.press[s.errand] ?? "", values(s))),
      drawn(s), wide(w.cancel, act.cancel)],
    tick: () => button.set((local.stageUntil - performance.now()) / (local.stageFull || 20000), seconds(local.stageUntil)),
  };
}

function pulsed(s, w) {
  return { key: `pulsed ${s.compartment}`, nodes: [heading(...fill(w.pulsed.title, values(s))), say(w.pulsed.text), drawn(s)] };
}

function open(s, w) {
  const title = s.leftOpen ? w.open.late : w.open[s.errand] ?? w.open.collect;
  return {
    key: `open ${s.compartment} ${s.errand} ${s.leftOpen}`, tone: s.leftOpen ? "alarm" : "open", kind: "open",
    nodes: [heading(...fill(title, values(s))), drawn(s, [s.compartment]), say(w.open[`${s.errand}Hint`] ?? w.open.collectHint)],
  };
}

function jammed(s, w, act, local) {
  const button = greenButton();
  return {
    key: `jammed ${s.compartment}`, tone: "refused",
    nodes: [heading(...fill(w.jammed.title, values(s))), say(w.jammed.text), button.node, drawn(s), wide(w.cancel, act.cancel)],
    tick: () => button.set((local.stageUntil - performance.now()) / (local.stageFull || 20000), seconds(local.stageUntil)),
  };
}

function tellPhone(s, w) {
  return { key: `say ${s.compartment}`, tone: "press", nodes: [heading(...fill(w.say.title, values(s))), say(w.say.text), drawn(s)] };
}

function done(s, w, act) {
  const outcome = w.done[s.outcome] ? s.outcome : "other";
  return {
    key: `done ${s.compartment} ${s.outcome} ${s.more}`, tone: "done",
    nodes: [badge(outcome === "quarantine" ? "care" : "ok"), heading(w.done[outcome] && fill(w.done[outcome], values(s))), say(...fill(w.done[`${outcome}Text`], values(s))),
      s.more ? say(...fill(w.more, { n: s.more })) : null, spring(), wide(w.ok, act.leave)],
  };
}

function failed(s, w, act) {
  if (w.reason[s.outcome]) return stopped(s, w, act);
  const outcome = w.failed[s.outcome] ? s.outcome : "other";
  const text = outcome === "jam" ? (s.errand === "deposit" ? "jamDeposit" : "jamCollect") : `${outcome}Text`;
  return {
    key: `failed ${s.compartment} ${s.outcome}`, tone: "refused",
    nodes: [badge(outcome === "jam" ? "stop" : "care"), heading(...fill(w.failed[outcome], values(s))), say(...fill(w.failed[text], values(s))), spring(), wide(w.ok, act.leave)],
  };
}

// stopped is a visit that could not go on, for a reason that could also have refused it.
function stopped(s, w, act) {
  const [title, text] = w.reason[s.outcome];
  return { key: `stopped ${s.outcome}`, tone: "refused", nodes: [badge("care"), heading(title), say(...fill(text, { n: "…" })), spring(), wide(w.ok, act.leave)] };
}

function refused(s, w, act, local) {
  const { reason, until } = local.notice;
  const [title, text] = w.reason[reason] ?? w.reason.malformed;
  const line = say("");
  return {
    key: `refused ${local.notice.at}`, tone: "refused",
    nodes: [badge("care"), heading(title), line, spring(), wide(w.ok, act.forgive)],
    tick() {
      const now = fill(text, { n: seconds(until) }).join("");
      if (line.textContent !== now) line.textContent = now;
    },
  };
}

function closing(s, w) {
  const door = s.openDoors.join(", ");
  return {
    key: `closing ${door} ${s.leftOpen}`, tone: s.leftOpen ? "alarm" : null, kind: "open",
    nodes: [heading(...fill(s.openDoors.length > 1 ? w.closing.titleMany : w.closing.title, { door })), say(w.closing.text), drawn({ ...s, compartment: 0 }), say(w.closing.cannot)],
  };
}

function challenge(s, w, act, local) {
  const count = el("p", { class: "quiet center" });
  return {
    key: `challenge ${s.qr?.text}`, shows: s.qr?.text,
    nodes: [heading(w.courier.title), el("div", { class: "qr" }, s.qr ? el("img", { src: s.qr.image, alt: w.courier.title }) : null), count,
      el("ol", { class: "steps" }, w.courier.steps.map((step) => el("li", {}, step))), spring(), wide(w.cancel, act.cancel)],
    tick() {
      const n = seconds(local.sessionUntil);
      count.textContent = n > 0 ? fill(w.courier.left, { n }).join("") : "";
    },
  };
}

function session(s, w, act) {
  const { courier, stored, takenBack, overdue = [], uncertain = [] } = s.session;
  const count = (n, word) => el("div", { class: "card" }, el("b", {}, String(n)), word);
  const list = (title, parcels) => parcels.length === 0 ? null :
    el("section", { class: "card" }, el("h2", {}, `${title}: ${parcels.length}`), el("ul", { class: "parcels" }, parcels.slice(0, 12).map((p) => el("li", {}, p || w.courier.unknown))));
  return {
    key: `session ${JSON.stringify(s.session, (k, v) => (k === "left" ? undefined : v))}`,
    nodes: [heading(w.courier.session), el("p", { class: "quiet" }, ...fill(w.courier.who, { n: courier, m: s.session.number })),
      el("div", { class: "counts" }, count(stored, w.courier.stored), count(takenBack, w.courier.taken)),
      list(w.courier.overdue, overdue), list(w.courier.uncertain, uncertain), spring(), say(w.courier.finish), wide(w.courier.somebody, () => act.mode("code"))],
  };
}

function receipt(s, w, act) {
  return {
    key: `receipt ${s.qr?.text}`, tone: "done", shows: s.qr?.text,
    nodes: [heading(w.courier.receipt), say(...fill(w.courier.receiptText, { a: s.session.stored, b: s.session.takenBack })),
      el("div", { class: "qr" }, s.qr ? el("img", { src: s.qr.image, alt: w.courier.receipt }) : null), spring(), wide(w.courier.end, act.dismiss, "main")],
  };
}

function away(s, w) {
  return { key: "away", nodes: [spring(), badge("care"), heading(w.away.title), say(w.away.text), spring()] };
}

function outOfOrder(s, w) {
  const kind = w.order[s.outOfOrder] ? s.outOfOrder : "bus";
  return { key: `order ${kind}`, nodes: [spring(), badge("care"), heading(w.order[kind]), say(w.order[`${kind}Text`]), spring()] };
}
