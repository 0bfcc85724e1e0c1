// device.js: the courier's key, made in this phone and never leaving it, and what the phone asks of its carrier with it.
import { ES256 } from "/assets/cose.js";
import * as store from "./store.js";

const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };
const day = 24 * 3600 * 1e6; // µs
const utf8 = new TextEncoder();

const toBase64 = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
export const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export const algorithm = ES256;
export const nowMicros = () => Date.now() * 1000;

// Refused is the carrier saying no, with its stable word; anything else that fails is a missing signal.
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? "");
    this.code = problem.code ?? "internal";
  }
}

async function call(method, path, headers, body) {
  const answer = await fetch(path, { method, headers, body, cache: "no-store" });
  if (answer.ok) return answer.json();
  throw new Refused(await answer.json().catch(() => ({})));
}

const post = (path, body) => call("POST", path, { "Content-Type": "application/json" }, JSON.stringify(body));

async function prove(privateKey, text) {
  return new Uint8Array(await crypto.subtle.sign(signing, privateKey, utf8.encode(text)));
}

// enrol makes a key, proves that this phone holds it and keeps both with the certificate. A reply that is lost costs the
// one-time link: the carrier gives another.
export async function enrol(token) {
  const key = await crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", key.publicKey));
  const proof = await prove(key.privateKey, `lockstep courier enrolment${token}`);
  const enrolled = await post("/courier/v1/enrol", { token, key: toBase64(point), proof: toBase64(proof) });
  return keep({ key, point, link: await digest(token) }, enrolled);
}

async function digest(text) {
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));
}

// enrolledBy says whether this is the link, spent now, that enrolled the device.
export const enrolledBy = async (device, token) => device?.link === (await digest(token));

async function keep(held, enrolled) {
  const device = { ...held, ...enrolled, certificate: fromBase64(enrolled.certificate) };
  await store.put("device", device);
  return device;
}

// renew asks for the next certificate in the last week of this one; without a signal the old one goes on.
export async function renew(device) {
  if (device.until - nowMicros() > 7 * day) return device;
  const at = nowMicros();
  const proof = await prove(device.key.privateKey, `lockstep courier renewal ${device.courier} ${at}`);
  const enrolled = await post("/courier/v1/renew", { courier: device.courier, at, proof: toBase64(proof) });
  return keep({ key: device.key, point: device.point, link: device.link }, enrolled);
}

// ask asks the carrier as its enrolled phone. What a body says has its own signature.
async function ask(device, method, path, body) {
  const at = nowMicros();
  const proof = await prove(device.key.privateKey, `lockstep courier request ${method} ${path} ${at}`);
  const headers = { "Lockstep-Courier": device.courier, "Lockstep-At": String(at), "Lockstep-Proof": toBase64(proof), ...(body && { "Content-Type": "application/json" }) };
  return call(method, path, headers, body && JSON.stringify(body));
}

// today fetches the round and keeps it for when there is no signal.
export async function today(device) {
  const round = await ask(device, "GET", "/courier/v1/today");
  await store.put("today", round);
  return round;
}

// noRoom says that a locker has no room for a parcel, and gives the stop to take it to.
export const noRoom = (device, locker, barcode) => ask(device, "POST", `/courier/v1/lockers/${locker}/parcels/${barcode}/no-room`);

// acts are what merchants have ready for the carrier; act is one by its number or a barcode in it.
export const acts = (device) => ask(device, "GET", "/courier/v1/acts");
export const act = (device, code) => ask(device, "GET", `/courier/v1/acts/${code}`);

// word signs that these parcels of an act, in their order, are the carrier's now; accept hands it on.
export async function word(device, number, barcodes) {
  const at = nowMicros();
  const proof = await prove(device.key.privateKey, `lockstep courier accepts act ${number} at ${at}: ${barcodes.join(" ")}`);
  return { act: number, at, barcodes, proof: toBase64(proof), certificate: toBase64(device.certificate) };
}

export const accept = (device, said) => ask(device, "POST", `/courier/v1/acts/${said.act}`, said);

// cargo is what waits for a locker that is cut off; haul hands on what was brought from it.
export const cargo = (device, locker) => ask(device, "GET", `/courier/v1/lockers/${locker}/down`);
export const haul = (device, locker, stretch) => ask(device, "POST", `/courier/v1/lockers/${locker}/up`, { stretch: toBase64(stretch) });
