// screens.js: which screen a person sees, and what is on it. A screen is {key, nodes, tick?, tone?}: while the key stays the
// same the screen stands, and tick moves what counts.
import { duration, el, fill, greenButton, icon, icons } from "./dom.js";
import { front } from "/assets/front.js";

// visits are the screens of what goes on at a door, by stage.
const visits = { press, pulsed, open, jammed, say: tellDevice, "by key": byKey };

// between are the screens between the doors of a QR code that stands for several parcels, by step.
const between = { looking, waiting, held, over };

// codeLength is how many digits a pad takes; a pickup code and a return code are told apart by it.
export const codeLength = { code: 9, return: 10 };

// staffModes stay longer than what a recipient looks at, and above what is wrong with the locker.
export const staffModes = ["staff", "order"];

// pick chooses the screen for the state s and what is going on at the screen itself (local).
export function pick(s, local) {
  if (!s?.guard) return away;
  if (local.declining && mayDecline(s)) return decline;
  if (visits[s.stage]) return visits[s.stage];
  if (s.several && s.several.step !== "leading" && !local.heard) return between[s.several.step];
  if (local.notice && !(local.mode in codeLength)) return refused;
  if ((s.session?.over || s.service?.over) && !local.dismissed) return receipt;
  if (local.ended) return s.stage === "done" ? done : failed;
  return forStaff(s, local) ?? inTheWay(s) ?? forPeople(s, local);
}

function forStaff(s, local) {
  if (local.mode === "order" && s.override) return order;
  if (staffModes.includes(local.mode)) return s.service && !s.service.over ? technician(s) : staff;
  if (s.service && !s.service.over && local.mode === "start") return technician(s);
}

const technician = (s) => (s.service.technician ? serving : challenge);

function inTheWay(s) {
  if (s.outOfOrder) return outOfOrder;
  if (s.openDoors?.length) return closing;
  if (s.pausedFor > 0) return paused;
}

function forPeople(s, local) {
  if (local.mode in codeLength) return pad;
  if (local.mode === "qr") return showQR;
  if (s.session && !s.session.over) return s.session.courier ? session : challenge;
  return s.lockedDown ? lockdown : start;
}

const heading = (...content) => el("h1", { tabindex: -1 }, ...content);
const say = (...content) => el("p", { class: "say" }, ...content);
const spring = () => el("div", { class: "spring" });
const badge = (kind) => el("div", { class: "badge" }, icon(icons[kind], kind));
const staffDoor = (w, act, text = w.start.staff) => el("button", { type: "button", class: "plain", id: "start-staff", onclick: () => act.mode("staff") }, text);
const big = (words, name, run) => el("button", { type: "button", class: "big", id: `start-${name}`, onclick: run },
  icon(icons[name]), el("span", {}, words[name], el("small", {}, words[`${name}Sub`])));
const wide = (text, onclick, kind = "") => el("button", { type: "button", class: `wide ${kind}`, onclick }, text);
const drawn = (s, open = s.openDoors ?? []) => el("div", { class: "front" }, front(s.doors ?? [], { kind: (door) => kindOf(door, s.compartment, open) }));
const kindOf = (door, yours, open) => (open.includes(door.number) ? "ajar" : door.number === yours ? "yours" : door.broken ? "broken" : "");
const count = (s, n = s.several.at) => ({ n, m: s.several.of });
const led = (s) => (s.several?.step === "leading" ? s.several.at : "");
// which says at a door which of several parcels it is about, and that some were passed over.
const which = (s, w) => led(s) ? el("p", { class: "which" }, el("b", {}, ...fill(w.several.at, count(s))), passedOver(s, w)) : null;
const passedOver = (s, w, what = "passed") => s.several.passed ? el("span", {}, ...fill(w.several[what], { n: s.several.passed })) : null;
const values = (s) => ({ door: s.compartment, parcel: s.session?.parcel ?? "" });
const left = (deadline, w) => duration(deadline - performance.now(), w.units);
const seconds = (deadline) => Math.max(0, Math.ceil((deadline - performance.now()) / 1000));

// refusal is what is said of a reason: the sentence for this errand where it has one.
export function refusal(w, { about, reason, until = 0 }) {
  const [title, text] = w.reason[`${about} ${reason}`] ?? w.reason[reason] ?? w.reason.malformed;
  const time = until > performance.now() ? left(until, w) : w.soon;
  return [title, fill(text, { time }).join("")];
}

