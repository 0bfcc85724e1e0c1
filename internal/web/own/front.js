// front.js: the locker's front as a drawing, its doors in columns by number and its screen in the middle. Heights are true to the
// sizes S, M and L: 80, 190 and 410 mm and the frame between doors.
const ns = "http://www.w3.org/2000/svg";
const width = 380;
const unit = 90; // the height of a small door
const gap = 16;

function make(name, attributes, ...children) {
  const element = document.createElementNS(ns, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// units is how many small doors high a size is.
export const units = (size) => [1, 1, 2, 4][size] ?? 4;
const tall = (n) => n * (unit + gap) - gap;

// fillUp puts doors into columns of one height, in the order of their numbers.
function fillUp(doors, height) {
  const all = [];
  let room = 0;
  for (const door of doors) {
    if (units(door.size) > room) {
      all.push([]);
      room = height;
    }
    all.at(-1).push(door);
    room -= units(door.size);
  }
  return { all, height, waste: all.length * height };
}

// columns takes the height, in small doors, that leaves the least room unused.
export function columns(doors) {
  const sorted = [...doors].sort((a, b) => a.number - b.number);
  return [12, 10, 11, 13, 14, 9, 8].map((height) => fillUp(sorted, height)).reduce((best, next) => (next.waste < best.waste ? next : best));
}

// arranged are the columns from left to right; null is where the screen is.
function arranged(doors) {
  const { all, height } = columns(doors), middle = Math.floor(all.length / 2);
  return { places: [...all.slice(0, middle), null, ...all.slice(middle)], height };
}

// placeOf is where somebody before the screen finds a door: on which side, in which column counted from the screen, which one from the
// top; and from the screen's middle, in parts of the front: across -1 to 1, down 0 to 1.
export function placeOf(doors, number) {
  const { places, height } = arranged(doors), middle = places.indexOf(null);
  const at = places.findIndex((column) => column?.some((door) => door.number === number));
  if (at < 0) return null;
  const row = places[at].findIndex((door) => door.number === number);
  const above = places[at].slice(0, row).reduce((sum, door) => sum + units(door.size), 0);
  return { side: at < middle ? "left" : "right", column: Math.abs(at - middle), row: row + 1, across: (at - middle) / Math.max(middle, places.length - 1 - middle), down: above / height };
}

// front draws the doors. kind says of a door what class it has: "yours" glows, "ajar" stands open, others are the page's own. href makes
// a link of a door, name says what a reader of screens hears of it; a front without them is a picture beside words that say all of it.
export function front(doors, { kind = () => "", href, name }) {
  const { places, height } = arranged(doors);
  const wide = places.length * (width + gap) + gap, high = tall(height) + 2 * gap;
  const svg = make("svg", { viewBox: `-8 -8 ${wide + 16} ${high + 16}`, class: "locker-front", ...(href ? { role: "group" } : { "aria-hidden": "true" }) });
  svg.append(make("rect", { class: "frame", x: 0, y: 0, width: wide, height: high, rx: 18 }));
  places.forEach((column, i) => {
    const x = gap + i * (width + gap);
    if (!column) return svg.append(drawPanel(x, high));
    let y = gap;
    for (const door of column) {
      const drawn = drawDoor(door, x, y, kind(door));
      svg.append(href ? make("a", { href: href(door), "aria-label": name(door), "data-door": door.number }, make("title", {}, name(door)), drawn) : drawn);
      y += tall(units(door.size)) + gap;
    }
  });
  return svg;
}

// drawPanel draws the screen somebody stands before, and the green button.
function drawPanel(x, high) {
  const screen = { class: "screen", x: x + 40, y: 60, width: width - 80, height: high * 0.4, rx: 20 };
  const body = { class: "body", x, y: gap, width, height: high - 2 * gap, rx: 8 };
  return make("g", { class: "panel" }, make("rect", body), make("rect", screen), make("circle", { class: "button", cx: x + width / 2, cy: high * 0.62, r: 70 }));
}

function drawDoor(door, x, y, kind) {
  const h = tall(units(door.size)), open = kind === "ajar";
  const group = make("g", { class: kind }, make("rect", { class: "door", x, y, width, height: h, rx: 8 }));
  if (open) group.append(make("path", { class: "leaf", d: `M${x} ${y}l110 -26v${h + 52}l-110 -26z` }));
  group.append(make("text", { class: "label", x: x + width / 2 + (open ? 50 : 0), y: y + h / 2 }, String(door.number)));
  return group;
}
