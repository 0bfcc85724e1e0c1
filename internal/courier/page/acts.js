// acts.js: what merchants hand over. The lists are kept for where there is no signal; what is scanned is kept until the act is accepted;
// and the courier's word, signed at the merchant's, is kept until the carrier has it.
import { el, fill } from "/assets/dom.js";
import { checkBarcode } from "/assets/statement.js";
import * as phone from "./device.js";
import { button, heading, inFours, quiet, tick } from "./screens.js";
import * as store from "./store.js";

// load gives what is kept: the acts as they came last, what was scanned of each by its number, and words that wait.
export async function load() {
  const [list, scanned, words] = await Promise.all(["acts", "scanned", "words"].map(store.get));
  return { list: list?.acts ?? [], scanned: scanned ?? {}, words: words ?? [], open: 0 };
}

// refresh hands on the words that wait, and fetches the list.
export async function refresh(acts, device) {
  acts.words = await send(acts.words, device);
  const list = await phone.acts(device);
  await store.put("acts", list);
  acts.list = list.acts;
}

// send hands words on, and gives those that could not be: what is refused is not said again.
async function send(words, device) {
  const left = [];
  for (const word of words) await phone.accept(device, word).catch((error) => { if (!(error instanceof phone.Refused) || error.code === "hub_silent") left.push(word); });
  await store.put("words", left);
  return left;
}

const parcels = (act) => act.shipments.flat();
const scannedOf = (acts, act) => acts.scanned[act.number] ?? [];
const waits = (acts, act) => acts.words.some((word) => word.act === act.number);
const complete = (acts, act) => act.shipments.filter((s) => s.every((barcode) => scannedOf(acts, act).includes(barcode))).flat();

// find opens the act that a number or a barcode means: the one that is open, another of the list, or one that the carrier knows.
export async function find(acts, device, code) {
  let act = [openAct(acts), ...acts.list].find((a) => a && (String(a.number) === code || parcels(a).includes(code)));
  if (!act) {
    act = await phone.act(device, code);
    acts.list = [act, ...acts.list];
  }
  acts.open = act.number;
  if (checkBarcode(code)) await scan(acts, act, code);
}

async function scan(acts, act, barcode) {
  acts.scanned[act.number] = [...new Set([...scannedOf(acts, act), barcode])];
  await store.put("scanned", acts.scanned);
}

export const openAct = (acts) => acts.list.find((a) => a.number === acts.open);

// accept signs the word about what is complete, and says whether the carrier has it. What the carrier refuses is thrown.
export async function accept(acts, device) {
  const word = await phone.word(device, acts.open, complete(acts, openAct(acts)).sort());
  acts.words = [...acts.words, word];
  await store.put("words", acts.words);
  return deliver(acts, device, word);
}

async function deliver(acts, device, word) {
  try {
    await phone.accept(device, word);
  } catch (error) {
    if (!(error instanceof phone.Refused) || error.code === "hub_silent") return false;
    await settle(acts, word);
    throw error;
  }
  await settle(acts, word);
  return true;
}

// settle forgets a word that was taken or refused, and its act.
async function settle(acts, word) {
  acts.words = acts.words.filter((w) => w !== word);
  acts.list = acts.list.filter((a) => a.number !== word.act);
  delete acts.scanned[word.act];
  await Promise.all([store.put("words", acts.words), store.put("scanned", acts.scanned), store.put("acts", { acts: acts.list })]);
}

const typed = (w, act) => {
  const input = el("input", { type: "text", inputmode: "numeric", maxlength: 14, autocomplete: "off", "aria-label": w.acts.type, placeholder: w.acts.type, class: "digits" });
  const use = (event) => { event.preventDefault(); act.seen(input.value.replace(/\s/g, "")); };
  return el("form", { class: "line", onsubmit: use }, input, el("button", { type: "submit" }, w.camera.use));
};

// acts lists what merchants have ready; a code opens one.
export function acts(app, w, act) {
  const row = (a) => el("li", {}, el("button", { type: "button", class: "stop", onclick: () => act.openAct(a.number) },
    waits(app.acts, a) ? tick(w) : el("span", { class: "place", "aria-hidden": "true" }, String(parcels(a).length)),
    el("span", { class: "what" }, el("b", {}, el("bdi", {}, a.merchant)), el("span", { class: "quiet" }, ...fill(w.acts.line, { n: a.number, city: el("bdi", {}, a.city) })),
      quiet(waits(app.acts, a) ? w.acts.waits : fill(w.acts.parcels, { n: parcels(a).length }).join("")))));
  return [heading(w.acts.title), quiet(app.unable ? w.acts.unable : w.acts.point), typed(w, act),
    app.acts.list.length ? el("ul", { class: "stops" }, app.acts.list.map(row)) : quiet(w.acts.none), button(w.back, () => act.go("home"))];
}

// act is one of them: what is scanned is ticked, what is missing is said.
export function act(app, w, does) {
  const one = openAct(app.acts);
  if (!one) return acts(app, w, does);
  const scanned = scannedOf(app.acts, one), all = parcels(one), whole = complete(app.acts, one);
  const missing = all.filter((b) => !scanned.includes(b)), left = scanned.filter((b) => !whole.includes(b));
  const row = (barcode) => el("li", {}, el("div", { class: "card" }, el("span", { class: "digits" }, inFours(barcode)), scanned.includes(barcode) ? tick(w) : null));
  const said = waits(app.acts, one);
  return [
    heading(el("bdi", {}, one.merchant)), quiet(...fill(w.acts.line, { n: one.number, city: el("bdi", {}, one.city) })),
    el("p", { class: "words", role: "status" }, ...fill(w.acts.scanned, { n: scanned.length, of: all.length })),
    said ? el("p", { class: "card" }, w.acts.waits) : typed(w, does),
    el("ul", { class: "parcels" }, [...all].sort((a, b) => scanned.includes(a) - scanned.includes(b)).map(row)),
    missing.length && scanned.length ? el("p", { class: "care" }, ...fill(w.acts.missing, { n: missing.length })) : null,
    left.length ? el("p", { class: "care" }, ...fill(w.acts.leave, { parcels: left.map(inFours).join(", ") })) : null,
    whole.length && !said ? button(fill(missing.length ? w.acts.acceptPart : w.acts.accept, { n: whole.length }).join(""), does.accept, missing.length ? "tall" : "go tall") : null,
    button(w.back, () => does.go("acts")),
  ];
}
