// page.js shows the ticket in the address's fragment, or one that the person keeps in this browser. Nothing of it is sent anywhere: what
// the page asks it asks with a digest.
import { about, act } from "./ask.js";
import { encode } from "./base45.js";
import { el, fill } from "./dom.js";
import { openings, state } from "./doors.js";
import { dueOf, forget, keep, kept } from "./kept.js";
import { after, choose, locale, offer } from "./language.js";
import { chart, open, route } from "./place.js";
import { only, parse, scanText, wish } from "./ticket.js";
import { languages, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const troubles = ["empty", "wrong parcel", "damaged", "does not open"]; // as package parcel calls them
const installed = matchMedia("(display-mode: standalone)");
let fragment = "", ticket = null, language = choose(languages, ...navigator.languages);
let silent = false; // nobody answers
let known = null; // what about has said of this ticket: {parcels, place}
let prompt = null; // the browser's offer to install the page

const say = () => words[language];
const sentence = (key, values) => fill(say()[key], values).join("");

function read() {
  fragment = location.hash.slice(1) || (kept()[0] ?? "");
  known = null;
  try {
    ticket = parse(fragment);
    language = choose(languages, ticket.language, ...navigator.languages);
    if (location.hash && installed.matches) keep(fragment, ticket.due); // whoever has installed the page wants it to have what it was opened with
  } catch {
    ticket = null;
  }
  $("wrong-form").reset();
  silent = false;
  for (const id of ["more-answer", "wrong-answer", "refuse-answer"]) $(id).textContent = "";
  show();
  ask();
}

// ask asks what has become of the ticket's parcels, and of the place.
async function ask() {
  if (!ticket) return;
  const of = fragment, answer = await about(await Promise.all(ticket.secrets.map(wish)));
  if (of !== fragment) return; // another ticket is shown meanwhile
  known = answer ?? known;
  silent = !answer;
  if (known && kept().includes(fragment)) {
    if (known.parcels.every((p) => p?.ended)) forget(fragment);
    else keep(fragment, due());
  }
  show();
}

function show() {
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say()[one.dataset.say];
  for (const one of document.querySelectorAll("[data-label]")) one.ariaLabel = say()[one.dataset.label];
  offer($("language"), languages, language);
  $("ticket").hidden = !ticket;
  $("none").hidden = !!ticket;
  if (ticket) showTicket();
  showKept();
}

const many = () => ticket.codes.length > 1;

function showTicket() {
  for (const one of document.querySelectorAll("[data-say]")) {
    if (many() && say()[`${one.dataset.say}Many`]) one.textContent = say()[`${one.dataset.say}Many`];
  }
  document.title = ticket.place;
  $("at").textContent = say()[over() ? "atOver" : many() ? "atMany" : "at"];
  $("place").textContent = ticket.place;
  $("address").textContent = ticket.address;
  $("until").textContent = over() ? "" : until();
  $("until").classList.toggle("over", due() * 1000 < Date.now());
  $("codes").replaceChildren(...ticket.codes.map(codeItem));
  $("more-time").hidden = !(ticket.more || known?.parcels.some((p) => p?.more_time)) || over();
  $("to").hidden = $("how").hidden = over();
  $("send").hidden = many(); // there each has a button of its own
  $("scan").hidden = true;
  if (!over()) draw($("qr"), scanText(ticket.secrets, encode)).then((drawn) => { $("scan").hidden = !drawn || over(); });
  showPlace();
  showDoors();
  showActs();
  $("rest").textContent = silent ? say().rest : "";
}

// over says that no code of the ticket opens anything any more, as far as is known.
const over = () => !!known && known.parcels.every((p) => p?.ended);

// due is the deadline: what is known now, or was, or what the message said.
function due() {
  const times = known?.parcels.filter((p) => p && !p.ended && p.due).map((p) => p.due) ?? [];
  return times.length ? Math.min(...times) : dueOf(fragment) || ticket.due;
}

function showPlace() {
  const place = known?.place ?? {};
  $("route").href = route(place, [ticket.place, ticket.address].filter(Boolean).join(", "));
  const now = wall(Date.now() / 1000), day = (now.getUTCDay() + 6) % 7;
  for (const [id, text] of [["open", open(say(), place.hours, day)], ["way", place.way ? sentence("way", { way: place.way }) : ""]]) {
    $(id).textContent = text;
    $(id).hidden = !text || over();
  }
  $("busy").hidden = !place.busy || over();
  if (place.busy) {
    const today = day > 4 ? 1 : 0;
    $("busy-days").replaceChildren(...[say().busyWeek, say().busyWeekend].map((name, i) => chart(say(), name, place.busy[i], i === today ? now.getUTCHours() : -1)));
  }
}

function showDoors() {
  const told = ticket.codes.map((_, i) => i).filter((i) => known?.parcels[i]);
  $("doors").hidden = !told.length;
  $("doors-list").replaceChildren(...told.flatMap((i) => [many() && el("h3", {}, name(i)), openings(say(), known.parcels[i], when)].filter(Boolean)));
}

// name is how people tell a parcel from the others: the end of its barcode, as in the message; its place in older links.
const name = (i) => (ticket.barcodes[i] ? `${say().parcel} …${ticket.barcodes[i].slice(-4)}` : `${say().code} ${i + 1}`);

function codeItem(code, i) {
  const is = known ? state(say(), known.parcels[i], when) : { text: "", opens: true };
  const digits = el("div", { class: "digits", role: "img", "aria-label": `${say().code} ${[...code].join(" ")}` }, [0, 3, 6].map((at) => el("span", {}, code.slice(at, at + 3))));
  return el("li", { class: is.opens ? "" : "over" }, many() && el("small", {}, name(i)), digits, is.text && el("p", { class: "state" }, is.text),
    many() && el("button", { type: "button", onclick: () => give(i) }, say().give));
}

// give shows a link to one parcel's code alone, for whoever is to fetch that one.
function give(i) {
  const link = new URL(`#${only(fragment, i)}`, location.href).href;
  $("give-what").textContent = many() ? name(i) : ticket.place;
  $("give-link").value = link;
  $("give-share").hidden = !navigator.share;
  $("give-share").onclick = () => navigator.share({ url: link }).catch(() => {}); // whoever closes the list has shared nothing
  $("give-copy").onclick = async () => {
    $("give-link").select();
    try { await navigator.clipboard.writeText(link); } catch { return; } // it is selected: copied by hand
    $("give-copy").textContent = say().copied;
  };
  $("give-copy").textContent = say().giveCopy;
  draw($("give-qr"), link);
  $("give").showModal();
}

// moreTime asks for more time for every parcel of the ticket; the locker decides, and a message tells of it.
async function moreTime() {
  $("more").disabled = true;
  $("more-answer").textContent = say().asking;
  const came = await Promise.all(ticket.secrets.map(async (secret) => act("more", { wish: await wish(secret) })));
  $("more").disabled = false;
  $("more-answer").textContent = came.includes("done") ? say().moreAsked : came.includes("later") ? say().later : say().moreNot;
}

// showActs offers what may be done about the parcels that are known.
function showActs() {
  const there = ticket.codes.map((_, i) => i).filter((i) => known?.parcels[i]);
  const inside = there.filter((i) => !known.parcels[i].ended && !known.parcels[i].declined);
  $("acts").hidden = !there.length;
  $("refuse").hidden = !inside.length && !$("refuse-answer").textContent;
  choices($("wrong-which"), there);
  choices($("refuse-which"), inside);
  $("refuse-form").querySelector("button").hidden = !inside.length;
  $("refuse-text").textContent = inside.length ? refuseText() : "";
  const chosen = trouble();
  $("wrong-kinds").replaceChildren(...troubles.map((kind) =>
    el("label", {}, el("input", { type: "radio", name: "what", value: kind, required: true, checked: kind === chosen }), say().wrongKinds[kind])));
  showTrouble();
}

const refuseText = () => (due() ? sentence("refuseText", { date: when(due()) }) : say().refuseTextNever);

const trouble = () => new FormData($("wrong-form")).get("what");

function showTrouble() {
  const kind = trouble();
  $("wrong-now").hidden = !kind;
  $("wrong-now").textContent = kind ? say().wrongNow[kind] : "";
}

// choices lets somebody with several parcels say which one they mean.
function choices(select, of) {
  const chosen = select.value;
  select.replaceChildren(...of.map((i) => el("option", { value: i }, name(i))));
  if (of.includes(Number(chosen)) && chosen) select.value = chosen;
  select.parentElement.hidden = of.length < 2;
}

async function reportWrong(event) {
  event.preventDefault();
  const i = Number($("wrong-which").value), answer = $("wrong-answer"), button = event.submitter;
  button.disabled = true;
  answer.textContent = say().asking;
  const came = await act("wrong", { wish: await wish(ticket.secrets[i]), what: trouble(), note: $("wrong-note").value });
  button.disabled = false;
  const parcel = known.parcels[i].barcode.replace(/(\d{4})(?=\d)/g, "$1\u00a0");
  answer.textContent = { done: sentence("wrongSent", { parcel }), not: sentence("wrongKnown", { parcel }), later: say().later }[came];
  if (came === "done") $("wrong-note").value = "";
}

function askSure(event) {
  event.preventDefault();
  const i = Number($("refuse-which").value);
  $("sure-what").textContent = many() ? name(i) : ticket.place;
  $("sure-text").textContent = refuseText();
  $("sure-yes").onclick = () => { $("sure").close(); refuse(i); };
  $("sure").showModal();
}

async function refuse(i) {
  $("refuse-answer").textContent = say().asking;
  const came = await act("refuse", { wish: await wish(ticket.secrets[i]) });
  $("refuse-answer").textContent = { done: say().refused, not: say().refuseNot, later: say().later }[came];
  if (came === "done") await ask();
}

// showKept offers to keep the ticket in this browser, or to forget it, and leads to the others that are kept.
function showKept() {
  const list = kept(), is = list.includes(fragment);
  $("keep").hidden = !ticket || is || over();
  $("forget").hidden = !ticket || !is;
  $("install").hidden = !ticket || !prompt || over();
  $("keep-text").textContent = !ticket ? "" : is ? say().keptText : over() ? say().keepOver : say().keepText;
  const others = list.filter((one) => one !== fragment).flatMap((one) => {
    try { return [el("li", {}, el("a", { href: `#${one}` }, called(one)))]; } catch { return []; }
  });
  $("others").hidden = !others.length;
  $("others").querySelector("ul").replaceChildren(...others);
}

// paste opens a link that somebody brings by hand: into an installed page there is no other way on some phones.
function paste(event) {
  event.preventDefault();
  const link = $("paste-link").value.trim();
  $("paste-link").value = "";
  try {
    parse(link.slice(link.indexOf("#") + 1));
    location.hash = link.slice(link.indexOf("#"));
  } catch {
    $("paste-answer").textContent = say().pasteNot;
  }
}

// called is how a ticket that is kept is told from the others.
function called(one) {
  const other = parse(one), date = dueOf(one) || other.due;
  return date ? sentence("other", { place: other.place, date: when(date, other.offset) }) : other.place;
}

function keepIt() {
  const can = keep(fragment, due());
  show();
  if (!can) $("keep-text").textContent = say().keepNot;
}

async function install() {
  keep(fragment, due());
  await prompt.prompt();
  prompt = null;
  show();
}

// wall is a moment as a Date whose UTC fields are the locker's wall clock, whatever this phone's zone is.
const wall = (seconds, offset = ticket.offset) => new Date((seconds + offset * 60) * 1000);

function when(seconds, offset) {
  const form = { timeZone: "UTC", weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale(languages, language), form).format(wall(seconds, offset));
}

function until() {
  if (!due()) return "";
  return sentence(due() * 1000 < Date.now() ? "over" : "until", { date: when(due()) });
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
$("send").addEventListener("click", () => give(0));
$("give-close").addEventListener("click", () => $("give").close());
$("wrong-form").addEventListener("submit", reportWrong);
$("wrong-kinds").addEventListener("change", showTrouble);
$("refuse-form").addEventListener("submit", askSure);
$("sure-no").addEventListener("click", () => $("sure").close());
$("paste").addEventListener("submit", paste);
$("keep").addEventListener("click", keepIt);
$("forget").addEventListener("click", () => { forget(fragment); show(); });
$("install").addEventListener("click", install);
addEventListener("beforeinstallprompt", (e) => { e.preventDefault(); prompt = e; showKept(); });
addEventListener("appinstalled", () => { if (ticket) keep(fragment, due()); showKept(); });
addEventListener("hashchange", read);
addEventListener("online", ask);
read();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(() => {});