// pair is the title and the text of an outcome, for this errand where it has its own.
function pair(table, s) {
  const [title, text] = table[`${s.errand} ${s.outcome}`] ?? table[s.outcome] ?? table.other;
  return [heading(...fill(title, values(s))), say(...fill(text, values(s)))];
}

function start(s, w, act) {
  return {
    key: "start",
    nodes: [heading(w.start.title), el("div", { class: "choices" }, big(w.start, "code", () => act.mode("code")), big(w.start, "qr", () => act.mode("qr")),
      big(w.start, "return", () => act.mode("return")), big(w.start, "courier", act.courier)), drawn(s), staffDoor(w, act)],
  };
}

// lockdown stands in place of the start screen while no occupied compartment opens.
function lockdown(s, w, act) {
  return {
    key: `lockdown ${s.lockedDown}`,
    nodes: [badge("care"), heading(w.lockdown.title), say(w.lockdown.text), say(w.lockdown.call), spring(),
      el("div", { class: "choices" }, big(w.start, "return", () => act.mode("return")), big(w.start, "courier", act.courier)),
      staffDoor(w, act, fill(w.lockdown.staff, { n: s.lockedDown }).join(""))],
  };
}

function paused(s, w, act, local) {
  const line = say("");
  return {
    key: "paused",
    nodes: [spring(), badge("care"), heading(w.paused.title), line, say(w.paused.hint), spring(), staffDoor(w, act)],
    tick() { line.textContent = fill(w.paused.text, { time: left(local.pausedUntil, w) }).join(""); },
  };
}

function pad(s, w, act, local) {
  const { mode } = local, length = codeLength[mode];
  const cells = Array.from({ length }, () => el("i", {}));
  const groups = [[0, 3], [3, 6], [6, length]].map(([from, to]) => el("span", {}, cells.slice(from, to)));
  const shown = el("div", { class: "code", role: "img" }, groups);
  const note = el("p", { class: "note", role: "status" });
  const keys = el("div", { class: "pad" }, [..."123456789"].map((d) => el("button", { type: "button", onclick: () => act.digit(d) }, d)),
    el("button", { type: "button", class: "word", onclick: act.clear }, w.pad.clear),
    el("button", { type: "button", onclick: () => act.digit("0") }, "0"),
    el("button", { type: "button", class: "word", onclick: act.erase }, w.pad.delete));
  const back = wide(w.back, () => act.mode("start")), other = wide(w[mode].other, () => act.otherPad(mode === "code" ? "return" : "code"));
  other.id = "other-pad";
  return {
    key: `pad ${mode}`,
    nodes: [heading(w[mode].title), shown, note, keys, el("div", { class: "row" }, back, other)],
    tick() {
      cells.forEach((cell, i) => {
        cell.textContent = local.digits[i] ?? "";
        cell.className = i < local.digits.length ? "filled" : i === local.digits.length ? "next" : "";
      });
      shown.setAttribute("aria-label", fill(w.pad.digits, { n: local.digits.length, m: length }).join(""));
      const until = Math.max(local.keypadUntil, local.notice?.reason === "slow" ? local.notice.until : 0);
      for (const key of keys.children) key.disabled = local.asking || until > performance.now();
      const [text, bad] = padNote(w, local, until);
      note.className = `note ${bad ? "bad" : text ? "calm" : ""}`;
      if (note.textContent !== text) note.textContent = text;
    },
  };
}

function padNote(w, local, until) {
  const wait = until > performance.now() ? fill(w.pad.wait, { time: left(until, w) }).join("") : "";
  if (local.asking) return [w.pad.checking, false];
  if (local.notice && local.notice.reason !== "slow") return [`${refusal(w, local.notice).join(". ")} ${wait}`.trim(), local.notice.reason !== "unpaid"];
  return [wait, false];
}

function showQR(s, w, act) {
  return {
    key: "qr",
    nodes: [heading(w.qr.title), say(w.qr.text), el("div", { class: "badge scan" }, icon(icons.scan, "ok")), spring(),
      wide(w.qr.code, () => act.mode("code")), wide(w.back, () => act.mode("start"))],
  };
}

// toPress is a screen that waits for a hand on the button.
function toPress(s, local, screen) {
  const button = greenButton();
  return {
    ...screen(button.node),
    tick: () => button.set((local.stageUntil - performance.now()) / (local.stageFull || 20000), seconds(local.stageUntil)),
  };
}

function press(s, w, act, local) {
  return toPress(s, local, (button) => ({
    key: `press ${s.compartment} ${s.errand} ${led(s)}`, tone: "press",
    nodes: [which(s, w), heading(w.press.title), button, say(...fill(w.press.door, values(s)), ". ", ...fill(w.press[s.errand], values(s))), drawn(s), noPress(s, w, act)],
  }));
}

