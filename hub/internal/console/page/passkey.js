// passkey.js: signing in with a passkey, and making one of a one-time link.
import { languages, words } from "./words.js";
import { choose } from "/assets/language.js";

const w = words[choose(languages, document.documentElement.lang)];
const problem = document.getElementById("problem");

function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const read = await answer.json();
  if (!answer.ok) throw new Error(w.errors[read.code] ?? read.detail);
  return read;
}

// attempt runs a ceremony; what the browser or its owner refused is said without its technical name.
async function attempt(run) {
  say("");
  if (!globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON) return say(w.signIn.unsupported);
  try {
    location.replace((await run()).to);
  } catch (error) {
    say(error instanceof DOMException ? w.signIn.failed : error.message);
  }
}

document.getElementById("sign-in")?.addEventListener("click", () => attempt(async () => {
  const { publicKey } = await ask("/console/sign-in/begin", {});
  const key = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  return ask("/console/sign-in/finish", key.toJSON());
}));

const form = document.getElementById("enrol");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const Token = location.hash.slice(1), Name = form.device.value;
  if (!Token) return say(w.enrol.none);
  attempt(async () => {
    const { publicKey } = await ask("/console/enrol/begin", { Token });
    const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
    return ask("/console/enrol/finish", { Token, Name, Made: made.toJSON() });
  });
});
