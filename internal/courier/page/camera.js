// camera.js: one camera for all screens. It is opened once and goes on running while a courier is at a locker, so that the next parcel
// needs no tap; what it sees is read only where a screen asks for it.
const box = document.getElementById("viewer");
const video = box.querySelector("video");
const torch = document.getElementById("torch");

let opened = null; // of scan.js
let opening = null;
let lit = false;

// show has the camera running before the person, and calls seen with each text that it reads; wanted says which texts are ours. unable is
// called with the word for why it cannot.
export async function show(seen, wanted, unable) {
  box.hidden = false;
  const mine = (opening ??= open());
  let camera = null;
  try {
    camera = await mine;
  } catch (why) {
    if (opening === mine) stop();
    return unable(why.message === "missing" ? "missing" : "denied");
  }
  if (opening !== mine) return camera.stop(); // it was stopped meanwhile
  opened = camera;
  if (box.hidden) return;
  torch.hidden = !camera.torch;
  camera.listen(seen, wanted);
  video.play().catch(() => {}); // some browsers pause a video that was hidden
}

async function open() {
  const scan = await import("/assets/scan.js").catch(() => { throw new Error("missing"); }); // npm's parts may not be built
  return scan.open(video);
}

// hide reads nothing more; the camera goes on running.
export function hide() {
  box.hidden = true;
  opened?.listen();
}

export function stop() {
  hide();
  opened?.stop();
  opened = opening = null;
  lit = false;
  torch.setAttribute("aria-pressed", "false");
}

torch.addEventListener("click", async () => {
  lit = !lit;
  await opened?.torch(lit).catch(() => { lit = false; });
  torch.setAttribute("aria-pressed", String(lit));
});
