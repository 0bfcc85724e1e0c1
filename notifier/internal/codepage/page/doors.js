// doors.js tells who came to a parcel's door, as the locker's journal says.
import { el, fill } from "./dom.js";

// word is the text of a key, which comes from elsewhere, or another where there is none.
const word = (texts, key, other) => (Object.hasOwn(texts, key) ? texts[key] : texts[other]);

const sentence = (text, values) => fill(text, values).join("");

// openings is a list of what the notifier has told of one parcel's door.
export function openings(say, about, when) {
  const lines = about.openings.map((o) => el("li", {},
    el("p", { class: "quiet" }, records(say, o, o.at ? when(o.at) : say.timeUnknown)),
    el("p", {}, [what(say, o), end(say, o)].filter(Boolean).join(" "))));
  return el("div", {}, el("p", {}, sentence(say.doorsDoor, { n: about.door })), el("ol", { class: "openings" }, lines),
    about.openings.length === 1 && !about.ended && el("p", {}, say.doorsNobody),
    about.stopped && el("p", { class: "now" }, say.doorsStopped),
    about.dark_from > 0 && el("p", { class: "now" }, sentence(say.doorsDark, { at: when(about.dark_from) })));
}

const records = (say, o, at) => sentence(o.first === o.last ? say.record : say.records, { at, n: o.first, m: o.last });

function what(say, o) {
  if (o.what === "collecting") return word(say.opened, o.credential, "collecting");
  return sentence(word(say.opened, o.what, "other"), { carrier: o.carrier, reason: o.reason?.replace(/\.$/, "") });
}

function end(say, o) {
  if (o.what !== "collecting" && o.end === "done") return "";
  if (o.end === "") return o.what !== "forced" && o.seen ? say.ends.open : "";
  return word(say.ends, o.end, "other");
}

// state is what has become of a parcel whose code the page shows, and whether the code still opens; empty where all is as it was.
export function state(say, about, when) {
  if (!about) return { text: say.state.unknown, opens: true };
  if (about.ended) return { text: sentence(word(say.state, about.ended, "over"), { at: when(about.ended_at) }), opens: false };
  const is = ["unsure", "unpaid", "declined", "overdue"].find((word) => about[word]);
  return { text: is ? say.state[is] : "", opens: true };
}