// mayDecline says whether a recipient is asked for a press, or stands at the open door, of one parcel.
const mayDecline = (s) => s.errand === "collect" && !led(s) && ["press", "open"].includes(s.stage);

// decline asks once more whether somebody does not want their parcel, and says what follows.
function decline(s, w, act) {
  return {
    key: `decline ${s.compartment} ${s.stage}`,
    nodes: [spring(), badge("care"), heading(w.decline.title), say(w.decline.text), s.stage === "open" ? say(...fill(w.decline.putBack, values(s))) : null, spring(),
      wide(w.decline.yes, () => act.say("decline")), wide(w.back, () => act.declining(false), "main")],
  };
}

// noPress is what else may be done where a press is asked for.
function noPress(s, w, act) {
  const cancel = wide(s.errand === "test" ? w.skip : w.cancel, act.cancel);
  if (mayDecline(s)) return el("div", { class: "row" }, cancel, wide(w.decline.ask, () => act.declining(true)));
  if (!led(s)) return cancel;
  const stop = wide(w.several.stop, act.stop);
  return s.several.at < s.several.of ? el("div", { class: "row" }, wide(w.several.skip, act.skip), stop) : stop;
}

function pulsed(s, w) {
  return { key: `pulsed ${s.compartment} ${led(s)}`, nodes: [which(s, w), heading(...fill(w.pulsed.title, values(s))), say(w.pulsed.text), drawn(s)] };
}

function open(s, w, act, local) {
  const what = s.errand + ({ larger: "Larger", cancel: "Cancel", decline: "Decline" }[local.said] ?? "");
  return {
    key: `open ${s.compartment} ${what} ${s.leftOpen} ${led(s)}`, tone: s.leftOpen ? "alarm" : "open", kind: "open",
    nodes: [which(s, w), heading(...fill(s.leftOpen ? w.open.late : w.open[what], values(s))), drawn(s, [s.compartment]), say(...fill(w.open[`${what}Hint`], values(s))),
      s.errand === "return" ? secondThoughts(w, act, local) : mayDecline(s) && !local.said ? wide(w.decline.ask, () => act.declining(true)) : null],
  };
}

// secondThoughts are what a customer may say at the open door; what was said is not taken back.
function secondThoughts(w, act, local) {
  if (local.said === "cancel") return null;
  const tooSmall = local.said ? null : wide(w.open.tooSmall, () => act.say("larger"));
  return el("div", { class: "row" }, tooSmall, wide(w.open.changedMind, () => act.say("cancel")));
}

function jammed(s, w, act, local) {
  return toPress(s, local, (button) => ({
    key: `jammed ${s.compartment} ${led(s)}`, tone: "refused",
    nodes: [which(s, w), heading(...fill(w.jammed.title, values(s))), say(w.jammed.text), button, drawn(s), noPress(s, w, act)],
  }));
}

function byKey(s, w, act, local) {
  const count = el("p", { class: "quiet center" });
  return {
    key: `by key ${s.compartment}`, tone: "press",
    nodes: [heading(...fill(w.byKey.title, values(s))), say(w.byKey.text), drawn(s), count, wide(w.skip, act.cancel)],
    tick() { count.textContent = fill(w.left, { time: left(local.stageUntil, w) }).join(""); },
  };
}

function tellDevice(s, w, act, local) {
  const [title, text] = w.say[s.errand] ?? w.say.reopen;
  const count = el("p", { class: "quiet center" });
  return {
    key: `say ${s.compartment} ${s.errand}`, tone: "press",
    nodes: [heading(...fill(title, values(s))), say(text), drawn(s), count],
    tick() { count.textContent = fill(w.left, { time: left(local.stageUntil, w) }).join(""); },
  };
}

function done(s, w, act) {
  return {
    key: `done ${s.compartment} ${s.outcome}`, tone: "done",
    nodes: [badge("ok"), ...pair(w.done, s), spring(), wide(w.ok, act.leave)],
  };
}

// errandOf is whose way out fits a visit that could not go on, for a reason that could also have refused it.
const errandOf = { collect: "code", deposit: "courier", withdraw: "courier", reopen: "courier", test: "technician" };

function failed(s, w, act, local) {
  return {
    key: `failed ${s.compartment} ${s.outcome}`, tone: "refused",
    nodes: [...wayOut(s, w, local), spring(), wide(w.ok, act.leave)],
  };
}

