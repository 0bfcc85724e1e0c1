// carry.js: carries what goes between the network and lockers that are cut off. To the phone it is bytes: locker and hub check them.
import { el, fill } from "/assets/dom.js";
import * as phone from "./device.js";
import { cut, gathering, pack, unpack } from "./parts.js";
import { button, heading, quiet } from "./screens.js";
import * as store from "./store.js";

const pieceDown = 500; // bytes in one picture: a locker's scanner reads it off a phone
const each = 1000; // ms that one picture stands
const mostLockers = 20;
const mostHauls = 40;

// load gives what is kept: cargoes for lockers by their numbers, and what was brought from lockers and waits for a signal.
export async function load() {
  const [cargoes, hauls] = await Promise.all([store.get("cargoes"), store.get("hauls")]);
  return { cargoes: cargoes ?? {}, hauls: hauls ?? [], now: null };
}

// refresh hands on what was brought, and fetches what waits for the lockers of the list that are cut off.
export async function refresh(carry, device, stops) {
  await send(carry, device);
  for (const stop of stops.slice(0, mostLockers)) {
    const cargo = await phone.cargo(device, stop.id).catch((error) => { if (!(error instanceof phone.Refused)) throw error; });
    if (cargo) carry.cargoes[stop.id] = { after: Math.max(cargo.after, last(carry, stop.id)), load: phone.fromBase64(cargo.load) };
  }
  for (const id of Object.keys(carry.cargoes)) if (!stops.some((s) => s.id === id)) delete carry.cargoes[id];
  await store.put("cargoes", carry.cargoes);
}

// last is the last record of a locker that is on the phone, on its way to the network.
const last = (carry, locker) => Math.max(0, ...carry.hauls.filter((h) => h.locker === locker).map((h) => h.last));

// send hands hauls on in their order; what is refused for good is dropped.
async function send(carry, device) {
  for (const haul of [...carry.hauls]) {
    try {
      await phone.haul(device, haul.locker, haul.stretch);
    } catch (error) {
      if (!(error instanceof phone.Refused) || ["hub_silent", "not_yet", "internal"].includes(error.code)) continue;
    }
    carry.hauls = carry.hauls.filter((h) => h !== haul);
  }
  await store.put("hauls", carry.hauls);
}

// begin opens the exchange with a locker.
export async function begin(carry, locker) {
  const { after, load: bytes } = carry.cargoes[locker];
  carry.now = { locker, parts: await cut("LSD:", pack(after, bytes), pieceDown), gathering: gathering("LSU:") };
}

// take takes a part that the screen shows, and says whether that was the last one. The rest begins after what the phone has now.
export async function take(carry, text) {
  const { locker, gathering: parts } = carry.now;
  const cargo = await parts.add(text);
  if (!cargo) return false;
  const { number, carried } = unpack(cargo);
  if (number <= last(carry, locker)) return true;
  carry.hauls = [...carry.hauls, { locker, last: number, stretch: carried }].slice(-mostHauls);
  if (carry.cargoes[locker]) carry.cargoes[locker] = { ...carry.cargoes[locker], after: number };
  await Promise.all([store.put("hauls", carry.hauls), store.put("cargoes", carry.cargoes)]);
  return true;
}

// bring shows the scanner what the phone has, one part after another, while the camera waits for the screen.
export function bring(app, w, act) {
  const { parts, gathering: taken } = app.carry.now;
  const picture = el("div", {}), part = quiet(), takes = el("p", { class: "words", role: "status" });
  let at = -1, begun = 0;
  act.every(() => {
    takes.textContent = taken.have ? fill(w.bring.takes, { n: taken.have, of: taken.of }).join("") : "";
    if (performance.now() - begun < each) return;
    [at, begun] = [(at + 1) % parts.length, performance.now()];
    if (parts.length > 1 || !picture.firstChild) picture.replaceChildren(act.draw(parts[at], w.show.missing));
    part.textContent = fill(w.bring.part, { n: at + 1, of: parts.length }).join("");
  });
  return [heading(w.bring.title), picture, part, takes, el("p", {}, w.bring.text), app.unable ? el("p", { class: "care" }, w.bring.blind) : null, button(w.bring.stop, () => act.go("stop"))];
}
