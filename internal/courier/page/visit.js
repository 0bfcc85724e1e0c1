// visit.js: what the courier sees during a session at a locker, each screen as those of screens.js.
import { el, fill } from "/assets/dom.js";
import { checkBarcode, want } from "/assets/statement.js";
import { button, clock, heading, inFours, manifest, named, quiet } from "./screens.js";
import * as sessions from "./session.js";

const wishes = { deposit: want.deposit, withdraw: want.withdraw, look: want.reopen };

export function session(app, w, act) {
  const { session: s, round } = app;
  const at = round?.lockers.find((l) => l.id === s.locker) ?? { id: s.locker, parcels: [] };
  const shown = new Set(s.done.map((d) => d.barcode));
  const input = el("input", { type: "text", inputmode: "numeric", maxlength: 14, autocomplete: "off", "aria-label": w.session.type, placeholder: w.session.type, class: "digits" });
  const put = (event) => {
    event.preventDefault();
    const barcode = input.value.replace(/\s/g, "");
    if (checkBarcode(barcode)) act.answer({ want: want.deposit, barcode }); else act.say(w.session.bad);
  };
  return [
    heading(...fill(w.session.title, { locker: el("bdi", {}, s.locker) })), quiet(...fill(w.session.expires, { when: clock((s.begun + 30 * 60_000) * 1000, app.language) })),
    el("form", { class: "line", onsubmit: put }, input, el("button", { type: "submit", class: "main" }, w.session.put)),
    app.unable ? quiet(w.session.unable) : app.looking ? quiet(w.camera.parcel) : button(w.session.scan, act.scan),
    ...manifest(at, app, w, (task, p) => act.answer({ want: wishes[task], barcode: p.barcode }), (p) => shown.has(p.barcode)),
    at.parcels.length ? null : quiet(w.session.empty),
    app.carry.cargoes[at.id] ? button(w.bring.go, () => act.bring(at.id)) : null,
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
    el("section", { class: "card" }, el("b", {}, named(stop)), el("span", { class: "quiet" }, el("bdi", {}, stop.address))),
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
function onward({ session: { last, waiting }, looking, unable }, stays, w, act) {
  if (last.want === want.receipt) return [looking && !unable ? quiet(w.camera.receipt) : button(w.show.scanReceipt, () => act.camera("receipt"), "main tall")];
  if (stays) return [el("p", {}, w.show.freshFirst), button(w.held.fresh, () => act.camera("locker"), "main tall"), button(w.session.finish, () => act.answer({ want: want.receipt }))];
  if (!waiting) return [button(w.show.next, () => act.go("session"), "main tall")];
  return [button(w.show.opened, act.opened, "main tall"), button(w.show.noDoor, () => act.go("session"))];
}

export function show(app, w, act) {
  const { last } = app.session;
  const saying = sayings[last.want];
  const stays = sessions.stays(app.session);
  const asks = {
    larger: [w.show.tooSmall, want.larger], notEmpty: [w.show.notEmptyAsk, want.notEmpty], cancel: [w.show.cancelAsk, want.cancel],
    stays: [w.show.staysAsk, want.deposit], takenOut: [w.show.takenOutAsk, want.takenOut],
  };
  const next = saying.next.filter((ask) => ask !== "stays" || last.barcode);
  return [
    heading(w.show.title), act.draw(last.text, w.show.missing),
    el("p", { class: "words" }, ...fill(w.show[stays ? "stays" : saying.text], { barcode: inFours(last.barcode) })),
    ...onward(app, stays, w, act),
    el("div", { class: "asks" }, stays ? [] : next.map((ask) => button(asks[ask][0], () => act.answer({ want: asks[ask][1], barcode: last.barcode })))),
    quiet(...fill(w.show.number, { n: last.number }), ". ", w.show.notTaken),
  ];
}
