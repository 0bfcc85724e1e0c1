// screens.js: what the courier sees away from a session. Each screen is a function of the app's state, the words and what can be done.
import { el, fill } from "/assets/dom.js";
import { locale } from "/assets/language.js";
import * as done from "./done.js";
import { nowMicros } from "./device.js";
import { kilometres, mapLink, placed } from "./route.js";
import { languages } from "./words.js";

export const button = (content, onclick, kind = "") => el("button", { type: "button", class: kind, onclick }, content);
export const heading = (...text) => el("h1", { tabindex: -1 }, ...text);
export const quiet = (...text) => el("p", { class: "quiet" }, ...text);
export const clock = (micros, language) => new Date(micros / 1000).toLocaleString(locale(languages, language), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const inFours = (barcode) => barcode.replace(/(\d{4})(?=\d)/g, "$1 ");

// named is a name that somebody else has given, which may be written in any direction.
export const named = (stop) => el("bdi", {}, stop.name || stop.id);
export const tick = (w) => el("span", { class: "tick" }, el("span", { "aria-hidden": "true" }, "✓"), el("span", { class: "out-of-sight" }, w.home.done));

export function enrol(app, w, act) {
  if (!globalThis.isSecureContext) return [el("p", { class: "card" }, w.insecure)];
  if (!app.token) return [heading(w.enrol.none), el("p", {}, w.enrol.noneText)];
  const go = button(app.waiting ? w.enrol.going : w.enrol.go, act.enrol, "main tall");
  go.disabled = app.waiting;
  return [heading(w.enrol.title), el("p", {}, w.enrol.text), app.device ? el("p", { class: "care" }, ...fill(w.enrol.replaces, { courier: app.device.courier })) : null, go,
    app.device ? button(w.enrol.keep, act.keep) : null];
}

export function home(app, w, act) {
  const { device, session } = app;
  const ended = device.until < nowMicros();
  return [
    session ? button(el("span", {}, ...fill(w.home.go, { locker: el("bdi", {}, session.locker) })), () => act.go("session"), "go tall") : null,
    button(w.home.point, () => act.camera("locker"), "main tall"),
    el("section", {}, el("div", { class: "title" }, el("h2", {}, w.home.today), button(w.home.refresh, act.refresh, "small")), ...roundList(app, w, act)),
    app.carry.hauls.length ? quiet(...fill(w.bring.waits, { n: app.carry.hauls.length })) : null,
    el("section", { class: "foot" }, button(w.home.acts, () => act.acts()), button(w.home.history, () => act.go("history")), el("p", { class: ended ? "care" : "quiet" }, ended ? w.home.ended : fill(w.home.until, { when: clock(device.until, app.language) }).join(""))),
  ];
}

// roundList is today's lockers in the order to go round them.
function roundList(app, w, act) {
  if (!app.round) return [quiet(w.home.never)];
  const stops = act.stops();
  const line = (stop, i) => el("li", {}, el("button", { type: "button", class: "stop", onclick: () => act.open(stop.id) },
    done.all(app.done, stop) ? tick(w) : el("span", { class: "place", "aria-hidden": "true" }, String(i + 1)),
    el("span", { class: "what" }, el("b", {}, named(stop)), el("span", { class: "quiet" }, el("bdi", {}, stop.address)), tags(stop, app, w), farness(stops[i - 1] ?? app.from, stop, app, w))));
  return [
    stops.length ? el("ol", { class: "stops" }, stops.map(line)) : quiet(w.home.none),
    stops.filter(placed).length > 2 && navigator.geolocation ? button(w.home.fromHere, act.fromHere) : null,
    quiet(...fill(w.home.stale, { when: clock(app.round.at, app.language) })),
  ];
}

// tags are how much is left to do at a stop, what is overdue first, and that it is cut off.
function tags(stop, app, w) {
  const left = (task) => stop.parcels.filter((p) => p.task === task && !done.isDone(app.done, stop.id, p.barcode)).length;
  return el("span", { class: "tasks" }, ["withdraw", "look", "deposit"].filter(left).map((t) => el("span", { class: `tag ${t}` }, fill(w.home[t], { n: left(t) }).join(""))),
    cutOff(stop) ? el("span", { class: "tag" }, w.home.cutOff) : null);
}

export const cutOff = (stop) => stop.line === "offline" || stop.line === "never";

// farness is how far it is from the place before.
function farness(from, stop, app, w) {
  if (!from || !placed(from) || !placed(stop)) return null;
  const far = kilometres(from, stop), format = (n, digits) => n.toLocaleString(locale(languages, app.language), { maximumFractionDigits: digits });
  return el("span", { class: "quiet" }, ...(far < 1 ? fill(w.home.metres, { n: format(Math.ceil(far * 100) * 10, 0) }) : fill(w.home.kilometres, { n: format(far, 1) })));
}

// stop is the page of one locker: how to come there and its manifest.
export function stop(app, w, act) {
  const at = act.stops().find((s) => s.id === app.stop);
  if (!at) return home(app, w, act);
  const map = mapLink(at, /iPhone|iPad|Macintosh/.test(navigator.userAgent));
  return [
    heading(named(at)),
    el("section", { class: "card" }, el("bdi", {}, at.address), at.way ? quiet(el("bdi", {}, at.way)) : null, hours(at, w), cutOff(at) ? el("p", { class: "care" }, w.stop.cutOff) : null, app.carry.cargoes[at.id] ? button(w.bring.go, () => act.bring(at.id)) : null,
      map ? el("a", { class: "button", href: map }, w.stop.map) : null),
    ...manifest(at, app, w), at.parcels.length ? null : quiet(w.stop.none),
    button(w.home.point, () => act.camera("locker"), "main tall"), button(w.back, () => act.go("home")),
  ];
}

// hours are those of today.
function hours(at, w) {
  const today = at.hours?.[(new Date().getDay() + 6) % 7];
  if (!today) return null;
  if (today === "NODAY") return el("p", { class: "care" }, w.stop.closed);
  if (today === "00:00-23:59") return quiet(w.stop.always);
  const [open, pause] = today.replaceAll("-", "\u2060–\u2060").split("/");
  return quiet(...fill(w.stop.open, { hours: open }), pause ? fill(w.stop.pause, { hours: pause }).join("") : "");
}

// manifest is what there is to do at a stop, what is overdue first and what is done ticked; tap, where there is one, is what a parcel
// offers by itself.
export function manifest(at, app, w, tap = null, shown = () => false) {
  const size = (p) => [p.size, p.low ? w.stop.low : "", shown(p) && !done.isDone(app.done, at.id, p.barcode) ? w.session.done : ""].filter(Boolean).join(" · ");
  const row = (p) => [el("span", { class: "digits" }, inFours(p.barcode)), el("span", { class: "tag" }, size(p)), done.isDone(app.done, at.id, p.barcode) ? tick(w) : null];
  const list = (task) => {
    const of = at.parcels.filter((p) => p.task === task);
    return of.length ? el("section", {}, el("h2", {}, w.session[task]), el("ul", { class: "parcels" }, of.map((p) => el("li", {},
      tap ? el("button", { type: "button", onclick: () => tap(task, p) }, ...row(p)) : el("div", { class: "card" }, ...row(p)))))) : null;
  };
  return [list("withdraw"), list("look"), list("deposit")];
}

// camera reads one text of a purpose: locker or receipt.
export function camera(app, w, act) {
  const input = el("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": w.camera.paste, placeholder: w.camera.paste });
  const use = (event) => { event.preventDefault(); act.seen(input.value.trim()); };
  return [heading(w.camera[app.purpose]), app.unable ? quiet(w.camera[app.unable]) : null,
    el("form", { class: "line", onsubmit: use }, input, el("button", { type: "submit" }, w.camera.use)), button(w.back, act.back)];
}

export function history(app, w, act) {
  const lines = app.history.map((h) => el("li", { class: "card" }, el("b", {}, ...fill(w.history.line, { locker: el("bdi", {}, h.locker), n: h.position })),
    el("span", { class: "quiet" }, clock(h.at * 1000, app.language)), el("span", { class: "quiet" }, ...fill(w.history.parcels, { n: h.done.length }))));
  return [heading(w.history.title), lines.length ? el("ul", { class: "stops" }, lines) : quiet(w.history.none), button(w.back, () => act.go("home"))];
}
