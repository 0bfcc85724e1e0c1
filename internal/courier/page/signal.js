// signal.js: tells somebody who looks at a parcel, not at the phone, that a code was read: a tone, a shake and a big tick.
let context = null;

// ready is called from a tap: before one, no browser lets a page sound.
export function ready() {
  if (!("AudioContext" in globalThis)) return;
  context ??= new AudioContext();
  context.resume().catch(() => {});
}

let fading = 0;

// read says that a code was read.
export function read() {
  beep();
  globalThis.navigator.vibrate?.(80);
  const tick = document.getElementById("tick");
  tick.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { tick.hidden = true; }, 700);
}

function beep() {
  if (context?.state !== "running") return;
  const tone = new OscillatorNode(context, { frequency: 1320, type: "sine" });
  tone.connect(new GainNode(context, { gain: 0.2 })).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.12);
}
