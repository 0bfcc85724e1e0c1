// list.js: lockers as a list of options: one stop of the Tab key, arrows go from one to the next.
import { el } from "/assets/dom.js";

const portion = 40; // how many are drawn at a time

export function drawList(ul, { words, language, choose }) {
  let all = [];
  let drawn = 0;
  let how = {};
  const rest = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more());

  function more(until = drawn + portion) {
    for (const end = Math.min(until, all.length); drawn < end; drawn++) ul.append(option(all[drawn]));
    rest.disconnect();
    if (drawn < all.length) rest.observe(ul.lastElementChild);
    if (!ul.querySelector("[tabindex='0']")) ul.firstElementChild?.setAttribute("tabindex", "0");
  }

  function option(l) {
    const { open, until } = how.now(l);
    const when = l.always ? words.alwaysOpen : open ? (until ? words.openUntil.replace("{time}", until) : words.open) : until ? words.opensAt.replace("{time}", until) : words.closed;
    const [room, tone] = roomOf(l, words);
    const days = sayDays(how.tariffs[l.id], words);
    return el("li", { role: "option", id: `locker-${l.id}`, "data-id": l.id, tabindex: "-1", "aria-selected": String(how.chosen === l), class: how.picked === l.id ? "picked" : null },
      el("span", { class: "name" }, l.name),
      how.picked === l.id ? el("span", { class: "tag" }, words.selected) : Number.isFinite(l.distance) && el("span", { class: "far" }, sayDistance(l.distance, words, language)),
      el("span", { class: "address" }, sayAddress(l, how.city)),
      l.metro.length > 0 && el("span", { class: "metro" }, l.metro.join(", ")),
      el("span", { class: "state" }, el("span", { class: open ? "go" : "quiet" }, when), el("span", { class: tone }, room), days && el("span", null, days)));
  }

  function mark(l) {
    for (const li of ul.querySelectorAll("[aria-selected='true']")) li.setAttribute("aria-selected", "false");
    const li = l && reach(l);
    li?.setAttribute("aria-selected", "true");
    li?.scrollIntoView({ block: "nearest" });
  }

  // reach draws as far as a locker, and makes it the one that Tab comes to.
  function reach(l) {
    const at = all.indexOf(l);
    if (at < 0) return null;
    if (at >= drawn) more(at + portion);
    for (const li of ul.querySelectorAll("[tabindex='0']")) li.setAttribute("tabindex", "-1");
    ul.children[at].setAttribute("tabindex", "0");
    return ul.children[at];
  }

  const of = (event) => all.find((l) => l.id === event.target.closest("li")?.dataset.id);
  ul.addEventListener("click", (event) => of(event) && choose(of(event)));
  ul.addEventListener("keydown", (event) => {
    const at = all.indexOf(of(event));
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: drawn - 1, PageDown: at + 5, PageUp: at - 5 }[event.key];
    if (event.key === "Enter" || event.key === " ") choose(all[at], true);
    else if (to !== undefined) reach(all[Math.max(0, Math.min(to, all.length - 1))])?.focus();
    else return;
    event.preventDefault();
  });

  return {
    // show draws lockers from the first on; kept leaves the list where it is scrolled to, and the focus where it is.
    show(lockers, as, kept) {
      const [top, far, focused] = [ul.parentElement.scrollTop, drawn, ul.contains(document.activeElement) && document.activeElement.dataset.id];
      [all, drawn, how] = [lockers, 0, as];
      ul.replaceChildren();
      more(kept ? far : portion);
      ul.parentElement.scrollTop = kept ? top : 0;
      const again = kept && focused && all.find((l) => l.id === focused);
      if (again) reach(again).focus();
    },
    mark,
    focus: (l) => reach(l)?.focus(),
  };
}

// roomOf is what there is to say about a locker's room, and in which tone.
export function roomOf(l, words) {
  if (l.suspended) return [words.suspended, "stop"];
  if (l.free === 0) return [words.roomNone, "stop"];
  return l.free < 3 ? [words.roomLittle, "care"] : [words.roomFree, "go"];
}

// sayAddress leaves out the city where all are of one.
export function sayAddress(l, city) {
  if (!l.street) return l.address;
  return [city === l.city ? "" : l.city, l.street, l.house].filter(Boolean).join(", ");
}

export function sayDays(tariff, words) {
  if (!tariff?.delivery_max) return "";
  const { delivery_min: from, delivery_max: to } = tariff;
  return from === to || !from ? words.days.replace("{n}", to) : words.daySpan.replace("{from}", from).replace("{to}", to);
}

function sayDistance(metres, words, language) {
  const number = (n, digits) => n.toLocaleString(language, { maximumFractionDigits: digits });
  if (metres < 950) return words.metres.replace("{n}", number(Math.max(10, Math.round(metres / 10) * 10), 0));
  return words.kilometres.replace("{n}", number(metres / 1000, metres < 9500 ? 1 : 0));
}
