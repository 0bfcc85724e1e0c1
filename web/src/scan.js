// scan.js: reads QR codes (and, where the browser can, our barcodes) with the camera.
import jsQR from "jsqr";

const symbologies = ["qr_code", "code_128"];

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

// watch plays the rear camera in a video element and calls seen with every text it reads, until the function it resolves to
// is called. Of several codes in one picture, such as those of a label, it takes the one that is wanted, if one is. It rejects when
// there is no camera or the person does not allow it.
export async function watch(video, seen, wanted) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  video.srcObject = stream;
  await video.play();
  const read = (await nativeReader()) ?? ownReader();
  let on = true;
  let last = "";
  const look = async () => {
    if (!on) return;
    const texts = video.videoWidth ? await read(video).catch(() => []) : [];
    const text = texts.find(wanted) ?? texts[0];
    if (on && text && text !== last) seen((last = text));
    setTimeout(look, 120);
  };
  look();
  return () => {
    on = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
