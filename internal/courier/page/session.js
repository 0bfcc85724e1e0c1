// session.js: one session at one locker. Every answer has the next number, and is kept on disk before it is shown: a phone that
// dies in between shows the same answer again, and never another one under that number.
import * as statement from "/assets/statement.js";
import * as store from "./store.js";

const sessionFor = 30 * 60_000; // ms; doors.md R5

// load gives the session that was under way, unless it has ended by itself.
export async function load() {
  const s = await store.get("session");
  return s && Date.now() - s.begun < sessionFor ? s : null;
}

// begin reads the locker's challenge. The same challenge again is the same session.
export async function begin(text) {
  const challenge = statement.readChallenge(text);
  const before = await load();
  if (before && same(before.nonce, challenge.nonce)) return before;
  const session = { locker: challenge.locker, nonce: challenge.nonce, begun: Date.now(), number: 0, done: [], last: null };
  await store.put("session", session);
  return session;
}

const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

// answer signs the next wish and gives the session whose last.text is to be shown.
export async function answer(session, device, { want, barcode = "", size = 0 }) {
  const number = session.number + 1;
  const key = { privateKey: device.key.privateKey, publicPoint: device.point };
  const text = await statement.present({ locker: session.locker, nonce: session.nonce, number, want, barcode, size }, key, number === 1 ? device.certificate : null);
  const last = { text, number, want, barcode, size, at: Date.now() };
  const next = { ...session, number, last, done: [...session.done, { number, want, barcode, at: last.at }] };
  await store.put("session", next);
  return next;
}

// finish keeps the locker's receipt with the session it covers. The phone cannot check who signed it; whoever is shown it can.
export async function finish(session, text) {
  const head = statement.readHead(text);
  const entry = { locker: head.locker, position: head.position, text, at: Date.now(), done: session?.locker === head.locker ? session.done : [] };
  const history = (await store.get("history")) ?? [];
  if (!history.some((h) => h.text === text)) await store.put("history", [entry, ...history].slice(0, 100));
  await store.put("session", undefined);
  return entry;
}

export const leave = () => store.put("session", undefined);
