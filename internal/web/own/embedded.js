// embedded.js: what a page answers when the demo holds it in a frame: which screen it shows and the QR code on it, as anybody
// could see who looks at it.

// answerQR answers {lockstep: "qr?"} from the page that frames us with what is on the screen now: text, of its QR code ("" for
// none), and at, the words that name the screen. It hands {lockstep: "seen", text} on, where a handler is given.
export function answerQR(current, seen) {
  if (window.parent === window) return;
  addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data !== "object" || event.data === null) return;
    const { lockstep, text } = event.data;
    if (lockstep === "qr?") event.source.postMessage({ lockstep: "qr", ...current() }, event.origin);
    if (lockstep === "seen" && seen && typeof text === "string") seen(text);
  });
}
