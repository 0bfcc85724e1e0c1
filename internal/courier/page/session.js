// session.js: one session at one locker. Every answer has the next number, and is kept on disk before it is shown: a phone that
// dies in between shows the same answer again, and never another one under that number.
//
// An answer that opened no door may have been kept back by the screen, for the moment when the courier holds another parcel. So
// another parcel is signed only when a door has opened for the one before, or over a newer challenge that the guard itself has
// signed: with that one, all answers of before are dead (doors.md R5).
import * as statement from "/assets/statement.js";
import * as store from "./store.js";

const sessionFor = 30 * 60_000; // ms; doors.md R5

const { deposit, larger, notEmpty, withdraw, reopen, receipt, takenOut } = statement.want;
const opensDoor = [deposit, larger, notEmpty, withdraw, reopen];

// Waits is the refusal to sign about another parcel.
export class Waits extends Error {}

// load gives the session that was under way, unless it has ended by itself.
export async function load() {
  const s = await store.get("session");
  return s && Date.now() - s.begun < sessionFor ? s : null;
}

// begin reads the locker's challenge; guardOf gives a locker's guard key, where it is known. The same challenge again is the same
// session. What the phone waits for, it goes on waiting for unless the challenge is surely newer.
export async function begin(text, guardOf) {
  const challenge = statement.readChallenge(text);
  const before = await load();
  if (before && same(before.nonce, challenge.nonce)) return before;
  const here = before?.locker === challenge.locker ? before : null;
  const fresh = !here?.waiting || (newer(challenge, here.waiting) && (await statement.isChallengeOf(text, guardOf(challenge.locker))));
  const { locker, nonce, boot, counter } = challenge;
  return keep({ locker, nonce, boot, counter, begun: Date.now(), number: 0, done: [], last: null, waiting: fresh ? null : here.waiting });
}

async function keep(session) {
  await store.put("session", session);
  return session;
}

const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
const newer = (a, b) => a.boot > b.boot || (a.boot === b.boot && a.counter > b.counter);

// latest is the place of the newer challenge of two: what was signed over either is dead only when a newer one than both comes.
const latest = (a, b) => (b && newer(b, a) ? { boot: b.boot, counter: b.counter } : { boot: a.boot, counter: a.counter });

// opened takes the courier's word that a door opened for the last answer.
export const opened = (session) => keep({ ...session, waiting: null });

// answer signs the next wish and gives the session whose last.text is to be shown.
export async function answer(session, device, { want, barcode = "", size = 0 }) {
  if (session.waiting && session.waiting.barcode !== barcode && want !== receipt) throw new Waits();
  const number = session.number + 1;
  const key = { privateKey: device.key.privateKey, publicPoint: device.point };
  const text = await statement.present({ locker: session.locker, nonce: session.nonce, number, want, barcode, size }, key, number === 1 ? device.certificate : null);
  const last = { text, number, want, barcode, size, at: Date.now() };
  const waiting = opensDoor.includes(want) ? { ...last, ...latest(session, session.waiting) } : want === takenOut ? null : session.waiting;
  return keep({ ...session, number, last, waiting, done: [...session.done, { number, want, barcode, at: last.at }] });
}

// stays says whether the last answer is the word that what was found at the last look stays inside.
export function stays({ last, done }) {
  const opened = done.findLast((d) => d.want === reopen && d.number < last.number);
  return last.want === deposit && opened?.barcode === last.barcode && opened.number === last.number - 1;
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
