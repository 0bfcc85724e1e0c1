// picker.js: <lockstep-locker-picker>, a form field whose value is the id of the locker that the visitor has chosen. It dispatches
// "select", a CustomEvent whose detail is the locker: id, name, address, post_code, region, city, country, latitude, longitude, indoors,
// hours, zone, coeff, delivery_min, delivery_max. Attributes: hub, city, from-city, cities, numbers, lang, name, required, value.
import { languages, words } from "./words.js";

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { display: block; box-sizing: border-box; height: 40rem; max-height: 90vh; border: 1px solid light-dark(#d6d3ca, #38424b); border-radius: 0.75rem; overflow: hidden; }
  :host([hidden]) { display: none; }
  iframe { display: block; width: 100%; height: 100%; border: 0; }
`);

export class LockerPicker extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["hub", "city", "from-city", "cities", "numbers", "lang", "required", "value"];
  #internals = this.attachInternals();
  #frame = document.createElement("iframe");
  #port = null;
  #locker = null;
  #value = "";
  #waiting = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [style];
    this.#frame.allow = "geolocation";
    this.#frame.addEventListener("load", () => this.#talk());
    root.append(this.#frame);
  }

  // value is the chosen locker's id, "" for none; locker is what the last "select" event said.
  get value() { return this.#value; }
  set value(id) { this.#choose(String(id ?? ""), null); this.#show(); }
  get locker() { return this.#locker; }
  get form() { return this.#internals.form; }
  get name() { return this.getAttribute("name") ?? ""; }
  get type() { return this.localName; }
  get validity() { return this.#internals.validity; }
  get validationMessage() { return this.#internals.validationMessage; }
  get willValidate() { return this.#internals.willValidate; }
  checkValidity() { return this.#internals.checkValidity(); }
  reportValidity() { return this.#internals.reportValidity(); }

  connectedCallback() {
    if (!this.#value) this.#value = this.getAttribute("value") ?? "";
    this.#choose(this.#value, this.#locker);
    this.#show();
  }

  attributeChangedCallback(name) {
    if (!this.isConnected) return;
    if (name === "value") this.#choose(this.getAttribute("value") ?? "", null);
    if (name === "required") this.#choose(this.#value, this.#locker);
    else this.#show();
  }

  formResetCallback() { this.value = this.getAttribute("value") ?? ""; }
  formStateRestoreCallback(state) { this.value = state; }

  get #origin() { return new URL(this.getAttribute("hub") || import.meta.url, document.baseURI).origin; }

  // The language that the shop's page says; "" where it says none that there is.
  get #language() {
    const chosen = (this.lang || this.closest("[lang]")?.lang || "").toLowerCase().split("-")[0];
    return languages.find(([code]) => code === chosen)?.[0] ?? "";
  }

  get #words() { return words[this.#language] ?? words[navigator.language.split("-")[0]] ?? words.en; }

  #choose(id, locker) {
    this.#value = id;
    this.#locker = locker;
    this.#internals.setFormValue(id || null, id);
    const missing = this.hasAttribute("required") && !id;
    this.#internals.setValidity(missing ? { valueMissing: true } : {}, missing ? this.#words.missing : "", this.#frame);
  }

  // show loads the page anew, once for all that is changed at one time.
  #show() {
    if (!this.isConnected || this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => {
      this.#waiting = false;
      this.#frame.title = this.#words.title;
      this.#frame.src = `${this.#origin}/select/${this.#language ? `?lang=${this.#language}` : ""}`;
    });
  }

  // The port goes to the hub's page and to nobody else, and only who has it is heard.
  #talk() {
    if (!this.#frame.src) return;
    this.#port?.close();
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.#port.onmessage = ({ data }) => {
      if (data?.lockstep !== "picked") return;
      this.#choose(data.locker.id, Object.freeze(data.locker));
      this.dispatchEvent(new CustomEvent("select", { detail: data.locker, bubbles: true, composed: true }));
      this.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const list = (name) => (this.getAttribute(name) ?? "").split(",").map((part) => part.trim()).filter(Boolean);
    const options = { city: this.getAttribute("city"), fromcity: this.getAttribute("from-city"), cities: list("cities"), numbers: list("numbers"), locker: this.#value || null };
    this.#frame.contentWindow?.postMessage({ lockstep: "open", options }, this.#origin, [channel.port2]);
  }
}

customElements.define("lockstep-locker-picker", LockerPicker);
