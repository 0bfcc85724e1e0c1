// done.js: what this phone has done today, for ticks on the list. Only the courier's own word is in it: what the locker says of it the
// hub knows later, and then it goes from the list by itself.
import * as store from "./store.js";

const day = () => new Date().toDateString();
const nothing = () => ({ day: day(), stops: {}, parcels: {} });
const name = (locker, barcode) => `${locker} ${barcode}`;

// load gives what was done today: stops by id, and the parcels of them.
export async function load() {
  const kept = await store.get("done");
  return kept?.day === day() ? kept : nothing();
}

// mark notes that something was done about a parcel at a stop of the list; unmark that it was not after all.
export async function mark(stop, barcode) {
  const done = await load();
  const { id, name: called, address } = stop;
  done.stops[id] = { id, name: called, address, parcels: [] };
  done.parcels[name(id, barcode)] = true;
  await store.put("done", done);
  return done;
}

export async function unmark(locker, barcode) {
  const done = await load();
  delete done.parcels[name(locker, barcode)];
  await store.put("done", done);
  return done;
}

export const isDone = (done, locker, barcode) => Boolean(done.parcels[name(locker, barcode)]);

// all says whether there is nothing left to do at a stop.
export const all = (done, stop) => stop.parcels.every((p) => isDone(done, stop.id, p.barcode));

// gone are the stops at which something was done and that the list has no more.
export const gone = (done, stops) => Object.values(done.stops).filter((s) => !stops.some((stop) => stop.id === s.id));
