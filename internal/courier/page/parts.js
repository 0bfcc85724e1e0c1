// parts.js: bytes in several QR codes, as package internal/line cuts them up: the first eight bytes of the cargo's SHA-256, the part's place
// from 0, the last place, and a piece of the cargo. A cargo is a number of eight bytes, big-endian, and what is carried.
import * as base45 from "/assets/base45.js";

const head = 10;
const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 8);
const join = (...all) => new Uint8Array(all.flatMap((bytes) => [...bytes]));

export function pack(number, carried) {
  const first = new DataView(new ArrayBuffer(8));
  first.setBigUint64(0, BigInt(number));
  return join(new Uint8Array(first.buffer), carried);
}

export function unpack(cargo) {
  if (cargo.length < 8) throw new Error("parts: cut off");
  return { number: Number(new DataView(cargo.buffer, cargo.byteOffset).getBigUint64(0)), carried: cargo.slice(8) };
}

// cut gives the texts of the QR codes of a cargo, with so many bytes of it in each.
export async function cut(prefix, cargo, piece) {
  const id = await digest(cargo), count = Math.max(1, Math.ceil(cargo.length / piece));
  if (count > 256) throw new RangeError("parts: too much for one go");
  return Array.from({ length: count }, (_, i) => prefix + base45.encode(join(id, [i, count - 1], cargo.slice(i * piece, (i + 1) * piece))));
}

// gathering puts parts together, in whatever order and however often they come. One of another cargo begins anew.
export function gathering(prefix) {
  let id = "", pieces = [];
  return {
    get have() { return pieces.filter(Boolean).length; },
    get of() { return pieces.length; },
    // add takes a text and gives the cargo once all of it is there. It throws on what is no part.
    async add(text) {
      const part = text.startsWith(prefix) ? base45.decode(text.slice(prefix.length)) : [];
      if (part.length < head || part[8] > part[9]) throw new Error("parts: not a part");
      const its = String(part.slice(0, 8));
      if (its !== id || pieces.length !== part[9] + 1) [id, pieces] = [its, Array(part[9] + 1).fill(null)];
      pieces[part[8]] ??= part.slice(head);
      if (!pieces.every(Boolean)) return null;
      const cargo = join(...pieces);
      if (String(await digest(cargo)) === id) return cargo;
      [id, pieces] = ["", []];
      throw new Error("parts: what came together is something else");
    },
  };
}
