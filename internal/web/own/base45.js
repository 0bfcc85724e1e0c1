// base45.js: RFC 9285, for bytes in a QR code's alphanumeric mode.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function encode(bytes) {
  let out = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    let n = pair ? bytes[i] * 256 + bytes[i + 1] : bytes[i];
    for (let k = pair ? 3 : 2; k > 0; k--, n = Math.floor(n / 45)) out += alphabet[n % 45];
  }
  return out;
}

// decode throws on anything that encode would not have written.
export function decode(text) {
  if (text.length % 3 === 1) throw new Error("base45: a text of this length is cut off");
  const out = [];
  for (let i = 0; i < text.length; i += 3) {
    const group = [...text.slice(i, i + 3)].map((c) => alphabet.indexOf(c));
    if (group.includes(-1)) throw new Error("base45: a character that does not belong");
    const n = group[0] + group[1] * 45 + (group[2] ?? 0) * 2025;
    if (n > (group.length === 3 ? 0xffff : 0xff)) throw new Error("base45: a group is too large");
    if (group.length === 3) out.push(n >> 8);
    out.push(n & 0xff);
  }
  return new Uint8Array(out);
}
