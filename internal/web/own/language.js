// language.js: which of the languages of a page's words.js it speaks. languages is [code, name, locale] of each.

// choose is the language that the first of the codes asked for means that there is one for; English where there is none for any.
export function choose(languages, ...asked) {
  const plain = (code) => code.toLowerCase().split("-")[0];
  const known = asked.filter(Boolean).map((code) => languages.find(([own]) => plain(own) === plain(code))).find(Boolean);
  return known?.[0] ?? "en";
}

// after is the language that a button offers to somebody who reads this one: the next, round and round.
export function after(languages, code) {
  const [next, name] = languages[(languages.findIndex(([own]) => own === code) + 1) % languages.length];
  return { code: next, name };
}

// locale is how dates and numbers are written in a language.
export const locale = (languages, code) => languages.find(([own]) => own === code)[2];

// offer makes a button say which language it changes to.
export function offer(button, languages, code) {
  const next = after(languages, code);
  button.textContent = next.name;
  button.lang = next.code;
}
