// statement.js: the statements a courier's phone reads and writes, and the texts in which they travel as QR codes. Field
// numbers are those of package guard/statement.
import * as base45 from "./base45.js";
import * as cbor from "./cbor.js";
import * as cose from "./cose.js";

export const want = { deposit: 1, larger: 2, notEmpty: 3, cancel: 4, withdraw: 5, reopen: 6, takenOut: 7, receipt: 8 };

const maxText = 4296; // the most a QR code holds in alphanumeric mode

function unwrap(prefix, text) {
  if (!text.startsWith(prefix) || text.length > maxText) throw new Error(`not a ${prefix} text`);
  return base45.decode(text.slice(prefix.length));
}

// readChallenge reads an LSQ text: {locker, boot, counter, nonce}.
export function readChallenge(text) {
  const m = cose.open("lockstep/challenge", unwrap("LSQ:", text));
  const nonce = m.get(4);
  if (typeof m.get(1) !== "string" || !(nonce instanceof Uint8Array) || nonce.length !== 16 || m.get(5) !== 1) {
    throw new Error("not a challenge for couriers");
  }
  return { locker: m.get(1), boot: m.get(2), counter: m.get(3), nonce };
}

// isChallengeOf says whether an LSQ text is signed with a guard's key. Without that key, or in a browser that cannot verify with
// it, nobody knows: that is no.
export async function isChallengeOf(text, guardKey) {
  if (!guardKey) return false;
  return cose.verify(unwrap("LSQ:", text), guardKey).catch(() => false);
}

// readHead reads an LSR text: {locker, position, hash, low} with low in µs UTC.
export function readHead(text) {
  const m = cose.open("lockstep/head", unwrap("LSR:", text));
  if (typeof m.get(1) !== "string" || !(m.get(4) instanceof Uint8Array)) throw new Error("not a head");
  return { locker: m.get(1), boot: m.get(2), position: m.get(3), hash: m.get(4), low: m.get(6) };
}

// readCertificate reads what a courier certificate says: {carrier, id, lockers, from, until} with times in µs UTC.
export function readCertificate(envelope) {
  const m = cose.open("lockstep/courier", envelope);
  return { carrier: m.get(1), id: m.get(2), lockers: m.get(4), from: m.get(7), until: m.get(8) };
}

// encodeAnswer is the canonical CBOR of an Answer {locker, nonce, number, want, barcode?, size?}.
export function encodeAnswer(a) {
  const m = new Map([[1, a.locker], [2, a.nonce], [3, a.number], [4, a.want]]);
  if (a.barcode) m.set(5, a.barcode);
  if (a.size) m.set(6, a.size);
  return cbor.encode(m);
}

// present signs an answer and gives the LSA text to show to the locker's scanner. The certificate goes with the first answer
// of a session.
export async function present(answer, key, certificate) {
  const envelope = await cose.sign("lockstep/answer", encodeAnswer(answer), key.privateKey, key.publicPoint);
  const m = new Map([[1, envelope]]);
  if (certificate) m.set(2, certificate);
  return "LSA:" + base45.encode(cbor.encode(m));
}

// checkBarcode says whether s is one of our barcodes: 12 digits, the last the GS1 mod 10 check digit.
export function checkBarcode(s) {
  if (!/^\d{12}$/.test(s)) return false;
  let sum = 0;
  for (let i = 0; i < 11; i++) sum += Number(s[i]) * (i % 2 === 0 ? 3 : 1);
  return (10 - (sum % 10)) % 10 === Number(s[11]);
}
