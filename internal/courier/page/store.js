// store.js: what the phone keeps, in IndexedDB: one value under each name.
//
// device: {key: CryptoKeyPair, point: Uint8Array, link: digest of the spent one-time link, courier, carrier, lockers, deposit, withdraw, until, certificate}
// today: the list as it came last · session: the session under way · history: finished sessions, newest first
// done: what was done today (done.js) · acts, scanned, words: merchants' acts (acts.js)
// cargoes, hauls: what is carried to and from lockers that are cut off (carry.js)
const request = (r) => new Promise((done, failed) => { r.onsuccess = () => done(r.result); r.onerror = () => failed(r.error); });

async function table(mode) {
  const opening = indexedDB.open("lockstep-courier", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("kept");
  const db = await request(opening);
  return { db, kept: db.transaction("kept", mode, { durability: "strict" }).objectStore("kept") };
}

export async function get(name) {
  const { db, kept } = await table("readonly");
  try { return await request(kept.get(name)); } finally { db.close(); }
}

// put resolves when the value is on disk.
export async function put(name, value) {
  const { db, kept } = await table("readwrite");
  const written = new Promise((done, failed) => { kept.transaction.oncomplete = done; kept.transaction.onabort = () => failed(kept.transaction.error); });
  if (value === undefined) kept.delete(name); else kept.put(value, name);
  try { await written; } finally { db.close(); }
}
