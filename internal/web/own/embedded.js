// embedded.js: what a page answers when the demo holds it in a frame: the QR code it shows is readable, as it would be to
// anybody's camera.

// answerQR answers {lockstep: "qr?"} from the page that frames us with the text of the QR code now on screen ("" for none), and
// hands {lockstep: "seen", text} on, where a handler is given.
export function answerQR(currentText, seen) {
  if (window.parent === window) return;
  addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data !== "object" || event.data === null) return;
    const { lockstep, text } = event.data;
    if (lockstep === "qr?") event.source.postMessage({ lockstep: "qr", text: currentText() }, event.origin);
    if (lockstep === "seen" && seen && typeof text === "string") seen(text);
  });
}
