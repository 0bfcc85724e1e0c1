// card.js: one locker closely, and the button that picks it.
import { el } from "/assets/dom.js";
import { sayWeek } from "/select/hours.js";
import { roomOf, sayDays } from "/select/list.js";

export function drawCard(section, l, { words, openness, tariff, picked, pick, leave }) {
  const [room, tone] = roomOf(l, words);
  const sizes = ["S", "M", "L"].filter((size) => size in l.room).map((size) => el("span", { class: "size" }, el("b", null, size), ` ${l.room[size]}`));
  const days = sayDays(tariff, words);
  const facts = [
    [words.hours, el("span", null, el("bdi", null, sayWeek(l.hours, words)), !l.always && el("span", { class: openness.open ? "go" : "care" }, ` · ${openness.open ? words.open : words.closed}`))],
    [words.room, l.suspended || l.free === 0 ? el("span", { class: tone }, room) : el("span", { class: "sizes" }, sizes)],
    [words.delivery, days],
    [words.inside, [l.indoors ? words.indoors : words.outdoors, l.inside].filter(Boolean).join(". ")],
    [words.way, l.way],
  ];
  const parts = [
    el("div", { class: "title" }, el("h2", { id: "chosen-name" }, l.name), el("button", { type: "button", class: "bare", "aria-label": words.back, title: words.back, onclick: leave }, "×")),
    el("p", { class: "address" }, l.post_code && !l.address.includes(l.post_code) ? `${l.post_code}, ${l.address}` : l.address),
    l.metro.length > 0 && el("p", { class: "metro" }, l.metro.join(", ")),
    el("dl", null, facts.filter(([, said]) => said).flatMap(([name, said]) => [el("dt", null, name), el("dd", null, said)])),
    pick && button(l, words, picked, pick),
  ];
  section.replaceChildren(...parts.filter(Boolean));
}

function button(l, words, picked, pick) {
  if (picked) return el("button", { type: "button", class: "main go", disabled: true }, `✓ ${words.chosen}`);
  const none = l.suspended || l.free === 0;
  return el("button", { type: "button", class: "main", "aria-describedby": "chosen-name", disabled: none, onclick: pick }, none ? `${roomOf(l, words)[0]}. ${words.chooseOther}` : words.choose);
}
