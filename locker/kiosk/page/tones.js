// tones.js: short tones for those who do not look at the screen. [frequency Hz, start s, length s]
const tunes = {
  press: [[660, 0, 0.12], [880, 0.14, 0.18]],
  open: [[880, 0, 0.2]],
  done: [[660, 0, 0.1], [880, 0.11, 0.1], [1175, 0.22, 0.22]],
  refused: [[300, 0, 0.22], [240, 0.24, 0.28]],
  alarm: [[980, 0, 0.15], [980, 0.3, 0.15], [980, 0.6, 0.15]],
};

let context = null;

// play sounds a tune; a browser that allows no sound yet stays silent. A door's tune says where the door is: it comes from its side of
// the screen, half an octave higher for the topmost doors and lower for the lowest.
export function play(name, place) {
  if (!tunes[name] || !("AudioContext" in globalThis)) return;
  context ??= new AudioContext();
  if (context.state === "suspended") return void context.resume().catch(() => {});
  const pitch = place ? 2 ** (0.5 - place.down) : 1;
  for (const [frequency, start, length] of tunes[name]) {
    const tone = new OscillatorNode(context, { frequency: frequency * pitch, type: "sine" });
    const side = new StereoPannerNode(context, { pan: place?.across ?? 0 });
    const volume = new GainNode(context, { gain: 0.18 });
    tone.connect(side).connect(volume).connect(context.destination);
    tone.start(context.currentTime + start);
    tone.stop(context.currentTime + start + length);
  }
}
