// kept.js keeps tickets in this browser's own storage, where the person has asked for that: the page then opens with them though it is
// opened without a link. Nothing of it is sent anywhere.
const key = "lockstep-tickets";
const day = 24 * 3600;
const most = 8; // tickets

// kept are the fragments that are kept, newest first, without those whose time is long over.
export function kept() {
  return read().map((one) => one.fragment);
}

// keep keeps a ticket for a week after it is due (seconds since 1970; 0 where that is unknown), and says whether this browser can.
export function keep(fragment, due) {
  const until = due ? due + 7 * day : now() + 60 * day;
  return write([{ fragment, due, until }, ...read().filter((one) => one.fragment !== fragment)].slice(0, most));
}

// dueOf is when a kept ticket is due, as was last heard: its own link may say less.
export const dueOf = (fragment) => read().find((one) => one.fragment === fragment)?.due ?? 0;

export function forget(fragment) {
  return write(read().filter((one) => one.fragment !== fragment));
}

const now = () => Date.now() / 1000;

function read() {
  try {
    const list = JSON.parse(localStorage.getItem(key) ?? "[]").filter((one) => typeof one.fragment === "string");
    const fresh = list.filter((one) => one.until > now());
    if (fresh.length < list.length) write(fresh);
    return fresh;
  } catch {
    return []; // storage is closed, or somebody else's
  }
}

function write(list) {
  try {
    if (list.length) localStorage.setItem(key, JSON.stringify(list));
    else localStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}
