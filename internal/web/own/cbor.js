// cbor.js: the little of CBOR (RFC 8949) that statements use, always in the deterministic encoding of §4.2.1.
//
// Values: whole numbers (Number, or BigInt beyond 2^53), booleans, strings, Uint8Array, arrays, and Map with numbers or
// strings as keys. decode gives the same and throws on anything else: floats, tags, indefinite lengths, numbers longer than
// need be, keys out of order or twice, trailing bytes, nesting deeper than 6.

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true });
const maxDepth = 6;

export function encode(value) {
  const out = [];
  put(out, value);
  return new Uint8Array(out);
}

function put(out, value) {
  if (typeof value === "boolean") out.push(value ? 0xf5 : 0xf4);
  else if (typeof value === "number" || typeof value === "bigint") putInteger(out, value);
  else if (typeof value === "string") putBytes(out, 3, utf8.encode(value));
  else if (value instanceof Uint8Array) putBytes(out, 2, value);
  else if (Array.isArray(value)) putArray(out, value);
  else if (value instanceof Map) putMap(out, value);
  else throw new TypeError("cbor: cannot encode this value");
}

function putInteger(out, value) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new TypeError("cbor: not a whole number");
  const n = BigInt(value);
  if (n >= 0n) putHead(out, 0, n);
  else putHead(out, 1, -1n - n);
}

function putHead(out, major, argument) {
  const n = BigInt(argument);
  if (n > 0xffffffffffffffffn) throw new RangeError("cbor: number too large");
  const top = major << 5;
  if (n < 24n) return void out.push(top | Number(n));
  const size = n < 0x100n ? 1 : n < 0x10000n ? 2 : n < 0x100000000n ? 4 : 8;
  out.push(top | (24 + Math.log2(size)));
  for (let i = size - 1; i >= 0; i--) out.push(Number((n >> BigInt(8 * i)) & 0xffn));
}

function putBytes(out, major, bytes) {
  putHead(out, major, bytes.length);
  for (const b of bytes) out.push(b);
}

function putArray(out, items) {
  putHead(out, 4, items.length);
  for (const item of items) put(out, item);
}

function putMap(out, map) {
  const pairs = [...map].map(([k, v]) => [encode(k), v]).sort((a, b) => compare(a[0], b[0]));
  putHead(out, 5, pairs.length);
  for (const [key, value] of pairs) {
    for (const b of key) out.push(b);
    put(out, value);
  }
}

export function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

export function decode(bytes) {
  const reader = { bytes, at: 0 };
  const value = take(reader, 0);
  if (reader.at !== bytes.length) throw new Error("cbor: trailing bytes");
  return value;
}

function take(r, depth) {
  if (depth > maxDepth) throw new Error("cbor: nested too deep");
  const { major, argument } = takeHead(r);
  switch (major) {
    case 0: return plain(argument);
    case 1: return plain(-1n - argument);
    case 2: return takeBytes(r, argument);
    case 3: return fromUtf8.decode(takeBytes(r, argument));
    case 4: return takeArray(r, argument, depth);
    case 5: return takeMap(r, argument, depth);
    case 7: if (argument === 20n || argument === 21n) return argument === 21n;
  }
  throw new Error("cbor: a kind of value that statements do not use");
}

function takeHead(r) {
  const first = takeByte(r);
  const major = first >> 5, short = first & 31;
  if (short < 24) return { major, argument: BigInt(short) };
  if (short > 27 || major === 7) throw new Error("cbor: indefinite length, float or reserved");
  const size = 1 << (short - 24);
  let argument = 0n;
  for (let i = 0; i < size; i++) argument = (argument << 8n) | BigInt(takeByte(r));
  const least = size === 1 ? 24n : 1n << BigInt(4 * size);
  if (argument < least) throw new Error("cbor: a number longer than need be");
  return { major, argument };
}

function takeByte(r) {
  if (r.at >= r.bytes.length) throw new Error("cbor: cut off");
  return r.bytes[r.at++];
}

function takeBytes(r, length) {
  if (length > BigInt(r.bytes.length - r.at)) throw new Error("cbor: cut off");
  const out = r.bytes.slice(r.at, r.at + Number(length));
  r.at += out.length;
  return out;
}

function takeArray(r, length, depth) {
  if (length > 1024n) throw new Error("cbor: too many items");
  return Array.from({ length: Number(length) }, () => take(r, depth + 1));
}

function takeMap(r, length, depth) {
  if (length > 1024n) throw new Error("cbor: too many pairs");
  const map = new Map();
  let before = null;
  for (let i = 0n; i < length; i++) {
    const start = r.at;
    const key = take(r, depth + 1);
    const written = r.bytes.slice(start, r.at);
    if (before && compare(before, written) >= 0) throw new Error("cbor: keys out of order or twice");
    before = written;
    map.set(key, take(r, depth + 1));
  }
  return map;
}

function plain(n) {
  return n <= BigInt(Number.MAX_SAFE_INTEGER) && n >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(n) : n;
}
