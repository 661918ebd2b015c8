// Pages of operations that were opened before can be read without network. They lie here until somebody signs out,
// or for the hours that the server says; pages of a shared phone never do.
const PAGES = "floor-pages";
const FILES = "floor-files";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("{% static '' %}")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url.pathname));
});

// Told by a page that was opened before this worker was there.
addEventListener("message", (event) => event.waitUntil(keepAll(event.data)));

async function keepAll({ page: address, files }) {
  const wanted = files.filter((url) => new URL(url).pathname.startsWith("{% static '' %}"));
  await Promise.all(wanted.map((url) => file(new Request(url)).catch(() => {})));
  if (address) await page(new Request(address), address);
}

async function file(request) {
  const cache = await caches.open(FILES);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request.url, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request.url);
    if (kept) return kept;
    throw error;
  }
}

async function page(request, address) {
  try {
    const answer = await fetch(request);
    if (answer.redirected && answer.url.includes("/sign-in/")) await caches.delete(PAGES);
    else await keep(address, answer);
    return answer;
  } catch (error) {
    const kept = await (await caches.open(PAGES)).match(address);
    if (kept && Date.parse(kept.headers.get("X-Kept-Until")) > Date.now()) return kept;
    throw error;
  }
}

async function keep(address, answer) {
  const hours = Number(answer.headers.get("X-Keep-Hours"));
  if (!answer.ok || !hours) return;
  const headers = new Headers(answer.headers);
  headers.set("X-Kept-Until", new Date(Date.now() + hours * 3600000).toUTCString());
  const copy = new Response(await answer.clone().blob(), { status: answer.status, headers });
  await (await caches.open(PAGES)).put(address, copy);
}
