// inbox.js shows /messages and looks again whenever /events says so.
const language = new URLSearchParams(location.search).get("language") ?? navigator.language;
const shown = new Set();
let first = true;

async function refresh() {
  const { messages } = await (await fetch("messages")).json();
  for (const channel of ["sms", "mail"]) {
    const list = document.getElementById(channel);
    for (const m of messages.filter((m) => m.channel === channel && !shown.has(m.id + m.at)).reverse()) list.prepend(item(m));
  }
  document.getElementById("count").textContent = `${messages.length} sent.`;
  first = false;
}

function item(m) {
  shown.add(m.id + m.at);
  const li = m.channel === "sms" ? bubble(m) : letter(m);
  if (!first) li.classList.add("new");
  return li;
}

function bubble(m) {
  const li = element("li"), text = element("div", "bubble");
  text.append(...marked(m.text));
  li.append(text, when(m));
  return li;
}

// marked is a text with its codes large and its links to be followed.
function marked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+|\b\d{3} \d{3} \d{3}\b)/).map((part) => {
    if (/^https?:/.test(part)) {
      const a = element("a", "", part.length > 48 ? part.slice(0, 44) + "…" : part);
      a.href = part;
      a.target = "_blank";
      a.rel = "noreferrer";
      return a;
    }
    return /^\d{3} \d{3} \d{3}$/.test(part) ? element("strong", "code", part) : document.createTextNode(part);
  });
}

function letter(m) {
  const li = element("li", m.codes ? "letter" : "letter short"), head = element("header");
  head.append(element("h3", "", m.subject), when(m));
  li.append(head);
  if (!m.html) {
    li.append(element("pre", "", m.text));
    return li;
  }
  const frame = element("iframe");
  frame.sandbox = "allow-popups allow-popups-to-escape-sandbox";
  frame.title = m.subject;
  frame.src = `messages/${encodeURIComponent(m.id)}/html`;
  li.append(frame);
  return li;
}

function when(m) {
  const time = new Date(m.at).toLocaleString(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  return element("p", "when", `→ ${m.to} · ${time}`);
}

function element(name, className = "", text = "") {
  const el = document.createElement(name);
  if (className) el.className = className;
  if (text) el.textContent = text;
  return el;
}

if (language.startsWith("ru")) {
  document.documentElement.lang = "ru";
  for (const [id, text] of Object.entries({ "phone-title": "Телефон", "mail-title": "Почта", "no-sms": "Сообщений пока нет. Положите посылку в постамат.", "no-mail": "Писем пока нет." })) {
    document.getElementById(id).textContent = text;
  }
}
new EventSource("events").onmessage = () => refresh().catch(() => {});
