// merchant.js: what merchants' pages do beyond links and forms: the map in a form, all of a list ticked at once, and the choice of a locker
// put together for a shop of theirs.

const picker = document.querySelector("lockstep-locker-picker");
if (picker) {
  const folded = picker.closest("details:not([open])");
  const load = () => import("/select/picker.js");
  if (folded) folded.addEventListener("toggle", load, { once: true });
  else load();
  const into = document.getElementById(picker.dataset.into);
  picker.addEventListener("select", ({ detail }) => {
    if (!into) return;
    into.value = detail.id;
    document.getElementById(into.getAttribute("aria-describedby")).textContent = `${detail.name}, ${detail.address}`;
  });
}

for (const form of document.querySelectorAll("form[data-ticks]")) {
  const all = form.querySelector("[data-all]");
  const ticks = () => [...form.querySelectorAll("input[name=shipment]")];
  all.hidden = false;
  all.addEventListener("change", () => { for (const tick of ticks()) tick.checked = all.checked; });
  form.addEventListener("change", () => {
    const ticked = ticks().filter((tick) => tick.checked).length;
    all.checked = ticked === ticks().length;
    all.indeterminate = ticked > 0 && !all.checked;
  });
}

const wishes = document.getElementById("wishes");
if (wishes) configure(wishes, document.getElementById("preview"), document.getElementById("code"), document.getElementById("chosen"));

// configure keeps the code and the preview at what is wished for.
function configure(form, preview, code, chosen) {
  const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const list = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);

  function element(w) {
    const attributes = [["name", "locker"], ["city", w.city], ["from-city", w.from], ["cities", list(w.cities).join(",")], ["numbers", list(w.numbers).join(",")], ["lang", w.lang]];
    const said = attributes.filter(([, value]) => value).map(([name, value]) => ` ${name}="${quoted(value)}"`).join("");
    return `<script type="module" src="${form.dataset.hub}/select/picker.js"></` + `script>\n\n<lockstep-locker-picker${said}${w.required ? " required" : ""}></lockstep-locker-picker>`;
  }

  function script(w) {
    const options = { city: w.city, fromcity: w.from, cities: list(w.cities), numbers: list(w.numbers), lang: w.lang };
    for (const [name, value] of Object.entries(options)) if (!value.length) delete options[name];
    const said = JSON.stringify(options).replaceAll("<", "\\u003c");
    return `<script src="${form.dataset.hub}/select/postamat.js"></` + `script>\n\n<button type="button" id="choose">…</button>\n<input type="hidden" name="locker" id="locker"${w.required ? " required" : ""}>\n\n` +
      `<script>\ndocument.getElementById("choose").addEventListener("click", function () {\n  PickPoint.open(function (locker) { document.getElementById("locker").value = locker.id; }, ${said});\n});\n</` + "script>";
  }

  function show() {
    const w = Object.fromEntries(new FormData(form));
    code.textContent = w.way === "script" ? script(w) : element(w);
    for (const [name, value] of [["city", w.city], ["from-city", w.from], ["cities", list(w.cities).join(",")], ["numbers", list(w.numbers).join(",")]]) {
      if (value !== (preview.getAttribute(name) ?? "")) preview.setAttribute(name, value);
    }
    if (w.lang && w.lang !== preview.lang) preview.lang = w.lang;
  }

  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  preview.addEventListener("select", ({ detail }) => { chosen.textContent = `${detail.id}: ${detail.name}, ${detail.address}`; });
  const copy = document.getElementById("copy"), name = copy.textContent;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = copy.dataset.done;
    setTimeout(() => { copy.textContent = name; }, 2000);
  });
  show();
}
