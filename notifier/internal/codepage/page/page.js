// page.js shows the ticket in the address's fragment. Nothing of it is sent or stored anywhere.
import { encode } from "./base45.js";
import { after, choose, locale, offer } from "./language.js";
import { only, parse, scanText, wish } from "./ticket.js";
import { languages, words } from "./words.js";

const $ = (id) => document.getElementById(id);
let ticket = null, language = choose(languages, ...navigator.languages);

function read() {
  try {
    ticket = parse(location.hash.slice(1));
    language = choose(languages, ticket.language, ...navigator.languages);
  } catch {
    ticket = null;
  }
  show();
}

function show() {
  const say = words[language];
  document.documentElement.lang = language;
  for (const el of document.querySelectorAll("[data-say]")) el.textContent = say[el.dataset.say];
  offer($("language"), languages, language);
  $("ticket").hidden = !ticket;
  $("none").hidden = !!ticket;
  if (ticket) showTicket(say);
}

function showTicket(say) {
  const many = ticket.codes.length > 1;
  for (const el of document.querySelectorAll("[data-say]")) {
    if (many && say[`${el.dataset.say}Many`]) el.textContent = say[`${el.dataset.say}Many`];
  }
  document.title = ticket.place;
  $("place").textContent = ticket.place;
  $("address").textContent = ticket.address;
  $("until").textContent = until(say);
  $("until").classList.toggle("over", ticket.due * 1000 < Date.now());
  $("codes").replaceChildren(...ticket.codes.map((code, i) => codeItem(say, code, i)));
  $("more-time").hidden = !ticket.more;
  $("send").hidden = many; // there each has a button of its own
  $("scan").hidden = true;
  draw($("qr"), scanText(ticket.secrets, encode)).then((drawn) => { $("scan").hidden = !drawn; });
}

// name is how people tell a parcel from the others: the end of its barcode, as in the message; its place in older links.
const name = (say, i) => (ticket.barcodes[i] ? `${say.parcel} …${ticket.barcodes[i].slice(-4)}` : `${say.code} ${i + 1}`);

function codeItem(say, code, i) {
  const item = document.createElement("li");
  if (ticket.codes.length > 1) {
    const label = document.createElement("small");
    label.textContent = name(say, i);
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
  if (ticket.codes.length > 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say.give;
    button.addEventListener("click", () => give(say, i));
    item.append(button);
  }
  return item;
}

// give shows a link to one parcel's code alone, for whoever is to fetch that one.
function give(say, i) {
  const link = new URL(`#${only(location.hash.slice(1), i)}`, location.href).href;
  $("give-what").textContent = ticket.codes.length > 1 ? name(say, i) : ticket.place;
  $("give-link").value = link;
  $("give-share").hidden = !navigator.share;
  $("give-share").onclick = () => navigator.share({ url: link }).catch(() => {}); // whoever closes the list has shared nothing
  $("give-copy").onclick = async () => {
    $("give-link").select();
    try { await navigator.clipboard.writeText(link); } catch { return; } // it is selected: copied by hand
    $("give-copy").textContent = say.copied;
  };
  $("give-copy").textContent = say.giveCopy;
  draw($("give-qr"), link);
  $("give").showModal();
}

// moreTime asks for more time for every parcel of the ticket; the locker decides, and a message tells of it.
async function moreTime() {
  const say = words[language], answer = $("more-answer");
  $("more").disabled = true;
  answer.textContent = say.moreAsking;
  const statuses = await Promise.all(ticket.barcodes.map(async (barcode, i) => {
    try {
      const body = JSON.stringify({ barcode, wish: await wish(ticket.secrets[i]) });
      return (await fetch("more", { method: "POST", headers: { "Content-Type": "application/json" }, body })).status;
    } catch {
      return 0;
    }
  }));
  $("more").disabled = false;
  answer.textContent = statuses.includes(202) ? say.moreAsked : statuses.some((s) => s === 0 || s >= 500) ? say.moreLater : say.moreNot;
}

// until is the deadline on the locker's own clock, whatever this phone's zone is.
function until(say) {
  if (!ticket.due) return "";
  const local = new Date((ticket.due + ticket.offset * 60) * 1000);
  const date = new Intl.DateTimeFormat(locale(languages, language), { timeZone: "UTC", weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
  return `${ticket.due * 1000 < Date.now() ? say.over : say.until} ${date.format(local)}`;
}

// draw puts a text as QR into a place, and says whether this build can; the code is enough.
async function draw(place, text) {
  try {
    const { svg } = await import("./qr.js");
    const drawn = new DOMParser().parseFromString(svg(text), "image/svg+xml");
    place.replaceChildren(document.importNode(drawn.documentElement, true));
    return true;
  } catch {
    place.replaceChildren();
    return false;
  }
}

$("language").addEventListener("click", () => { language = after(languages, language).code; show(); });
$("larger").addEventListener("click", (e) => {
  const on = document.documentElement.classList.toggle("larger");
  e.currentTarget.ariaPressed = String(on);
});
$("more").addEventListener("click", moreTime);
$("send").addEventListener("click", () => give(words[language], 0));
$("give-close").addEventListener("click", () => $("give").close());
addEventListener("hashchange", read);
read();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(() => {});
