// search.js: which lockers a visitor means.

// plain is a text as it is compared: words in lower case, ё as е, no punctuation.
export const plain = (text) => String(text ?? "").toLowerCase().replaceAll("ё", "е").replace(/[^\p{L}\p{N}]+/gu, " ").trim();

// cityOf is a city's name without the word for city, which shops put before or behind it.
export const cityOf = (text) => plain(text).replace(/^(г|город|city) /, "").replace(/ (г|город|city)$/, "");

// words is what a locker is found by: every word of it with a space before.
export function words(l) {
  const texts = [l.city, l.street, l.house, l.address, l.metro.join(" "), l.post_code, l.name, l.id, l.id.replaceAll("-", "")];
  return ` ${plain(texts.join(" "))}`;
}

// wanted tells lockers' words that have, for each word of a query, one that begins so.
export function wanted(query) {
  const beginnings = plain(query).split(" ").filter(Boolean).map((word) => ` ${word}`);
  return (text) => beginnings.every((beginning) => text.includes(beginning));
}

// listed tells lockers that a shop takes: numbers and ids name them, cities where they are; no list takes all.
export function listed({ numbers, ids, cities }) {
  const names = new Set([...numbers, ...ids].map((id) => id.toLowerCase().replaceAll("-", "")));
  const places = new Set(cities.map(cityOf));
  return (l) => (!names.size || names.has(l.id.replaceAll("-", ""))) && (!places.size || places.has(cityOf(l.city)));
}

// metres between two places {latitude, longitude}, as the crow flies.
export function metres(a, b) {
  const rad = Math.PI / 180;
  const [north, east] = [(b.latitude - a.latitude) * rad, (b.longitude - a.longitude) * rad];
  const h = Math.sin(north / 2) ** 2 + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.sin(east / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.sqrt(h));
}
