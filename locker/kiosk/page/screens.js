// screens.js: which screen a person sees, and what is on it. A screen is {key, words, field?, hands?, tick?, tone?}: what is said, what is
// shown or typed on, and what hands may touch. While the key stays the same the screen stands, and tick moves what counts.
import { duration, el, fill, greenButton, icon, icons } from "./dom.js";
import { front, placeOf } from "/assets/front.js";

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
  if (s.carried && local.carriedUntil > performance.now()) return carrying;
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
  if (local.mode === "qr" && !s.scannerAway) return showQR;
  if (local.mode === "noScanner") return noScanner;
  if (s.session && !s.session.over) return s.session.courier ? session : challenge;
  return s.lockedDown ? lockdown : start;
}

const heading = (...content) => el("h1", { tabindex: -1 }, ...content);
const say = (...content) => el("p", { class: "say" }, ...content);
const quiet = (...content) => el("p", { class: "quiet" }, ...content);
const badge = (kind) => el("div", { class: "badge" }, icon(icons[kind], kind));
const wide = (text, onclick, kind = "") => el("button", { type: "button", class: `wide ${kind}`, onclick }, text);
// back is the button that Escape stands for.
const back = (text, onclick, kind) => { const button = wide(text, onclick, kind); button.dataset.back = ""; return button; };
const row = (...buttons) => el("div", { class: "row" }, buttons);
const big = (words, name, run) => el("button", { type: "button", class: "big", id: `start-${name}`, onclick: run },
  icon(icons[name]), el("span", {}, words[name], el("small", {}, words[`${name}Sub`])));
const choices = (...buttons) => el("div", { class: "choices" }, buttons);
const staffDoor = (w, act, text = w.start.staff) => el("button", { type: "button", class: "plain", id: "start-staff", onclick: () => act.mode("staff") }, text);
const foot = (s, w, ...more) => el("div", { class: "foot" }, help(s, w), more);
// own is what somebody has called something: it stands apart from the sentence around it, whichever way it is written.
const own = (name) => el("bdi", {}, name);
// help is whom to call, where the operator has said so.
const help = (s, w) => s?.support ? el("p", { class: "help" }, icon(icons.phone), el("span", {}, ...fill(w.help, { phone: own(s.support) }))) : null;
// trouble is a line about something that does not work, beside what does.
const trouble = (...content) => el("p", { class: "trouble" }, icon(icons.care), el("span", {}, ...content));

// drawn is the locker's front with a door in it that glows or stands open, and where that door is in words.
function drawn(s, w, open = s.openDoors ?? []) {
  const doors = s.doors ?? [], at = placeOf(doors, s.compartment);
  return el("figure", { class: "front" }, front(doors, { kind: (door) => kindOf(door, s.compartment, open) }),
    at ? el("figcaption", {}, fill(w.place[at.side], at).join("")) : null);
}
const kindOf = (door, yours, open) => (open.includes(door.number) ? "ajar" : door.number === yours ? "yours" : door.broken ? "broken" : "");
const count = (s, n = s.several.at) => ({ n, m: s.several.of });
const led = (s) => (s.several?.step === "leading" ? s.several.at : "");
// which says at a door which of several parcels it is about, and that some were passed over.
const which = (s, w) => led(s) ? el("p", { class: "which" }, el("b", {}, ...fill(w.several.at, count(s))), passedOver(s, w)) : null;
const passedOver = (s, w, what = "passed") => s.several.passed ? el("span", {}, ...fill(w.several[what], { n: s.several.passed })) : null;
const values = (s) => ({ door: s.compartment, parcel: own(s.session?.parcel ?? "") });
const left = (deadline, w) => duration(deadline - performance.now(), w.units);
const seconds = (deadline) => Math.max(0, Math.ceil((deadline - performance.now()) / 1000));

// counted is a line that counts down to a deadline, and the tick that moves it.
function counted(w, sentence, deadline) {
  const line = quiet("");
  return { line, tick() { line.textContent = deadline() > performance.now() ? fill(sentence, { time: left(deadline(), w) }).join("") : ""; } };
}

