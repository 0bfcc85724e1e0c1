// page.js shows the ticket in the address's fragment. Nothing of it is sent or stored anywhere.
import { encode } from "./base45.js";
import { parse, scanText } from "./ticket.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);
let ticket = null, language = navigator.language.startsWith("ru") ? "ru" : "en";

function read() {
  try {
    ticket = parse(location.hash.slice(1));
    language = ticket.russian ? "ru" : "en";
  } catch {
    ticket = null;
  }
  show();
}

function show() {
  const say = words[language];
  document.documentElement.lang = language;
  for (const el of document.querySelectorAll("[data-say]")) el.textContent = say[el.dataset.say];
  $("language").textContent = say.other;
  $("ticket").hidden = !ticket;
  $("none").hidden = !!ticket;
  if (ticket) showTicket(say);
}

function showTicket(say) {
  if (ticket.codes.length > 1) document.querySelector("[data-say=at]").textContent = say.atMany;
  document.title = ticket.place;
  $("place").textContent = ticket.place;
  $("address").textContent = ticket.address;
  $("until").textContent = until(say);
  $("until").classList.toggle("over", ticket.due * 1000 < Date.now());
  $("codes").replaceChildren(...ticket.codes.map((code, i) => codeItem(say, code, i)));
  drawQR(say);
}

function codeItem(say, code, i) {
  const item = document.createElement("li");
  if (ticket.codes.length > 1) {
    const label = document.createElement("small");
    label.textContent = `${say.code} ${i + 1}`;
    item.append(label);
  }
  const digits = document.createElement("div");
  digits.className = "digits";
  digits.role = "img";
  digits.ariaLabel = `${say.code} ${[...code].join(" ")}`;
  for (const at of [0, 3, 6]) {
    const group = document.createElement("span");
    group.textContent = code.slice(at, at + 3);
    digits.append(group);
  }
  item.append(digits);
  return item;
}

// until is the deadline on the locker's own clock, whatever this phone's zone is.
function until(say) {
  if (!ticket.due) return "";
  const local = new Date((ticket.due + ticket.offset * 60) * 1000);
  const date = new Intl.DateTimeFormat(say.locale, { timeZone: "UTC", weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
  return `${ticket.due * 1000 < Date.now() ? say.over : say.until} ${date.format(local)}`;
}

async function drawQR(say) {
  try {
    const { svg } = await import("./qr.js");
    const drawn = new DOMParser().parseFromString(svg(scanText(ticket.secrets, encode)), "image/svg+xml");
    $("qr").replaceChildren(document.importNode(drawn.documentElement, true));
    $("qr").ariaLabel = "QR";
    $("scan").hidden = false;
  } catch {
    $("scan").hidden = true; // this build draws no QR; the code is enough
  }
}

$("language").addEventListener("click", () => { language = language === "ru" ? "en" : "ru"; show(); });
$("larger").addEventListener("click", (e) => {
  const on = document.documentElement.classList.toggle("larger");
  e.currentTarget.ariaPressed = String(on);
});
addEventListener("hashchange", read);
read();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(() => {});
