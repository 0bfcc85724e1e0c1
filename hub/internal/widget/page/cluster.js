// cluster.js: lockers that stand too near each other to be drawn apart.

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