// lonelyAfter is how long the locker may hear nothing from outside before anybody is told: the time is set once an hour.
const lonelyAfter = 90 * 60_000;

// lonely says what does not work because the locker has had no connection for long; recipients miss nothing.
function lonely(w, local, whom) {
  const alone = performance.now() - local.aloneSince;
  return alone > lonelyAfter ? trouble(fill(w.alone[whom], { time: duration(alone, w.units) }).join("")) : null;
}
// isLonely is in the keys of the screens that say so.
const isLonely = (local) => performance.now() - local.aloneSince > lonelyAfter;

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
  const qr = s.scannerAway ? null : big(w.start, "qr", () => act.mode("qr"));
  return {
    key: `start ${s.scannerAway}`,
    words: [heading(w.start.title), s.scannerAway ? trouble(w.scanner.start) : null],
    field: drawn({ ...s, compartment: 0 }, w, []),
    hands: [choices(big(w.start, "code", () => act.mode("code")), qr, big(w.start, "return", () => act.mode("return")), big(w.start, "courier", act.courier)), foot(s, w, staffDoor(w, act))],
  };
}

// noScanner is what a courier is told where the scanner is away: it alone can read the phone's answers.
function noScanner(s, w, act) {
  return {
    key: "no scanner", tone: "refused",
    words: [badge("care"), heading(w.scanner.title), say(w.scanner.text), help(s, w)],
    hands: [back(w.back, () => act.mode("start"))],
  };
}

// lockdown stands in place of the start screen while no occupied compartment opens.
function lockdown(s, w, act) {
  return {
    key: `lockdown ${s.lockedDown}`,
    words: [badge("care"), heading(w.lockdown.title), say(w.lockdown.text), say(w.lockdown.call)],
    hands: [choices(big(w.start, "return", () => act.mode("return")), big(w.start, "courier", act.courier)), foot(s, w, staffDoor(w, act, fill(w.lockdown.staff, { n: s.lockedDown }).join("")))],
  };
}