function wayOut(s, w, local) {
  const about = errandOf[s.errand] ?? s.errand;
  const stopped = w.reason[s.outcome] && refusal(w, { about, reason: s.outcome, until: local.pausedUntil });
  return [badge(s.outcome === "jam" ? "stop" : "care"), ...(stopped ? [heading(stopped[0]), say(stopped[1])] : pair(w.failed, s))];
}

// looking stands while the guard is asked for the next parcel.
function looking(s, w, act) {
  return {
    key: `looking ${s.several.at} ${s.several.passed}`,
    nodes: [spring(), badge("scan"), heading(...fill(w.several.looking, count(s))), s.several.passed ? say(passedOver(s, w, "passedWhy")) : null, spring(), wide(w.several.stop, act.stop)],
  };
}

// waiting stands while the guard wants a pause that is short enough to stay for.
function waiting(s, w, act, local) {
  const line = say(""), { reason } = s.several;
  const told = () => refusal(w, { about: "secret", reason, until: local.severalUntil });
  return {
    key: `waiting ${s.several.at} ${reason}`,
    nodes: [el("p", { class: "which" }, el("b", {}, ...fill(w.several.at, count(s)))), badge("care"), heading(told()[0]), line, say(w.several.byItself), spring(), wide(w.several.stop, act.stop)],
    tick() { line.textContent = told()[1]; },
  };
}

// held stands where a visit ended without its parcel and others are left: nothing opens until the person says so.
function held(s, w, act, local) {
  const { reason, at } = s.several, note = el("p", { class: "quiet center" });
  const why = reason ? [badge("care"), ...refusal(w, { about: "secret", reason }).map((text, i) => (i ? say(text) : heading(text)))] : s.stage === "failed" ? wayOut(s, w, local) : null;
  return {
    key: `held ${at} ${reason}`, tone: "refused",
    nodes: [...(why ?? [badge("care"), heading(w.several.held)]), spring(), note, wide(fill(w.several.go, count(s)).join(""), act.next, "main"), wide(w.several.stop, act.stop)],
    tick() { note.textContent = fill(w.left, { time: left(local.severalUntil, w) }).join(""); },
  };
}

// over says what came of all of them.
function over(s, w, act, local) {
  const { taken, of, passed, reason } = s.several, rest = of - taken - passed;
  const why = reason ? refusal(w, { about: "secret", reason, until: local.severalAgain }) : null;
  const trouble = s.stage === "failed" && rest ? wayOut(s, w, local) : null;
  const [title, text] = rest ? w.several.some : passed ? w.several.here : w.several.all;
  return {
    key: `over ${taken} ${passed} ${of} ${reason}`, tone: rest ? "refused" : "done",
    nodes: [...(trouble ?? [badge(rest ? "care" : "ok"), heading(...fill(title, { n: taken, m: of }))]), why && say(why.join(". ")), trouble ? null : say(...fill(text, { n: rest })),
      passed ? say(passedOver(s, w, "passedWhy")) : null, trouble ? say(...fill(w.several.some[1], { n: rest })) : null, spring(), wide(w.ok, act.heard)],
  };
}

function refused(s, w, act, local) {
  const line = say("");
  return {
    key: `refused ${local.notice.at}`, tone: "refused",
    nodes: [badge("care"), heading(refusal(w, local.notice)[0]), line, spring(), wide(w.ok, act.forgive)],
    tick() {
      const [, text] = refusal(w, local.notice);
      if (line.textContent !== text) line.textContent = text;
    },
  };
}

function closing(s, w, act) {
  const door = s.openDoors.join(", ");
  return {
    key: `closing ${door} ${s.leftOpen}`, tone: s.leftOpen ? "alarm" : null, kind: "open",
    nodes: [heading(...fill(s.openDoors.length > 1 ? w.closing.titleMany : w.closing.title, { door })), say(w.closing.text), drawn({ ...s, compartment: 0 }), say(w.closing.cannot), staffDoor(w, act)],
  };
}

// challenge is what a courier's or a technician's device reads first.
function challenge(s, w, act, local) {
  const words = s.service ? w.technician : w.courier;
  const count = el("p", { class: "quiet center" });
  return {
    key: `challenge ${s.qr?.text}`, shows: s.qr?.text,
    nodes: [heading(words.title), qr(s.qr, words.title), count, steps(words.steps), spring(), wide(w.cancel, act.cancel)],
    tick() { count.textContent = local.sessionUntil > performance.now() ? fill(w.valid, { time: left(local.sessionUntil, w) }).join("") : ""; },
  };
}

