// screens.js: what the courier sees. Each screen is a function of the app's state, the words and what can be done.
import { el, fill } from "/assets/dom.js";
import { checkBarcode, want } from "/assets/statement.js";
import { nowMicros } from "./device.js";

const button = (text, onclick, kind = "") => el("button", { type: "button", class: kind, onclick }, text);
const heading = (...text) => el("h1", { tabindex: -1 }, ...text);
const quiet = (...text) => el("p", { class: "quiet" }, ...text);
const clock = (micros, language) => new Date(micros / 1000).toLocaleString(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const inFours = (barcode) => barcode.replace(/(\d{4})(?=\d)/g, "$1 ");

export function enrol(app, w, act) {
  if (!globalThis.isSecureContext) return [el("p", { class: "card" }, w.insecure)];
  if (!app.token) return [heading(w.enrol.none), el("p", {}, w.enrol.noneText)];
  const go = button(app.waiting ? w.enrol.going : w.enrol.go, act.enrol, "main tall");
  go.disabled = app.waiting;
  return [heading(w.enrol.title), el("p", {}, w.enrol.text), app.device ? el("p", { class: "care" }, ...fill(w.enrol.replaces, { courier: app.device.courier })) : null, go,
    app.device ? button(w.enrol.keep, act.keep) : null];
}

export function home(app, w, act) {
  const { device, round, session } = app;
  const ended = device.until < nowMicros();
  return [
    session ? button(fill(w.home.go, { locker: session.locker }).join(""), () => act.go("session"), "go tall") : null,
    button(w.home.point, () => act.camera("locker"), "main tall"),
    el("section", {}, el("div", { class: "title" }, el("h2", {}, w.home.today), button(w.home.refresh, act.refresh, "small")), roundList(round, app, w)),
    el("section", { class: "foot" }, button(w.home.history, () => act.go("history")), el("p", { class: ended ? "care" : "quiet" }, ended ? w.home.ended : fill(w.home.until, { when: clock(device.until, app.language) }).join(""))),
  ];
}

function roundList(round, app, w) {
  if (!round) return quiet(w.home.never);
  const count = (stop, task) => stop.parcels.filter((p) => p.task === task).length;
  const stops = round.lockers.map((stop) => el("li", { class: "card" }, el("b", {}, stop.name || stop.id), el("span", { class: "quiet" }, stop.address),
    el("span", { class: "tasks" }, ["deposit", "withdraw", "look"].filter((t) => count(stop, t)).map((t) => el("span", { class: `tag ${t}` }, fill(w.home[t], { n: count(stop, t) }).join(""))))));
  return el("div", {}, stops.length ? el("ul", { class: "stops" }, stops) : quiet(w.home.none), quiet(...fill(w.home.stale, { when: clock(round.at, app.language) })));
}

// camera reads one text of a purpose: locker, parcel or receipt.
export function camera(app, w, act) {
  const input = el("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": w.camera.paste, placeholder: w.camera.paste });
  const video = el("video", { playsinline: true, muted: true });
  const note = el("p", { class: "quiet", hidden: true });
  act.look(video, (why) => { video.hidden = true; note.hidden = false; note.textContent = w.camera[why]; });
  const use = (event) => { event.preventDefault(); act.seen(input.value.trim()); };
  return [heading(w.camera[app.purpose]), el("div", { class: "viewer" }, video), note, el("form", { class: "line", onsubmit: use }, input, el("button", { type: "submit" }, w.camera.use)), button(w.back, act.back)];
}

export function session(app, w, act) {
  const { session: s, round } = app;
  const parcels = round?.lockers.find((l) => l.id === s.locker)?.parcels ?? [];
  const shown = new Set(s.done.map((d) => d.barcode));
  const input = el("input", { type: "text", inputmode: "numeric", maxlength: 14, autocomplete: "off", "aria-label": w.session.type, placeholder: w.session.type, class: "digits" });
  const put = (event) => {
    event.preventDefault();
    const barcode = input.value.replace(/\s/g, "");
    if (checkBarcode(barcode)) act.answer({ want: want.deposit, barcode }); else act.say(w.session.bad);
  };
  const list = (task, wish, title) => {
    const of = parcels.filter((p) => p.task === task);
    return of.length === 0 ? null : el("section", {}, el("h2", {}, title), el("ul", { class: "parcels" }, of.map((p) => el("li", {}, el("button", { type: "button", onclick: () => act.answer({ want: wish, barcode: p.barcode }) },
      el("span", { class: "digits" }, inFours(p.barcode)), el("span", { class: "tag" }, shown.has(p.barcode) ? `${p.size} · ${w.session.done}` : p.size))))));
  };
  return [
    heading(...fill(w.session.title, { locker: s.locker })), quiet(...fill(w.session.expires, { when: clock((s.begun + 30 * 60_000) * 1000, app.language) })),
    el("form", { class: "line", onsubmit: put }, input, el("button", { type: "submit", class: "main" }, w.session.put)),
    button(w.session.scan, () => act.camera("parcel")),
    list("deposit", want.deposit, w.session.deposit), list("withdraw", want.withdraw, w.session.withdraw), list("look", want.reopen, w.session.look),
    parcels.length ? null : quiet(w.session.empty),
    el("section", { class: "foot" }, s.last ? button(fill(w.session.again, { n: s.last.number }).join(""), () => act.go("show")) : null,
      button(w.session.lookUnknown, () => act.answer({ want: want.reopen })), button(w.session.finish, () => act.answer({ want: want.receipt }), "go"), button(w.session.leave, act.leave)),
  ];
}

