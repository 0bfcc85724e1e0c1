// cose.js: COSE_Sign1 (RFC 9052) in the profile of package guard/statement: untagged, the protected header is exactly alg, kid
// and typ, the unprotected header is empty, ES256 with the signature as r‖s (which is also WebCrypto's form).
import * as cbor from "./cbor.js";

const alg = 1, kid = 4, typ = 16;
export const ES256 = -7;
export const EdDSA = -8;
const maxSize = 8 << 10;

// keyId names a public key: the first 16 bytes of SHA-256 over its canonical CBOR {1: alg, 2: public}.
export async function keyId(algorithm, publicBytes) {
  const digest = await crypto.subtle.digest("SHA-256", cbor.encode(new Map([[1, algorithm], [2, publicBytes]])));
  return new Uint8Array(digest).slice(0, 16);
}

// sign makes an envelope of type over a payload (bytes) with a P-256 key pair whose public half is the uncompressed point.
export async function sign(type, payload, privateKey, publicPoint) {
  const header = cbor.encode(new Map([[alg, ES256], [kid, await keyId(ES256, publicPoint)], [typ, type]]));
  const toSign = cbor.encode(["Signature1", header, new Uint8Array(), payload]);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, toSign);
  return cbor.encode([header, new Map(), payload, new Uint8Array(signature)]);
}

// verify says whether an envelope is signed with a key {1: alg, 2: public} of CBOR, EdDSA or ES256. It throws where the browser
// cannot tell (EdDSA is young in browsers).
export async function verify(envelope, encodedKey) {
  const key = cbor.decode(encodedKey), algorithm = key.get(1), publicBytes = key.get(2);
  const [header, , payload, signature] = cbor.decode(envelope);
  const named = cbor.decode(header);
  if (named.get(alg) !== algorithm || cbor.compare(named.get(kid), await keyId(algorithm, publicBytes)) !== 0) return false;
  const [form, use] = algorithm === EdDSA ? ["Ed25519", "Ed25519"] : [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }];
  const imported = await crypto.subtle.importKey("raw", publicBytes, form, false, ["verify"]);
  return crypto.subtle.verify(use, imported, signature, cbor.encode(["Signature1", header, new Uint8Array(), payload]));
}

// open reads what an envelope of that type says. It does not check the signature: a page that shows what it reads believes
// nothing of it, and says so.
export function open(type, envelope) {
  if (envelope.length > maxSize) throw new Error("cose: too large");
  const message = cbor.decode(envelope);
  if (!Array.isArray(message) || message.length !== 4) throw new Error("cose: not a COSE_Sign1");
  const [header, unprotected, payload, signature] = message;
  const bytes = [header, payload, signature].every((part) => part instanceof Uint8Array);
  if (!bytes || !(unprotected instanceof Map) || unprotected.size !== 0) throw new Error("cose: not a COSE_Sign1 of ours");
  const protectedHeader = cbor.decode(header);
  if (!(protectedHeader instanceof Map) || protectedHeader.size !== 3 || protectedHeader.get(typ) !== type) {
    throw new Error(`cose: this is not a ${type}`);
  }
  return cbor.decode(payload);
}
