// front.js: the locker's front as a drawing, its doors in columns by number. Heights are true to the sizes S, M and L.
const ns = "http://www.w3.org/2000/svg";
const width = 380;
const heights = [0, 90, 200, 420]; // mm, inner height and its share of the frame; by size rank
const gap = 16;

function make(name, attributes, ...children) {
  const element = document.createElementNS(ns, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const heightOf = (door) => heights[Math.min(door.size, heights.length - 1)];

// columns lays doors out in as many columns as make the front about a quarter wider than high.
export function columns(doors) {
  const total = doors.reduce((sum, d) => sum + heightOf(d) + gap, 0);
  const count = Math.max(1, Math.round(Math.sqrt((1.25 * total) / (width + gap))));
  const full = total / count;
  const out = [[]];
  let used = 0;
  for (const door of doors) {
    const h = heightOf(door) + gap;
    if (used + h / 2 > full * out.length && out.length < count) out.push([]);
    out.at(-1).push(door);
    used += h;
  }
  return out;
}

// front draws the doors; yours is glowing, open ones stand ajar.
export function front(doors, yours, open) {
  const laid = columns(doors);
  const tall = Math.max(...laid.map((column) => column.reduce((sum, d) => sum + heightOf(d) + gap, gap)));
  const wide = laid.length * (width + gap) + gap;
  const svg = make("svg", { viewBox: `-8 -8 ${wide + 16} ${tall + 16}`, role: "img", "aria-hidden": "true" });
  svg.append(make("rect", { class: "frame", x: 0, y: 0, width: wide, height: tall, rx: 18 }));
  laid.forEach((column, i) => {
    let y = gap;
    for (const door of column) {
      svg.append(drawDoor(door, gap + i * (width + gap), y, door.number === yours, open.includes(door.number)));
      y += heightOf(door) + gap;
    }
  });
  return svg;
}

function drawDoor(door, x, y, yours, open) {
  const h = heightOf(door);
  const kind = open ? "ajar" : yours ? "yours" : door.broken ? "broken" : "";
  const group = make("g", { class: kind }, make("rect", { class: "door", x, y, width, height: h, rx: 8 }));
  if (open) group.append(make("path", { class: "leaf", d: `M${x} ${y}l110 -26v${h + 52}l-110 -26z` }));
  group.append(make("text", { class: "label", x: x + width / 2 + (open ? 50 : 0), y: y + h / 2 }, String(door.number)));
  return group;
}