const qr = (picture, alt) => el("div", { class: "qr" }, picture ? el("img", { src: picture.image, alt }) : null);
const steps = (list) => el("ol", { class: "steps" }, list.map((step) => el("li", {}, step)));
const card = (n, word) => el("div", { class: "card" }, el("b", {}, String(n)), word);

function session(s, w, act) {
  const { courier, stored, takenBack, overdue = [], uncertain = [] } = s.session;
  const list = (title, parcels) => parcels.length === 0 ? null :
    el("section", { class: "card" }, el("h2", {}, `${title}: ${parcels.length}`), el("ul", { class: "parcels" }, parcels.slice(0, 12).map((p) => el("li", {}, p || w.courier.unknown))));
  return {
    key: `session ${JSON.stringify(s.session, (k, v) => (k === "left" ? undefined : v))}`,
    nodes: [heading(w.courier.session), el("p", { class: "quiet" }, ...fill(w.courier.who, { n: courier, m: s.session.number })),
      el("div", { class: "counts" }, card(stored, w.courier.stored), card(takenBack, w.courier.taken)),
      list(w.courier.overdue, overdue), list(w.courier.uncertain, uncertain), spring(), say(w.courier.finish), wide(w.somebody, () => act.mode("code"))],
  };
}

// serving is a technician's session between two doors.
function serving(s, w, act, local) {
  const { technician, number, tested, walking } = s.service;
  const count = el("p", { class: "quiet" }), doors = s.openDoors ?? [];
  return {
    key: `serving ${technician} ${number} ${tested} ${walking} ${doors} ${s.outOfOrder}`,
    nodes: [heading(w.technician.session), el("p", { class: "quiet" }, ...fill(w.technician.who, { n: technician, m: number })),
      el("div", { class: "counts" }, card(tested, w.technician.tested)), doors.length ? say(...fill(w.technician.doors, { door: doors.join(", ") })) : null,
      s.outOfOrder ? say(w.technician.locks) : null, say(walking ? w.technician.walking : w.technician.next), spring(), count, wide(w.somebody, () => act.mode("code"))],
    tick() { count.textContent = fill(w.technician.left, { time: left(local.sessionUntil, w) }).join(""); },
  };
}

function receipt(s, w, act) {
  const words = s.service ? w.technician : w.courier;
  const counts = s.service ? { a: s.service.tested } : { a: s.session.stored, b: s.session.takenBack };
  return {
    key: `receipt ${s.qr?.text}`, tone: "done", shows: s.qr?.text,
    nodes: [heading(words.receipt), say(...fill(words.receiptText, counts)), qr(s.qr, words.receipt), spring(), wide(w.end, act.dismiss, "main")],
  };
}

function staff(s, w, act) {
  const lift = s.lockedDown ? el("section", { class: "card" }, el("h2", {}, ...fill(w.staff.lift, { n: s.lockedDown })), el("p", {}, w.staff.liftText)) : null;
  return {
    key: `staff ${s.lockedDown}`,
    nodes: [heading(w.staff.title), say(w.staff.text), el("div", { class: "choices" }, big(w.staff, "technician", act.technician), big(w.staff, "override", act.order)), lift, spring(), wide(w.back, () => act.mode("start"))],
  };
}

// order is the challenge that an override has to answer, as somebody at the locker hands it on: by a photograph, or digit by digit.
function order(s, w, act, local) {
  const count = el("p", { class: "quiet center" });
  const groups = el("p", { class: "groups" }, s.override.text.match(/.{1,4}/g).map((group) => el("span", {}, group)));
  return {
    key: `order ${s.override.text}`, shows: s.override.qr?.text,
    nodes: [heading(w.order.title), el("div", { class: "order" }, el("div", {}, qr(s.override.qr, w.order.title), count), steps(w.order.steps)),
      el("details", { class: "card" }, el("summary", {}, w.order.text), groups), spring(), el("div", { class: "row" }, wide(w.back, () => act.mode("staff")), wide(w.order.again, act.orderAgain))],
    tick() { count.textContent = local.orderUntil > performance.now() ? fill(w.order.left, { time: left(local.orderUntil, w) }).join("") : w.order.over; },
  };
}

function away(s, w) {
  return { key: "away", nodes: [spring(), badge("care"), heading(w.away.title), say(w.away.text), spring()] };
}

function outOfOrder(s, w, act) {
  const [title, text] = w.outOfOrder[s.outOfOrder] ?? w.outOfOrder.bus;
  return { key: `out of order ${s.outOfOrder}`, nodes: [spring(), badge("care"), heading(title), say(text), spring(), staffDoor(w, act)] };
}
