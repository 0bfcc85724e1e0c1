// cluster.js: lockers that stand too near each other to be drawn apart.

// middles are where the lockers of one name are on the whole, {name, world, count, of: the key}, those with most lockers first. Names of
// different cities are different; lockers without a name are left out.
export function middles(lockers, nameOf) {
  const found = new Map();
  for (const l of lockers) {
    const name = nameOf(l);
    if (!name) continue;
    const of = keyOf(l, name);
    const m = found.get(of) ?? { name, of, x: 0, y: 0, count: 0 };
    m.x += l.world.x;
    m.y += l.world.y;
    m.count++;
    found.set(of, m);
  }
  return [...found.values()].map((m) => ({ ...m, world: { x: m.x / m.count, y: m.y / m.count } })).sort((a, b) => b.count - a.count);
}

const keyOf = (l, name) => `${name}\n${l.city}\n${l.region}`;

// fromTheMiddle orders lockers so that groups begin where most are: large cities first, each from its middle.
export function fromTheMiddle(lockers) {
  const cities = new Map(middles(lockers, (l) => l.city).map((m, rank) => [m.of, { rank, ...m.world }]));
  const order = lockers.map((l) => {
    const { rank, x, y } = cities.get(keyOf(l, l.city)) ?? { rank: cities.size, x: 0, y: 0 };
    return { l, rank, far: (l.world.x - x) ** 2 + (l.world.y - y) ** 2 };
  });
  return order.sort((a, b) => a.rank - b.rank || a.far - b.far).map(({ l }) => l);
}

// gather puts lockers with a world place {x, y} into groups: around the first of each, all within reach pixels at a scale. No two groups'
// places are nearer to each other than that.
export function gather(lockers, scale, reach) {
  const field = new Map(); // the groups that begin in a square of side reach
  const key = (column, row) => column * 4_000_037 + row;
  const groups = [];
  for (const l of lockers) {
    const [x, y] = [l.world.x * scale, l.world.y * scale];
    const [column, row] = [Math.floor(x / reach), Math.floor(y / reach)];
    const group = nearest(field, key, column, row, x, y, reach);
    if (group) {
      group.lockers.push(l);
      continue;
    }
    const fresh = { x, y, world: l.world, lockers: [l] };
    groups.push(fresh);
    const square = field.get(key(column, row));
    if (square) square.push(fresh);
    else field.set(key(column, row), [fresh]);
  }
  return groups;
}

function nearest(field, key, column, row, x, y, reach) {
  let best = null;
  let least = reach * reach;
  for (let c = column - 1; c <= column + 1; c++) {
    for (let r = row - 1; r <= row + 1; r++) {
      for (const group of field.get(key(c, r)) ?? []) {
        const far = (group.x - x) ** 2 + (group.y - y) ** 2;
        if (far < least) [best, least] = [group, far];
      }
    }
  }
  return best;
}
