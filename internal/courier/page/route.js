// route.js: the order in which to go round lockers: to the nearest next, and then with its crossings taken out (2-opt). Distances are as
// the crow flies. Nothing of it leaves the phone.
const earth = 6371; // km
const mostSwaps = 200; // stops; beyond that the nearest next is good enough
const radians = (degrees) => (degrees * Math.PI) / 180;

// kilometres between two places {latitude, longitude}.
export function kilometres(a, b) {
  const north = radians(b.latitude - a.latitude), east = radians(b.longitude - a.longitude);
  const h = Math.sin(north / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(east / 2) ** 2;
  return 2 * earth * Math.asin(Math.min(1, Math.sqrt(h)));
}

// placed says whether anybody has said where a stop is.
export const placed = (stop) => Boolean(stop.latitude || stop.longitude);

// order puts stops into the order of a walk that begins at a place, or at the first of them where there is none. Those of which
// nobody knows where they are come last, as they were.
export function order(stops, from = null) {
  const known = stops.filter(placed);
  if (!from) return [...walk(known.slice(0, 1), known.slice(1)), ...stops.filter((s) => !placed(s))];
  return [...walk([from], known).slice(1), ...stops.filter((s) => !placed(s))];
}

function walk(begun, left) {
  const path = nearestNext(begun, left);
  return path.length <= mostSwaps ? untangled(path) : path;
}

function nearestNext(begun, left) {
  const path = [...begun], open = [...left];
  while (open.length) {
    const at = path.at(-1);
    const next = open.reduce((best, stop) => (kilometres(at, stop) < kilometres(at, best) ? stop : best));
    path.push(...open.splice(open.indexOf(next), 1));
  }
  return path;
}

// untangled turns pieces of a path round for as long as that makes it shorter. Its beginning stays where it is, its end is free.
function untangled(path) {
  const best = [...path];
  for (let again = true; again;) {
    again = false;
    for (let i = 1; i < best.length - 1; i++) {
      for (let k = i + 1; k < best.length; k++) {
        if (gain(best, i, k) < 1e-9) continue;
        best.splice(i, k - i + 1, ...best.slice(i, k + 1).reverse());
        again = true;
      }
    }
  }
  return best;
}

// gain is by how much a path gets shorter when the stops from i to k are gone through the other way.
function gain(path, i, k) {
  const after = path[k + 1];
  const before = kilometres(path[i - 1], path[i]) + (after ? kilometres(path[k], after) : 0);
  return before - kilometres(path[i - 1], path[k]) - (after ? kilometres(path[i], after) : 0);
}

// mapLink opens a stop in the phone's own map; null where nobody knows where it is.
export function mapLink(stop, apple) {
  const at = `${stop.latitude},${stop.longitude}`;
  if (apple) return placed(stop) ? `maps:?daddr=${at}` : stop.address ? `maps:?daddr=${encodeURIComponent(stop.address)}` : null;
  if (placed(stop)) return `geo:${at}?q=${at}(${encodeURIComponent(stop.name || stop.id)})`;
  return stop.address ? `geo:0,0?q=${encodeURIComponent(stop.address)}` : null;
}