// held is where a session stands whose last answer has opened no door: the same parcel again, or a fresh challenge.
export function held(app, w, act) {
  const { waiting, last } = app.session;
  const barcode = inFours(waiting.barcode) || w.held.nameless;
  return [
    heading(w.held.title), el("p", {}, ...fill(last ? w.held.why : w.held.unprovenWhy, { barcode })),
    last ? el("ol", { class: "steps" }, w.held.steps.map((step) => el("li", {}, step))) : null,
    last ? button(w.held.again, () => act.go("show"), "main tall") : null,
    button(w.held.fresh, () => act.camera("locker"), last ? "" : "main tall"),
    button(fill(w.held.once, { barcode }).join(""), () => act.answer({ want: waiting.want, barcode: waiting.barcode, size: waiting.size })),
    [want.deposit, want.larger, want.notEmpty].includes(waiting.want) ? button(w.held.noRoom, act.noRoom) : null,
    last ? button(w.held.opened, act.opened) : null, button(w.back, () => act.go("home")),
  ];
}

// elsewhere is where to take the parcel that found no room here.
export function elsewhere(app, w, act) {
  const { stop, barcode } = app.elsewhere;
  return [
    heading(w.elsewhere.title), el("p", {}, ...fill(w.elsewhere.text, { barcode: inFours(barcode) })),
    el("section", { class: "card" }, el("b", {}, stop.name || stop.id), el("span", { class: "quiet" }, stop.address)),
    app.device.lockers.some((l) => l === "*" || l === stop.id) ? null : el("p", { class: "care" }, w.elsewhere.notYours),
    el("p", {}, w.elsewhere.next), button(w.held.fresh, () => act.camera("locker"), "main tall"), button(w.back, () => act.go("home")),
  ];
}

// sayings names the sentence that goes with a wish, and what may be said next about the same parcel.
const sayings = {
  [want.deposit]: { text: "deposit", next: ["larger", "notEmpty", "cancel"] },
  [want.larger]: { text: "larger", next: ["larger", "notEmpty", "cancel"] },
  [want.notEmpty]: { text: "notEmpty", next: ["larger", "notEmpty", "cancel"] },
  [want.cancel]: { text: "cancel", next: [] },
  [want.withdraw]: { text: "withdraw", next: ["cancel"] },
  [want.reopen]: { text: "reopen", next: ["stays", "takenOut"] },
  [want.takenOut]: { text: "takenOut", next: [] },
  [want.receipt]: { text: "receipt", next: [] },
};

// wishOf is the word for what an answer asks.
export const wishOf = (answer) => sayings[answer.want].text;

// onward is how to go on from an answer: what opens a door is followed by the courier's word whether one opened.
function onward({ last, waiting }, stays, w, act) {
  if (last.want === want.receipt) return [button(w.show.scanReceipt, () => act.camera("receipt"), "main tall")];
  if (stays) return [el("p", {}, w.show.freshFirst), button(w.held.fresh, () => act.camera("locker"), "main tall"), button(w.session.finish, () => act.answer({ want: want.receipt }))];
  if (!waiting) return [button(w.show.next, () => act.go("session"), "main tall")];
  return [button(w.show.opened, act.opened, "main tall"), button(w.show.noDoor, () => act.go("session"))];
}

export function show(app, w, act) {
  const { last, done } = app.session;
  const saying = sayings[last.want];
  const opened = done.findLast((d) => d.want === want.reopen && d.number < last.number);
  const stays = last.want === want.deposit && opened?.barcode === last.barcode && opened.number === last.number - 1;
  const asks = {
    larger: [w.show.tooSmall, want.larger], notEmpty: [w.show.notEmptyAsk, want.notEmpty], cancel: [w.show.cancelAsk, want.cancel],
    stays: [w.show.staysAsk, want.deposit], takenOut: [w.show.takenOutAsk, want.takenOut],
  };
  const next = saying.next.filter((ask) => ask !== "stays" || last.barcode);
  return [
    heading(w.show.title), act.draw(last.text, w.show.missing),
    el("p", { class: "words" }, ...fill(w.show[stays ? "stays" : saying.text], { barcode: inFours(last.barcode) })),
    ...onward(app.session, stays, w, act),
    el("div", { class: "asks" }, stays ? [] : next.map((ask) => button(asks[ask][0], () => act.answer({ want: asks[ask][1], barcode: last.barcode })))),
    quiet(...fill(w.show.number, { n: last.number }), ". ", w.show.notTaken),
  ];
}

export function history(app, w, act) {
  const lines = app.history.map((h) => el("li", { class: "card" }, el("b", {}, ...fill(w.history.line, { locker: h.locker, n: h.position })),
    el("span", { class: "quiet" }, clock(h.at * 1000, app.language)), el("span", { class: "quiet" }, ...fill(w.history.parcels, { n: h.done.length }))));
  return [heading(w.history.title), lines.length ? el("ul", { class: "stops" }, lines) : quiet(w.history.none), button(w.back, () => act.go("home"))];
}
