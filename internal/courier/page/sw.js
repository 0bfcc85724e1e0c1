// sw.js: the courier's page without signal. Files come from the network while there is one, else from what was kept; what the
// carrier answers is never kept here.
const cache = "lockstep-courier-1";
const files = ["/courier/", ...["courier.js", "courier.css", "screens.js", "visit.js", "camera.js", "signal.js", "route.js", "done.js", "acts.js", "carry.js", "parts.js", "store.js", "device.js", "session.js", "words.js", "icon.svg", "app.webmanifest"].map((f) => `/courier/${f}`),
  ...["tokens.css", "dom.js", "language.js", "base45.js", "cbor.js", "cose.js", "statement.js", "embedded.js"].map((f) => `/assets/${f}`)];
const built = ["/assets/qr.js", "/assets/scan.js"]; // npm's; a server built without them serves none

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const kept = await caches.open(cache);
  await kept.addAll(files);
  await Promise.all(built.map((f) => kept.add(f).catch(() => {})));
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== cache) await caches.delete(name);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || (!files.includes(path) && !built.includes(path))) return;
  event.respondWith((async () => {
    const kept = await caches.open(cache);
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok) await kept.put(path, fresh.clone());
      return fresh;
    } catch (lost) {
      const old = await kept.match(path);
      if (old) return old;
      throw lost;
    }
  })());
});
