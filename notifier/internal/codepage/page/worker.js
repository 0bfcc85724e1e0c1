// worker.js keeps the page's files so that it opens without a network. What is kept is kept under its address without the fragment, so
// nothing of a ticket is ever in this cache; what the notifier answers about parcels is not either.
const name = "code-page-2";
const files = ["./", "page.css", "page.js", "ticket.js", "kept.js", "ask.js", "place.js", "doors.js", "words.js", "language.js", "dom.js", "tokens.css", "base45.js", "icon.svg", "app.webmanifest"];

self.addEventListener("install", (e) => e.waitUntil(install()));
self.addEventListener("activate", (e) => e.waitUntil(activate()));
self.addEventListener("fetch", (e) => {
  if (e.request.method === "GET" && new URL(e.request.url).origin === location.origin) e.respondWith(answer(e.request));
});

async function install() {
  const cache = await caches.open(name);
  await cache.addAll(files);
  await cache.add("qr.js").catch(() => {}); // not in every build
  await self.skipWaiting();
}

async function activate() {
  for (const old of await caches.keys()) if (old !== name) await caches.delete(old);
  await self.clients.claim();
}

// answer asks the network first, so that a new version is seen, and falls back to what is kept.
async function answer(request) {
  const cache = await caches.open(name), [address] = request.url.split("#");
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(address, fresh.clone());
    return fresh;
  } catch {
    return (await cache.match(address)) ?? Response.error();
  }
}
