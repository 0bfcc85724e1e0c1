// ticket.js reads the fragment that notifier/internal/codepage/link.go writes; its layout is described there.

// parse returns {codes: ["123456789"], secrets: [Uint8Array(16)], barcodes: ["100000000014"], due, offset, language, more, place,
// address} and throws on anything that link.go would not have written. barcodes is empty in version 1, which once held several codes too.
export function parse(fragment) {
  const bytes = fromBase64url(fragment);
  const view = new DataView(bytes.buffer);
  if (bytes.length < 8 || bytes[0] < 1 || bytes[0] > 2 || bytes[1] > 7) throw new Error("ticket: not version 1 or 2");
  const size = bytes[0] === 1 ? 20 : 25;
  const n = bytes[2], end = 3 + n * size;
  if (n < 1 || n > 16 || bytes.length < end + 5) throw new Error("ticket: cut off");
  const codes = [], secrets = [], barcodes = [];
  for (let at = 3; at < end; at += size) {
    codes.push(digits(view.getUint32(at), 9));
    secrets.push(bytes.slice(at + 4, at + 20));
    if (size === 25) barcodes.push(digits(bytes[at + 20] * 2 ** 32 + view.getUint32(at + 21), 12));
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(end + 5));
  const [place, address = ""] = text.split("\n");
  return { codes, secrets, barcodes, due: view.getUint32(end), offset: view.getInt8(end + 4) * 15, language: { 1: "ru", 4: "en" }[bytes[1] & 5] ?? "", more: (bytes[1] & 2) === 2, place, address };
}

function digits(number, length) {
  const text = String(number).padStart(length, "0");
  if (text.length > length) throw new Error("ticket: not a code");
  return text;
}

function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Error("ticket: not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

// only is the fragment of one code of a fragment that parse has read: the same page about one parcel, for whoever is to fetch that one.
export function only(fragment, i) {
  const bytes = fromBase64url(fragment);
  const size = bytes[0] === 1 ? 20 : 25, end = 3 + bytes[2] * size, at = 3 + i * size;
  const one = [1, bytes[1] & 5, 1, ...bytes.slice(at, at + 20), ...bytes.slice(end)];
  return btoa(String.fromCharCode(...one)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// wish is what whoever has a code shows to know or to ask something about its parcel: a digest, since the secret goes to no server.
export async function wish(secret) {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([...new TextEncoder().encode("lockstep wish\n"), ...secret]));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

// scanText is what the locker's scanner reads: all secrets in one QR.
export function scanText(secrets, base45) {
  const all = new Uint8Array(secrets.length * 16);
  secrets.forEach((s, i) => all.set(s, i * 16));
  return "LSC:" + base45(all);
}
