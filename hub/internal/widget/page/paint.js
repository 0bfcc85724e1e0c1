// paint.js: how lockers look on the map.
import { middles } from "/select/cluster.js";

const walk = 800; // metres, ten minutes on foot
const equator = 40_075_017; // metres round the earth

// colours are those of the page's tokens, as a canvas takes them.
export function colours(element) {
  const probe = element.appendChild(document.createElement("i"));
  const out = {};
  for (const name of ["ink", "quiet", "line", "card", "accent", "on-accent", "go", "on-go", "ground", "reach"]) {
    probe.style.color = `var(--${name})`;
    out[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return { ...out, type: getComputedStyle(element).fontFamily };
}

// paint draws everything and gives the marks that can be pressed: {x, y, radius, lockers}, the uppermost last.
export function paint(pen, view) {
  const inside = ({ x, y }) => x > -40 && y > -40 && x < view.width + 40 && y < view.height + 40;
  const groups = view.groups.map((g) => ({ ...view.screen(g.world), lockers: g.lockers })).filter(inside);
  if (view.bare) {
    reach(pen, view, inside);
    grid(pen, view);
    if (view.zoom >= 13) others(pen, view, inside);
  }
  const taken = [];
  const marks = [];
  for (const g of groups) {
    const mark = g.lockers.length > 1 ? crowd(pen, view, g) : pin(pen, view, g, g.lockers[0]);
    marks.push(mark);
    taken.push({ left: mark.x - mark.radius, right: mark.x + mark.radius, top: mark.y - mark.radius, bottom: mark.y + mark.radius });
  }
  if (view.bare) names(pen, view, groups, taken, inside);
  if (view.you) dot(pen, view, view.you);
  const l = view.selected;
  if (l?.world) marks.push(pin(pen, view, view.screen(l.world), l, true));
  return marks;
}

// grid is quiet, but one sees the map move.
function grid(pen, { width, height, corner, colours }) {
  pen.strokeStyle = colours.line;
  pen.globalAlpha = 0.45;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = -(corner.x % 128); x < width; x += 128) pen.rect(Math.round(x) + 0.5, 0, 0, height);
  for (let y = -(corner.y % 128); y < height; y += 128) pen.rect(0, Math.round(y) + 0.5, width, 0);
  pen.stroke();
  pen.globalAlpha = 1;
}

// reach is the ground within a walk of any locker; from afar, a dot for each.
function reach(pen, { ground, screen, zoom, colours }, inside) {
  pen.fillStyle = colours.reach;
  pen.beginPath();
  for (const l of ground) {
    const at = screen(l.world);
    if (!inside(at)) continue;
    const radius = (walk * 256 * 2 ** zoom) / (equator * Math.cos((l.place.latitude * Math.PI) / 180));
    if (radius < 2) pen.rect(at.x - 1.5, at.y - 1.5, 3, 3);
    else {
      pen.moveTo(at.x + radius, at.y);
      pen.arc(at.x, at.y, radius, 0, 7);
    }
  }
  pen.fill();
}

// others are small dots under the marks: what a search has left out is still seen to be there.
function others(pen, { ground, screen, colours }, inside) {
  pen.fillStyle = colours.quiet;
  pen.globalAlpha = 0.5;
  pen.beginPath();
  for (const l of ground) {
    const at = screen(l.world);
    if (!inside(at)) continue;
    pen.moveTo(at.x + 3, at.y);
    pen.arc(at.x, at.y, 3, 0, 7);
  }
  pen.fill();
  pen.globalAlpha = 1;
}

function crowd(pen, { colours }, { x, y, lockers }) {
  const radius = 13 + Math.min(13, Math.log2(lockers.length) * 1.6);
  pen.fillStyle = colours.accent;
  disc(pen, x, y, radius + 4, 0.22);
  disc(pen, x, y, radius, 1);
  pen.fillStyle = colours["on-accent"];
  pen.font = `700 ${lockers.length > 999 ? 12 : 13}px ${colours.type}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(lockers.length, x, y + 0.5);
  return { x, y, radius: radius + 4, lockers };
}

// pin is one locker: a drop with three doors on it. Its point is on the place.
function pin(pen, { colours }, { x, y }, l, selected) {
  const size = selected ? 1.45 : 1;
  const [head, radius] = [y - 19 * size, 12 * size];
  pen.fillStyle = selected ? colours.go : l.free === 0 || l.suspended ? colours.quiet : colours.accent;
  pen.strokeStyle = colours.card;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, head, radius, Math.PI * 0.84, Math.PI * 2.16);
  pen.lineTo(x, y);
  pen.closePath();
  pen.stroke();
  pen.fill();
  pen.fillStyle = selected ? colours["on-go"] : colours["on-accent"];
  const u = 2 * size;
  pen.fillRect(x - 2.5 * u, head - 2.5 * u, 2.2 * u, 5 * u);
  pen.fillRect(x + 0.3 * u, head - 2.5 * u, 2.2 * u, 2.2 * u);
  pen.fillRect(x + 0.3 * u, head + 0.3 * u, 2.2 * u, 2.2 * u);
  return { x, y: head + 4 * size, radius: radius + 7, lockers: [l] };
}

// names are written where there is room: cities from afar, metro stations nearer by, and lockers' addresses from near.
function names(pen, view, groups, taken, inside) {
  const write = (text, at, gaps, font, colour) => {
    pen.font = font;
    const box = place(at, pen.measureText(text).width, gaps, taken);
    if (!box) return;
    taken.push(box);
    letters(pen, text, box, view.colours.ground, colour);
  };
  const { ink, quiet, type } = view.colours;
  if (view.zoom >= 13) {
    for (const { x, y, lockers: [l, other] } of groups) {
      if (!other) write([l.street, l.house].filter(Boolean).join(", ") || l.name, { x, y: y - 17 }, [24], `500 13px ${type}`, ink);
    }
  }
  const landmarks = view.zoom < 11 ? middles(view.ground, (l) => l.city) : middles(view.ground, (l) => l.metro[0] && `М ${l.metro[0]}`);
  for (const { name, world, count } of landmarks) {
    const at = view.screen(world);
    if (!inside(at)) continue;
    if (view.zoom < 11) write(name, at, [20, 32], `${count > 20 ? 700 : 500} ${Math.min(17, 12 + Math.log10(count) * 2)}px ${type}`, ink);
    else write(name, at, [0, 18, 30], `600 12px ${type}`, quiet);
  }
}

// place finds where a text of a width beside, below or above a point hides nothing.
function place({ x, y }, width, gaps, taken) {
  for (const gap of gaps) {
    for (const [left, middle] of [[x + gap, y], [x - gap - width, y], [x - width / 2, y + gap + 9], [x - width / 2, y - gap - 9]]) {
      const box = { left: left - 3, right: left + width + 3, top: middle - 10, bottom: middle + 10 };
      if (taken.every((t) => box.right < t.left || box.left > t.right || box.bottom < t.top || box.top > t.bottom)) return box;
    }
  }
  return null;
}

function letters(pen, text, { left, top, bottom }, ground, colour) {
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.strokeStyle = ground;
  pen.lineWidth = 4;
  pen.strokeText(text, left + 3, (top + bottom) / 2);
  pen.fillStyle = colour;
  pen.fillText(text, left + 3, (top + bottom) / 2);
}

function dot(pen, { colours }, { x, y }) {
  pen.fillStyle = colours.accent;
  disc(pen, x, y, 16, 0.25);
  pen.fillStyle = colours.card;
  disc(pen, x, y, 9, 1);
  pen.fillStyle = colours.accent;
  disc(pen, x, y, 6.5, 1);
}

function disc(pen, x, y, radius, alpha) {
  pen.globalAlpha = alpha;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
  pen.globalAlpha = 1;
}
