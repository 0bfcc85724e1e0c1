// guide.js: what a stranger does next, told from what they could see themselves: the parcel's state and the two screens.

// steps are in the order of a parcel's way; place is where the next hand goes.
export const steps = [
  { name: "announce", place: "announce" }, { name: "enrol", place: "courier" }, { name: "courier", place: "kiosk" }, { name: "point", place: "point" },
  { name: "choose", place: "courier" }, { name: "show", place: "show" }, { name: "press", place: "front" }, { name: "putIn", place: "front" },
  { name: "finish", place: "courier" }, { name: "showFinish", place: "show" }, { name: "receipt", place: "point" }, { name: "leave", place: "kiosk" },
  { name: "read", place: "tab-inbox" }, { name: "type", place: "kiosk" }, { name: "pressAgain", place: "front" }, { name: "take", place: "front" },
  { name: "done", place: "tracking" },
];

const before = ["", "announced", "dispatched"];

// advance gives a parcel's state from what the hub says and, while the hub is away, from what the screen shows after the last step.
export function advance(state, atHub, kiosk, last) {
  if (state === "collected" || atHub === "collected" || (["pressAgain", "take"].includes(last) && kiosk.at === "done collect collected")) return "collected";
  if (state === "stored" || !before.includes(atHub ?? "") || (["press", "putIn"].includes(last) && kiosk.at === "done deposit stored")) return "stored";
  return "announced";
}

// nextStep names the step for a parcel's state ("" before there is one), what the kiosk's and the courier's screens show, and
// whether the messages are open.
export function nextStep(state, kiosk, courier, reading) {
  if (state === "") return "announce";
  if (state === "collected") return "done";
  const [screen, errand] = kiosk.at.split(" ");
  if (["press", "jammed"].includes(screen)) return errand === "collect" ? "pressAgain" : "press";
  if (["pulsed", "open", "closing"].includes(screen)) return errand === "collect" ? "take" : "putIn";
  return state === "stored" ? afterStoring(screen, courier, reading) : beforeStoring(screen, courier);
}

function beforeStoring(screen, courier) {
  if (courier.at === "enrol") return "enrol";
  if (screen === "challenge") return courier.at.startsWith("show") ? "show" : courier.at === "session" ? "choose" : "point";
  if (screen === "session" || screen === "done") return courier.at.startsWith("show") ? "show" : "choose";
  return "courier";
}

function afterStoring(screen, courier, reading) {
  if (screen === "receipt") return courier.at.startsWith("show") ? "receipt" : "leave";
  if (courier.at === "show receipt") return "showFinish";
  if (["show", "session"].includes(courier.at.split(" ")[0])) return "finish";
  return reading ? "type" : "read";
}
