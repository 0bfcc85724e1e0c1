// scan.js: reads QR codes (and, where the browser can, our barcodes) with the camera.
import jsQR from "jsqr";

const symbologies = ["qr_code", "code_128"];
const pause = 100; // ms between two looks
const gone = 1500; // ms without a text after which it counts as new again

async function nativeReader() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  const usable = symbologies.filter((f) => formats.includes(f));
  if (!usable.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: usable });
  return async (video) => (await detector.detect(video)).map((code) => code.rawValue);
}

function ownReader() {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    pen.drawImage(video, 0, 0);
    const image = pen.getImageData(0, 0, canvas.width, canvas.height);
    const code = jsQR(image.data, image.width, image.height, { inversionAttempts: "dontInvert" });
    return code ? [code.data] : [];
  };
}

// open plays the rear camera in a video element. It rejects when there is no camera or the person does not allow it. What it gives:
// listen(seen, wanted) calls seen with each text that comes before the camera, once for as long as it stays there; of several codes in one
// picture, such as those of a label, the one that is wanted, if one is. listen() looks at nothing. torch(on) is there where the phone has
// one; stop ends it all.
export async function open(video) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 }, resizeMode: "none" }, audio: false });
  video.srcObject = stream;
  await video.play();
  const track = stream.getVideoTracks()[0];
  const read = (await nativeReader()) ?? ownReader();
  const state = { on: true, seen: null, wanted: () => false, last: "", at: 0 };
  look(video, read, state);
  return {
    listen(seen = null, wanted = () => false) { Object.assign(state, { seen, wanted, last: "" }); },
    torch: track.getCapabilities?.().torch ? (on) => track.applyConstraints({ advanced: [{ torch: on }] }) : null,
    stop() {
      state.on = false;
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
  };
}

async function look(video, read, state) {
  while (state.on) {
    const seen = state.seen;
    const texts = seen && video.videoWidth ? await read(video).catch(() => []) : [];
    if (state.on && seen === state.seen) notice(texts.find(state.wanted) ?? texts[0], state);
    await new Promise((done) => setTimeout(done, pause));
  }
}

function notice(text, state) {
  const now = performance.now();
  if (!text || !state.seen) return;
  const same = text === state.last && now - state.at < gone;
  Object.assign(state, { last: text, at: now });
  if (!same) state.seen(text);
}
