// place.js: the way to a locker, and when it is quiet there.
import { el, fill } from "./dom.js";

// route is a link that opens the map of this device: at a place where that is known, else looking for an address. Nobody hears of it
// before it is followed.
export function route({ latitude, longitude } = {}, address, device = navigator.userAgent) {
  const at = latitude || longitude ? `${latitude},${longitude}` : "", what = encodeURIComponent(address);
  if (/Android/.test(device)) return `geo:${at || "0,0"}?q=${at ? `${at}(${what})` : what}`;
  if (/iPhone|iPad|Macintosh/.test(device)) return `https://maps.apple.com/?daddr=${at || what}`;
  return at ? `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}` : `https://www.openstreetmap.org/search?query=${what}`;
}

// open says when the place may be entered on a day (0 is Monday); empty where that is unknown.
export function open(say, hours, day) {
  if (hours?.length !== 7) return "";
  if (hours.every((h) => h === "00:00-23:59" || h === "00:00-24:00")) return say.openAlways;
  if (hours[day] === "NODAY") return say.closedToday;
  const [all, pause] = hours[day].split("/").map((span) => span.replace("-", "–"));
  return fill(pause ? say.openTodayPause : say.openToday, { hours: all, pause }).join("");
}

const two = (n) => String(n).padStart(2, "0");

// spans are the hours of one level, as people say them: 7:00–10:00, 17:00–20:00.
export function spans(levels, level) {
  const found = [];
  for (let from = 0; from < 24; from++) {
    if (levels[from] !== level) continue;
    let to = from;
    while (to < 24 && levels[to] === level) to++;
    found.push(`${two(from)}:00–${two(to % 24)}:00`);
    from = to;
  }
  return found.join(", ");
}

// chart draws how busy the hours of one kind of day are, with the hour that it is now set off (-1 for none), and says it in words.
export function chart(say, name, levels, hour) {
  const xmlns = "http://www.w3.org/2000/svg";
  const make = (tag, props, text) => {
    const one = document.createElementNS(xmlns, tag);
    for (const [key, value] of Object.entries(props)) one.setAttribute(key, value);
    if (text) one.textContent = text;
    return one;
  };
  const svg = make("svg", { viewBox: "0 0 240 58", "aria-hidden": "true", focusable: "false" });
  levels.forEach((level, at) => {
    const height = 10 + 15 * level;
    svg.append(make("rect", { x: at * 10 + 1, y: 42 - height, width: 8, height, rx: 2, class: at === hour ? "now" : `level${level}` }));
  });
  for (const at of [0, 6, 12, 18]) svg.append(make("text", { x: at * 10 + 1, y: 56 }, `${two(at)}:00`));
  const words = ["busyBusy", "busyQuiet"].map((key, i) => [key, spans(levels, i === 0 ? 2 : 0)]).filter(([, hours]) => hours)
    .map(([key, hours]) => fill(say[key], { hours }).join(""));
  return el("figure", { class: "hours" }, el("h3", {}, name), svg, el("figcaption", {}, words.join(" "), hour >= 0 ? ` ${say.busyNow[levels[hour]]}` : ""));
}