function paused(s, w, act, local) {
  const line = say("");
  return {
    key: "paused",
    words: [badge("care"), heading(w.paused.title), line, say(w.paused.hint)],
    hands: [foot(s, w, staffDoor(w, act))],
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
  const other = wide(w[mode].other, () => act.otherPad(mode === "code" ? "return" : "code"));
  other.id = "other-pad";
  const lack = mode === "return" ? lonely(w, local, "return") : null;
  return {
    key: `pad ${mode} ${local.low} ${Boolean(lack)}`,
    words: [heading(w[mode].title), shown, note, mode === "return" && local.low ? quiet(w.low.return) : null, lack],
    field: keys,
    hands: [row(back(w.back, () => act.mode("start")), other)],
    tick() {
      cells.forEach((cell, i) => {
        cell.textContent = local.digits[i] ?? "";
        cell.className = i < local.digits.length ? "filled" : i === local.digits.length ? "next" : "";
      });
      shown.setAttribute("aria-label", fill(w.pad.digits, { n: local.digits.length, m: length }).join(""));
      const until = Math.max(local.keypadUntil, local.notice?.reason === "slow" ? local.notice.until : 0);
      for (const key of keys.children) key.disabled = local.asking || until > performance.now();
      const [text, bad] = padNote(s, w, local, until);
      note.className = `note ${bad ? "bad" : text ? "calm" : ""}`;
      if (note.textContent !== text) note.textContent = text;
    },
  };
}

function padNote(s, w, local, until) {
  const wait = until > performance.now() ? fill(w.pad.wait, { time: left(until, w) }).join("") : "";
  if (local.asking) return [w.pad.checking, false];
  if (!local.notice || local.notice.reason === "slow") return [wait, false];
  const { reason } = local.notice;
  const more = reason === "full" && local.low ? w.low.full : reason === "typo" || !s.support ? "" : fill(w.help, { phone: s.support }).join("");
  return [[`${refusal(w, local.notice).join(". ")}`, more, wait].filter(Boolean).join(" "), reason !== "unpaid"];
}

function showQR(s, w, act) {
  return {
    key: "qr",
    words: [heading(w.qr.title), say(w.qr.text)],
    field: el("div", { class: "badge scan" }, icon(icons.scan, "ok")),
    hands: [wide(w.qr.code, () => act.mode("code")), back(w.back, () => act.mode("start"))],
  };
}

// toPress is a screen that waits for a hand on the button.
function toPress(s, local, screen) {
  const button = greenButton();
  return {
    ...screen(button.node), hurries: true,
    tick: () => button.set((local.stageUntil - performance.now()) / (local.stageFull || 20000), seconds(local.stageUntil)),
  };
}

function press(s, w, act, local) {
  return toPress(s, local, (button) => ({
    key: `press ${s.compartment} ${s.errand} ${led(s)} ${tooHigh(s, local)}`, tone: "press",
    words: [which(s, w), heading(w.press.title), button, say(...fill(w.press.door, values(s)), ". ", ...fill(w.press[s.errand], values(s))), tooHigh(s, local) ? trouble(...fill(w.low.high, values(s))) : null],
    field: drawn(s, w),
    hands: noPress(s, w, act),
  }));
}

// tooHigh says whether a recipient who wants everything low is asked to open a door that is not.
const tooHigh = (s, local) => local.low && s.errand === "collect" && !s.doors.find((door) => door.number === s.compartment)?.low;

// mayDecline says whether a recipient is asked for a press, or stands at the open door, of one parcel.
const mayDecline = (s) => s.errand === "collect" && !led(s) && ["press", "open"].includes(s.stage);

// decline asks once more whether somebody does not want their parcel, and says what follows.
function decline(s, w, act) {
  return {
    key: `decline ${s.compartment} ${s.stage}`,
    words: [badge("care"), heading(w.decline.title), say(w.decline.text), s.stage === "open" ? say(...fill(w.decline.putBack, values(s))) : null],
    hands: [wide(w.decline.yes, () => act.say("decline")), back(w.back, () => act.declining(false), "main")],
  };
}

// noPress is what else may be done where a press is asked for.
function noPress(s, w, act) {
  const cancel = back(s.errand === "test" ? w.skip : w.cancel, act.cancel);
  if (mayDecline(s)) return [row(cancel, wide(w.decline.ask, () => act.declining(true)))];
  if (!led(s)) return [cancel];
  const stop = back(w.several.stop, act.stop);
  return s.several.at < s.several.of ? [row(wide(w.several.skip, act.skip), stop)] : [stop];
}

function pulsed(s, w) {
  return { key: `pulsed ${s.compartment} ${led(s)}`, words: [which(s, w), heading(...fill(w.pulsed.title, values(s))), say(w.pulsed.text)], field: drawn(s, w) };
}

function open(s, w, act, local) {
  const what = s.errand + ({ larger: "Larger", cancel: "Cancel", decline: "Decline" }[local.said] ?? "");
  const within = counted(w, w.open.within, () => (s.leftOpen ? 0 : local.stageUntil));
  return {
    key: `open ${s.compartment} ${what} ${s.leftOpen} ${led(s)}`, tone: s.leftOpen ? "alarm" : "open", kind: "open", tick: within.tick,
    words: [which(s, w), heading(...fill(s.leftOpen ? w.open.late : w.open[what], values(s))), say(...fill(w.open[`${what}Hint`], values(s))), within.line],
    field: drawn(s, w, [s.compartment]),
    hands: s.errand === "return" ? secondThoughts(w, act, local) : mayDecline(s) && !local.said ? [wide(w.decline.ask, () => act.declining(true))] : [],
  };
}

// secondThoughts are what a customer may say at the open door; what was said is not taken back.
function secondThoughts(w, act, local) {
  if (local.said === "cancel") return [];
  const tooSmall = local.said ? null : wide(w.open.tooSmall, () => act.say("larger"));
  return [row(tooSmall, wide(w.open.changedMind, () => act.say("cancel")))];
}

function jammed(s, w, act, local) {
  return toPress(s, local, (button) => ({
    key: `jammed ${s.compartment} ${led(s)}`, tone: "refused",
    words: [which(s, w), heading(...fill(w.jammed.title, values(s))), say(w.jammed.text), button],
    field: drawn(s, w),
    hands: noPress(s, w, act),
  }));
}

function byKey(s, w, act, local) {
  const stays = counted(w, w.left, () => local.stageUntil);
  return {
    key: `by key ${s.compartment}`, tone: "press", tick: stays.tick,
    words: [heading(...fill(w.byKey.title, values(s))), say(w.byKey.text), stays.line],
    field: drawn(s, w),
    hands: [back(w.skip, act.cancel)],
  };
}

function tellDevice(s, w, act, local) {
  const [title, text] = w.say[s.errand] ?? w.say.reopen;
  const stays = counted(w, w.left, () => local.stageUntil);
  return {
    key: `say ${s.compartment} ${s.errand} ${s.scannerAway}`, tone: "press", tick: stays.tick,
    words: [heading(...fill(title, values(s))), say(...fill(text, values(s))), stays.line, s.scannerAway ? trouble(w.scanner.session) : null],
    field: drawn(s, w),
  };
}

function done(s, w, act) {
  return {
    key: `done ${s.compartment} ${s.outcome}`, tone: "done",
    words: [badge("ok"), ...pair(w.done, s)],
    hands: [back(w.ok, act.leave)],
  };
}

// errandOf is whose way out fits a visit that could not go on, for a reason that could also have refused it.
const errandOf = { collect: "code", deposit: "courier", withdraw: "courier", reopen: "courier", test: "technician" };

function failed(s, w, act, local) {
  return {
    key: `failed ${s.compartment} ${s.outcome}`, tone: "refused",
    words: [...wayOut(s, w, local), help(s, w)],
    hands: [back(w.ok, act.leave)],
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
    words: [badge("scan"), heading(...fill(w.several.looking, count(s))), s.several.passed ? say(passedOver(s, w, "passedWhy")) : null],
    hands: [back(w.several.stop, act.stop)],
  };
}

// waiting stands while the guard wants a pause that is short enough to stay for.
function waiting(s, w, act, local) {
  const line = say(""), { reason } = s.several;
  const told = () => refusal(w, { about: "secret", reason, until: local.severalUntil });
  return {
    key: `waiting ${s.several.at} ${reason}`,
    words: [el("p", { class: "which" }, el("b", {}, ...fill(w.several.at, count(s)))), badge("care"), heading(told()[0]), line, say(w.several.byItself)],
    hands: [back(w.several.stop, act.stop)],
    tick() { line.textContent = told()[1]; },
  };
}

// held stands where a visit ended without its parcel and others are left: nothing opens until the person says so.
function held(s, w, act, local) {
  const { reason, at } = s.several, stays = counted(w, w.left, () => local.severalUntil);
  const why = reason ? [badge("care"), ...refusal(w, { about: "secret", reason }).map((text, i) => (i ? say(text) : heading(text)))] : s.stage === "failed" ? wayOut(s, w, local) : null;
  return {
    key: `held ${at} ${reason}`, tone: "refused", tick: stays.tick,
    words: [...(why ?? [badge("care"), heading(w.several.held)]), stays.line],
    hands: [wide(fill(w.several.go, count(s)).join(""), act.next, "main"), back(w.several.stop, act.stop)],
  };
}

// over says what came of all of them.
function over(s, w, act, local) {
  const { taken, of, passed, reason } = s.several, rest = of - taken - passed;
  const why = reason ? refusal(w, { about: "secret", reason, until: local.severalAgain }) : null;
  const stuck = s.stage === "failed" && rest ? wayOut(s, w, local) : null;
  const [title, text] = rest ? w.several.some : passed ? w.several.here : w.several.all;
  return {
    key: `over ${taken} ${passed} ${of} ${reason}`, tone: rest ? "refused" : "done",
    words: [...(stuck ?? [badge(rest ? "care" : "ok"), heading(...fill(title, { n: taken, m: of }))]), why && say(why.join(". ")), stuck ? null : say(...fill(text, { n: rest })),
      passed ? say(passedOver(s, w, "passedWhy")) : null, stuck ? say(...fill(w.several.some[1], { n: rest })) : null, rest ? help(s, w) : null],
    hands: [back(w.ok, act.heard)],
  };
}

function refused(s, w, act, local) {
  const line = say("");
  return {
    key: `refused ${local.notice.at}`, tone: "refused",
    words: [badge("care"), heading(refusal(w, local.notice)[0]), line, help(s, w)],
    hands: [back(w.ok, act.forgive)],
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
    words: [heading(...fill(s.openDoors.length > 1 ? w.closing.titleMany : w.closing.title, { door })), say(w.closing.text), say(w.closing.cannot)],
    field: drawn({ ...s, compartment: s.openDoors.length > 1 ? 0 : s.openDoors[0] }, w),
    hands: [foot(s, w, staffDoor(w, act))],
  };
}

// challenge is what a courier's or a technician's device reads first.
function challenge(s, w, act, local) {
  const words = s.service ? w.technician : w.courier;
  const valid = counted(w, w.valid, () => local.sessionUntil);
  return {
    key: `challenge ${s.qr?.text} ${s.scannerAway} ${isLonely(local)}`, shows: s.qr?.text, tick: valid.tick,
    words: [heading(words.title), steps(words.steps), valid.line, s.scannerAway ? trouble(w.scanner.session) : s.service ? null : lonely(w, local, "courier")],
    field: qr(s.qr, words.title),
    hands: [back(w.cancel, act.cancel)],
  };
}

const qr = (picture, alt) => el("div", { class: "qr" }, picture ? el("img", { src: picture.image, alt }) : null);
const steps = (list) => el("ol", { class: "steps" }, list.map((step) => el("li", {}, step)));
const card = (n, word) => el("div", { class: "card" }, el("b", {}, String(n)), word);

function session(s, w, act, local) {
  const { courier, number, stored, takenBack, overdue = [], uncertain = [] } = s.session;
  const ends = counted(w, w.courier.left, () => local.sessionUntil);
  const list = (title, parcels) => parcels.length === 0 ? null :
    el("section", { class: "card" }, el("h2", {}, `${title}: ${parcels.length}`), el("ul", { class: "parcels" }, parcels.slice(0, 6).map((p) => el("li", {}, own(p || w.courier.unknown)))));
  const lists = [list(w.courier.overdue, overdue), list(w.courier.uncertain, uncertain)].filter(Boolean);
  return {
    key: `session ${JSON.stringify(s.session, (k, v) => (k === "left" ? undefined : v))} ${s.scannerAway} ${isLonely(local)}`, tick: ends.tick,
    words: [heading(w.courier.session), quiet(...fill(w.courier.who, { n: own(courier), m: number })),
      el("div", { class: "counts" }, card(stored, w.courier.stored), card(takenBack, w.courier.taken)), s.scannerAway ? trouble(w.scanner.session) : lonely(w, local, "courier"),
      say(w.courier.finish), ends.line],
    field: lists.length ? el("div", { class: "lists" }, lists) : null,
    hands: [wide(w.somebody, () => act.mode("code"))],
  };
}

// serving is a technician's session between two doors.
function serving(s, w, act, local) {
  const { technician, number, tested, walking } = s.service;
  const ends = counted(w, w.technician.left, () => local.sessionUntil), doors = s.openDoors ?? [];
  return {
    key: `serving ${technician} ${number} ${tested} ${walking} ${doors} ${s.outOfOrder} ${s.scannerAway}`, tick: ends.tick,
    words: [heading(w.technician.session), quiet(...fill(w.technician.who, { n: own(technician), m: number })),
      el("div", { class: "counts" }, card(tested, w.technician.tested)), doors.length ? say(...fill(w.technician.doors, { door: doors.join(", ") })) : null,
      s.outOfOrder ? trouble(w.technician.locks) : null, s.scannerAway ? trouble(w.scanner.staff) : null, say(walking ? w.technician.walking : w.technician.next), ends.line],
    hands: [wide(w.somebody, () => act.mode("code"))],
  };
}

function receipt(s, w, act) {
  const words = s.service ? w.technician : w.courier;
  const counts = s.service ? { a: s.service.tested } : { a: s.session.stored, b: s.session.takenBack };
  return {
    key: `receipt ${s.qr?.text}`, tone: "done", shows: s.qr?.text,
    words: [heading(words.receipt), say(...fill(words.receiptText, counts))],
    field: qr(s.qr, words.receipt),
    hands: [back(w.end, act.dismiss, "main")],
  };
}

// carrying is the exchange with a courier's phone where the locker is cut off: what the phone brings is read part by part, then what it takes
// away stands here in pictures that change twice a second.
function carrying(s, w, act) {
  const { step, have, of, taken, more, reason } = s.carried, words = w.carried;
  const hands = step === "handing" ? [] : [back(w.end, act.carried, "main")];
  if (step === "giving") {
    const image = el("img", { alt: words.giving });
    const tick = () => {
      const part = `/carried/${Math.floor(performance.now() / 500) % of}`;
      if (image.getAttribute("src") !== part) image.setAttribute("src", part);
    };
    return { key: `carrying giving ${of}`, tick, words: [heading(words.giving), say(...fill(words.givingText, { n: taken })), more ? quiet(words.more) : null], field: el("div", { class: "qr" }, image), hands };
  }
  const title = step === "over" && reason && !taken ? words.failed : words[step];
  const text = { reading: fill(words.readingText, { n: have, of }), handing: [words.handingText], over: reason ? [words.reason[reason] ?? words.reason.refused] : fill(words.overText, { n: taken }) }[step];
  return { key: `carrying ${step} ${have} ${of}`, tone: step === "over" ? "done" : undefined, words: [heading(title), say(...text)], hands };
}

function staff(s, w, act, local) {
  const lift = s.lockedDown ? el("section", { class: "card" }, el("h2", {}, ...fill(w.staff.lift, { n: s.lockedDown })), el("p", {}, w.staff.liftText)) : null;
  return {
    key: `staff ${s.lockedDown} ${s.scannerAway} ${isLonely(local)}`,
    words: [heading(w.staff.title), say(w.staff.text), lift, s.scannerAway ? trouble(w.scanner.staff) : null, lonely(w, local, "staff")],
    hands: [choices(big(w.staff, "technician", act.technician), big(w.staff, "override", act.order)), back(w.back, () => act.mode("start"))],
  };
}

// order is the challenge that an override has to answer, as somebody at the locker hands it on: by a photograph, or digit by digit.
function order(s, w, act, local) {
  const line = quiet("");
  const groups = el("p", { class: "groups" }, s.override.text.match(/.{1,4}/g).map((group) => el("span", {}, group)));
  return {
    key: `order ${s.override.text} ${s.scannerAway}`, shows: s.override.qr?.text,
    words: [heading(w.order.title), steps(w.order.steps), line, s.scannerAway ? trouble(w.scanner.staff) : null],
    field: qr(s.override.qr, w.order.title),
    hands: [el("details", { class: "card" }, el("summary", {}, w.order.text), groups), row(back(w.back, () => act.mode("staff")), wide(w.order.again, act.orderAgain))],
    tick() { line.textContent = local.orderUntil > performance.now() ? fill(w.order.left, { time: left(local.orderUntil, w) }).join("") : w.order.over; },
  };
}

function away(s, w) {
  return { key: `away ${s?.support}`, words: [badge("care"), heading(w.away.title), say(w.away.text), help(s, w)] };
}

function outOfOrder(s, w, act) {
  const [title, text] = w.outOfOrder[s.outOfOrder] ?? w.outOfOrder.bus;
  return { key: `out of order ${s.outOfOrder}`, words: [badge("care"), heading(title), say(text)], hands: [foot(s, w, staffDoor(w, act))] };
}
