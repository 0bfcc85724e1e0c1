/* postamat.js: PickPoint.open(callback, options) lets a visitor choose a locker, PickPoint.close() gives it up. For pages of any origin
   and any age: ECMAScript 5, no library, no style of the page's. The list and the map are in a frame of the hub's origin.
   callback gets {id, name, address, zone, coeff, delivery_min, delivery_max, cityname, region} once the visitor has chosen; the
   widget is closed by then. */
(function () {
  "use strict";

  var said = {}; /* what it says, by language: the hub fills it in */
  var hub = originOf(ownScript().src);
  var current = null; // what is open: {dialog, frame, way, port, callback, before, overflow, mark, popped}
  var returning = false; // the history is on its way back to what it was

  function ownScript() {
    if (document.currentScript) return document.currentScript;
    var all = document.getElementsByTagName("script");
    for (var i = all.length - 1; i >= 0; i--) if (/\/postamat\.js(\?|$)/.test(all[i].src)) return all[i];
    return all[all.length - 1];
  }

  function originOf(url) {
    var link = document.createElement("a");
    link.href = url;
    return link.protocol + "//" + link.host.replace(/:(80|443)$/, function (port) { return port === (link.protocol === "https:" ? ":443" : ":80") ? "" : port; });
  }

  /* A shop gives what it likes: texts and numbers are kept as texts, lists as lists of such, everything else is not there. */
  function text(value) {
    return typeof value === "string" || (typeof value === "number" && isFinite(value)) ? String(value) : null;
  }

  function texts(value) {
    var list = [];
    if (Object.prototype.toString.call(value) !== "[object Array]") value = text(value) === null ? [] : text(value).split(",");
    for (var i = 0; i < value.length; i++) if (text(value[i])) list.push(text(value[i]).replace(/^\s+|\s+$/g, ""));
    return list;
  }

  function wishes(options) {
    var o = options && typeof options === "object" ? options : {};
    return { fromcity: text(o.fromcity), city: text(o.city), numbers: texts(o.numbers), ids: texts(o.ids), cities: texts(o.cities), locker: text(o.postamat_name), close: true };
  }

  /* The language that the shop chose, or its page is in; "" where neither says one that there is. */
  function language(options) {
    return spoken((options && text(options.lang)) || document.documentElement.lang);
  }

  function spoken(code) {
    var plain = String(code || "").toLowerCase().split("-")[0];
    return said.hasOwnProperty(plain) ? plain : "";
  }

  function words(lang) { return said[lang || spoken(navigator.language) || "en"]; }

  function dress(element, style) {
    for (var name in style) if (style.hasOwnProperty(name)) element.style.setProperty(name, style[name], "important");
    return element;
  }

  function build(lang) {
    var wide = window.innerWidth >= 768 && window.innerHeight >= 480;
    var title = words(lang).title;
    var dialog = dress(document.createElement("dialog"), { display: "block", position: "fixed", top: "0", left: "0", right: "0", bottom: "0", width: "100%", height: "100%", "max-width": "none", "max-height": "none",
      margin: "0", padding: "0", border: "0", "box-sizing": "border-box", overflow: "hidden", visibility: "visible", opacity: "1", filter: "none", transform: "none", background: "rgba(10, 14, 18, 0.6)", "z-index": "2147483647" });
    var frame = dress(document.createElement("iframe"), { display: "block", position: "absolute", top: "50%", left: "50%", transform: "translate(-50%, -50%)", width: wide ? "calc(100% - 48px)" : "100%", height: wide ? "calc(100% - 48px)" : "100%",
      "max-width": wide ? "1280px" : "none", "max-height": wide ? "860px" : "none", "min-width": "0", "min-height": "0", margin: "0", padding: "0", border: "0", "border-radius": wide ? "16px" : "0",
      "box-sizing": "border-box", background: "Canvas", visibility: "visible", opacity: "1" });
    dialog.setAttribute("aria-label", title);
    frame.setAttribute("title", title);
    frame.setAttribute("allow", "geolocation");
    frame.setAttribute("src", hub + "/select/" + (lang ? "?lang=" + lang : ""));
    dialog.appendChild(frame);
    return { dialog: dialog, frame: frame, way: dialog.appendChild(wayOut(lang)) };
  }

  /* The page has a way out of its own; until it is there, or if it never comes, there is this one. */
  function wayOut(lang) {
    var button = dress(document.createElement("button"), { position: "absolute", top: "16px", right: "16px", width: "48px", height: "48px", margin: "0", padding: "0", border: "0", "border-radius": "24px",
      background: "rgba(10, 14, 18, 0.75)", color: "#fff", font: "24px/48px sans-serif", "text-align": "center", cursor: "pointer" });
    button.setAttribute("type", "button");
    button.setAttribute("aria-label", words(lang).close);
    button.appendChild(document.createTextNode("×"));
    button.onclick = close;
    return button;
  }

  /* The port goes to the hub's page and to nobody else: a frame that shows another origin does not get it, and only who has it is heard. */
  function talk(shown, options) {
    var channel = new MessageChannel();
    shown.port = channel.port1;
    channel.port1.onmessage = function (event) {
      if (current !== shown || !event.data) return;
      if (event.data.lockstep === "ready" && shown.way.parentNode) shown.dialog.removeChild(shown.way);
      if (event.data.lockstep === "picked") finish(shown, event.data.locker);
      if (event.data.lockstep === "close") close();
    };
    shown.frame.contentWindow.postMessage({ lockstep: "open", options: wishes(options) }, hub, [channel.port2]);
  }

  function open(callback, options) {
    close();
    var shown = (current = build(language(options)));
    shown.callback = callback;
    shown.before = document.activeElement;
    shown.frame.onload = function () {
      if (current !== shown) return;
      if (shown.port) shown.port.close();
      talk(shown, options);
      shown.frame.focus();
    };
    shown.dialog.addEventListener("cancel", function (event) { event.preventDefault(); close(); });
    shown.dialog.addEventListener("click", function (event) { if (event.target === shown.dialog) close(); });
    document.body.appendChild(shown.dialog);
    shown.overflow = document.documentElement.style.overflow;
    document.documentElement.style.overflow = "hidden";
    if (shown.dialog.showModal) shown.dialog.showModal();
    remember(shown);
  }

  /* While it is open the browser's way back closes it: an entry of the same address is put on top of the history and taken off again. */
  function remember(shown) {
    if (returning) return; // once it is back
    shown.mark = "lockstep-" + new Date().getTime();
    try {
      history.pushState({ lockstep: shown.mark }, "");
    } catch (e) {
      shown.popped = true; // a page without a history
    }
    window.addEventListener("popstate", popped);
  }

  function popped() {
    if (!current) return;
    current.popped = true;
    close();
  }

  /* forget calls then once the history is as it was, so that a callback may leave the page. */
  function forget(shown, then) {
    window.removeEventListener("popstate", popped);
    if (shown.popped || !shown.mark || !history.state || history.state.lockstep !== shown.mark) return then();
    var done = false;
    function once() {
      if (done) return;
      done = true;
      window.removeEventListener("popstate", once);
      returning = false;
      then();
      if (current && !current.mark) remember(current);
    }
    returning = true;
    window.addEventListener("popstate", once);
    setTimeout(once, 500);
    history.back();
  }

  function close() { leave(function () {}); }

  function leave(then) {
    var shown = current;
    if (!shown) return;
    current = null;
    if (shown.port) shown.port.close();
    if (shown.dialog.close && shown.dialog.open) shown.dialog.close();
    if (shown.dialog.parentNode) shown.dialog.parentNode.removeChild(shown.dialog);
    document.documentElement.style.overflow = shown.overflow;
    if (shown.before && shown.before.focus) shown.before.focus();
    forget(shown, then);
  }

  function finish(shown, locker) {
    leave(function () {
      if (typeof shown.callback === "function") shown.callback(answer(locker));
    });
  }

  /* Shops' software takes the address apart at its commas: post code, region, city, street, house. */
  function answer(l) {
    var parts = [l.post_code, l.region, l.city, l.street, l.house];
    var address = l.address;
    for (var i = 0, whole = true; i < parts.length; i++) {
      parts[i] = String(parts[i] || "").replace(/\s*,\s*/g, " ");
      whole = whole && parts[i] !== "";
    }
    if (whole) address = parts.join(", ");
    return { id: l.id, name: l.name, address: address, zone: l.zone, coeff: l.coeff, delivery_min: l.delivery_min, delivery_max: l.delivery_max, cityname: l.city, region: l.region };
  }

  window.PickPoint = window.PickPoint || {};
  window.PickPoint.open = open;
  window.PickPoint.close = close;
})();
