// ticket.js reads the fragment that notifier/internal/codepage/link.go writes; its layout is described there.

// parse returns {codes: ["123456789"], secrets: [Uint8Array(16)], due, offset, russian, place, address} and throws on anything
// that link.go would not have written.
export function parse(fragment) {
  const bytes = fromBase64url(fragment);
  const view = new DataView(bytes.buffer);
  if (bytes.length < 8 || bytes[0] !== 1 || bytes[1] > 1) throw new Error("ticket: not version 1");
  const n = bytes[2], end = 3 + n * 20;
  if (n < 1 || n > 16 || bytes.length < end + 5) throw new Error("ticket: cut off");
  const codes = [], secrets = [];
  for (let at = 3; at < end; at += 20) {
    const code = view.getUint32(at);
    if (code > 999999999) throw new Error("ticket: not a code");
    codes.push(String(code).padStart(9, "0"));
    secrets.push(bytes.slice(at + 4, at + 20));
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(end + 5));
  const [place, address = ""] = text.split("\n");
  return { codes, secrets, due: view.getUint32(end), offset: view.getInt8(end + 4) * 15, russian: (bytes[1] & 1) === 1, place, address };
}

function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Error("ticket: not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

// scanText is what the locker's scanner reads: all secrets in one QR.
export function scanText(secrets, base45) {
  const all = new Uint8Array(secrets.length * 16);
  secrets.forEach((s, i) => all.set(s, i * 16));
  return "LSC:" + base45(all);
}
