// hours.js: when a locker can be reached. A week is seven days from Monday, each "09:00-21:00", with a break "09:00-21:00/13:00-14:00",
// or "NODAY"; times are those of the locker's wall.
const day = 24 * 60;
const always = /^00:0[01]-(23:59|24:00)$/;

function minutes(time) {
  const [hour, minute] = time.split(":").map(Number);
  return hour * 60 + minute;
}

function clock(minute) {
  const m = minute % day;
  return `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
}

// spans are the parts of a day that are open, in minutes; one over midnight ends beyond the day.
function spans(hours) {
  if (always.test(hours)) return [[0, day]];
  const parts = hours.split("/").map((span) => span.split("-").map(minutes));
  if (parts.flat().some(Number.isNaN)) return [];
  const [[from, to], pause] = parts;
  const end = to > from ? to : to + day;
  return pause ? [[from, pause[0]], [pause[1], end]] : [[from, end]];
}

export const roundTheClock = (week) => week.length === 7 && week.every((hours) => always.test(hours));

// openness says whether it is open on a day (0 is Monday) at a minute, and the time until which that holds, "" where it is not today's.
export function openness(week, today, minute) {
  if (roundTheClock(week)) return { open: true, until: "" };
  const of = (d) => spans(week[(d + 7) % 7] ?? "");
  const now = [...of(today - 1).map((span) => span.map((m) => m - day)), ...of(today), ...of(today + 1).map((span) => span.map((m) => m + day))];
  const at = now.find(([from, to]) => from <= minute && minute < to);
  if (!at) {
    const next = of(today).find(([from]) => from > minute);
    return { open: false, until: next ? clock(next[0]) : "" };
  }
  let end = at[1];
  for (const [from, to] of now) if (from <= end && to > end) end = to;
  return { open: true, until: end - minute < day ? clock(end) : "" };
}

// wall is the day and the minute in a time zone now; in the visitor's own where their browser does not know of it.
export function wall(zone, now = new Date()) {
  const format = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const parts = Object.fromEntries(clockOf(zone, format).formatToParts(now).map((part) => [part.type, part.value]));
  return { today: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts.weekday), minute: minutes(`${parts.hour}:${parts.minute}`) };
}

function clockOf(timeZone, format) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...format, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", format);
  }
}

// sayWeek tells the hours in words: days of one kind in a row together.
export function sayWeek(week, words) {
  const said = [];
  for (let from = 0, to; from < week.length; from = to) {
    for (to = from + 1; to < week.length && week[to] === week[from]; ) to++;
    const hours = sayDay(week[from], words);
    if (to - from === 7) return always.test(week[0]) ? hours : words.daily.replace("{hours}", hours);
    said.push(`${to - from > 1 ? `${words.week[from]}–${words.week[to - 1]}` : words.week[from]} ${hours}`);
  }
  return said.join("; ");
}

function sayDay(hours, words) {
  if (always.test(hours)) return words.roundTheClock;
  if (hours === "NODAY") return words.dayOff;
  const [open, pause] = hours.split("/").map((span) => span.replace("-", "–"));
  return pause ? `${open} (${words.break.replace("{hours}", pause)})` : open;
}
