// dom.js: what the screen is made of: door plates in sentences, icons, the green button.
import { el, fill as fillIn } from "/assets/dom.js";

export { el };

// fill is the shared one with {door} as a plate.
export function fill(sentence, values = {}) {
  return fillIn(sentence, { ...values, door: el("b", { class: "number" }, String(values.door)) });
}

const ns = "http://www.w3.org/2000/svg";

// icon draws strokes in a 24×24 box.
export function icon(paths, label = "") {
  const svg = document.createElementNS(ns, "svg");
  const attributes = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", class: label, "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", paths);
  svg.append(path);
  return svg;
}

export const icons = {
  code: "M4 5h3v3H4zM10.500 5h3v3h-3zM17 5h3v3h-3zM4 11h3v3H4zM10.500 11h3v3h-3zM17 11h3v3h-3zM10.500 17h3v3h-3z",
  qr: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2M14 18v2h2M18 18h2v2",
  courier: "M3 6h11v10H3zM14 9h4l3 3.500V16h-7M7 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM17.500 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  scan: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16",
  ok: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.500l2.800 2.800L16.200 9.600",
  return: "M4 8l8-4.500 8 4.500v8l-8 4.500L4 16zM4 8l8 4.500L20 8M12 20.500v-8M8.500 14.500v-4l7.500-4.200",
  technician: "M14.500 6.500a4 4 0 0 1 5-1.500l-2.700 2.700 1.500 1.500L21 6.500a4 4 0 0 1-5.500 4.800L8 18.800a1.900 1.900 0 0 1-2.800-2.800l7.500-7.500a4 4 0 0 1 1.800-2zM4 5l4 4",
  override: "M7 3h10v18H7zM14 12h.500M3 8v8M21 8v8",
  care: "M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.200",
  phone: "M6 3.500h3l1.500 4.500-2 1.500a12 12 0 0 0 6 6l1.500-2 4.500 1.500v3a2 2 0 0 1-2 2A16 16 0 0 1 4 5.500a2 2 0 0 1 2-2z",
  stop: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6",
};

// greenButton is the button to press, with a ring that shortens; set(share, seconds) moves it.
export function greenButton() {
  const make = (name, attributes) => {
    const e = document.createElementNS(ns, name);
    for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
    return e;
  };
  const around = 2 * Math.PI * 54;
  const left = make("circle", { class: "left", cx: 60, cy: 60, r: 54, "stroke-dasharray": around });
  const secs = make("text", { class: "secs", x: 60, y: 60 });
  const svg = make("svg", { viewBox: "0 0 120 120", "aria-hidden": "true" });
  svg.append(make("circle", { class: "ring", cx: 60, cy: 60, r: 54 }), left, make("circle", { class: "cap", cx: 60, cy: 60, r: 42 }), secs);
  return {
    node: el("div", { class: "press" }, svg),
    set(share, seconds) {
      left.setAttribute("stroke-dashoffset", around * (1 - Math.max(0, Math.min(1, share))));
      secs.textContent = seconds > 0 ? String(seconds) : "";
    },
  };
}

// duration says ms in the largest units that matter to somebody who waits.
export function duration(ms, units) {
  const s = Math.max(0, Math.ceil(ms / 1000)), minutes = Math.ceil(s / 60);
  if (s < 120) return `${s}\u00a0${units.seconds}`;
  if (minutes < 120) return `${minutes}\u00a0${units.minutes}`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}\u00a0${units.hours} ${minutes % 60}\u00a0${units.minutes}`;
  return `${Math.floor(minutes / 60 / 24)}\u00a0${units.days}`;
}
