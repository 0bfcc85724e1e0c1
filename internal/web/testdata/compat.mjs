// compat.mjs: runs our browser modules for the Go test beside it. One JSON request on standard input, one reply on standard
// output; bytes travel as hexadecimal.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto;
const load = (name) => import(pathToFileURL(join(process.argv[2], name)));
const [base45, cbor, statement] = await Promise.all(["base45.js", "cbor.js", "statement.js"].map(load));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
const attempt = (run) => { try { return run(); } catch { return null; } };
const plain = (object) => JSON.parse(JSON.stringify(object, (k, v) => (v instanceof Uint8Array ? hex(v) : typeof v === "bigint" ? String(v) : v)));

const q = JSON.parse(readFileSync(0, "utf8"));
const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const publicPoint = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
const key = { privateKey: pair.privateKey, publicPoint };

const answers = [];
for (const a of q.answers) {
  answers.push(await statement.present({ ...a, nonce: bytes(a.nonce) }, key, a.certificate ? bytes(a.certificate) : null));
}

process.stdout.write(JSON.stringify({
  key: hex(publicPoint),
  answers,
  encoded: q.plain.map((b) => base45.encode(bytes(b))),
  decoded: q.texts.map((t) => { const d = attempt(() => base45.decode(t)); return d && hex(d); }),
  again: q.cbor.map((b) => { const v = attempt(() => ({ v: cbor.decode(bytes(b)) })); return v && hex(cbor.encode(v.v)); }),
  challenge: attempt(() => plain(statement.readChallenge(q.challenge))),
  verified: await Promise.all(q.guards.map((g) => statement.isChallengeOf(q.challenge, bytes(g)))),
  head: attempt(() => plain(statement.readHead(q.head))),
  certificate: attempt(() => plain(statement.readCertificate(bytes(q.certificate)))),
  swapped: attempt(() => plain(statement.readChallenge(q.head.replace("LSR:", "LSQ:")))),
  barcodes: q.barcodes.map(statement.checkBarcode),
}));
