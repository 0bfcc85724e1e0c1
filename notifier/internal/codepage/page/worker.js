// worker.js keeps the page's files so that it opens without a network. A fragment is never part of a request, so nothing of a
// ticket is ever in this cache.
const name = "code-page-1";
const files = ["./", "page.css", "page.js", "ticket.js", "words.js", "language.js", "tokens.css", "base45.js"];

self.addEventListener("install", (e) => e.waitUntil(install()));
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => {
  if (e.request.method === "GET" && new URL(e.request.url).origin === location.origin) e.respondWith(answer(e.request));
});

async function install() {
  const cache = await caches.open(name);
  await cache.addAll(files);
  await cache.add("qr.js").catch(() => {}); // not in every build
  await self.skipWaiting();
}

// answer asks the network first, so that a new version is seen, and falls back to what is kept.
async function answer(request) {
  const cache = await caches.open(name);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}
