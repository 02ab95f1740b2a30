// Keeps the register at hand when the network is gone. It rules /mairie/pointage/ alone; what is sent from there is never
// kept here: marks wait in the page's own queue (attendance.js).

const PAGES = "pointage-pages", ASSETS = "pointage-fichiers";
const PATIENCE = 6_000; // milliseconds before the kept page is shown instead of a slow network's
const KEPT = 36 * 3600_000; // names of children do not stay longer on a tablet
const HASHED = /\.[0-9a-f]{12}\./; // such a file never changes

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (["style", "script", "image", "font"].includes(request.destination)) event.respondWith(asset(request));
});

/* One kept page per register: what a search or an undoing adds to the address is left out. */
function key(address, without = []) {
  const url = new URL(address);
  url.hash = "";
  for (const name of ["annuler", "q", ...without]) url.searchParams.delete(name);
  return url.href;
}

async function page(request) {
  const pages = await caches.open(PAGES);
  await forget(pages);
  const kept = (await pages.match(key(request.url), { ignoreVary: true }))
    ?? (await pages.match(key(request.url, ["heures"]), { ignoreVary: true }));
  const asked = fetch(request).then(async (answer) => {
    if (answer.status >= 500 && kept) return kept;
    if (answer.ok && answer.type === "basic" && !answer.redirected) await pages.put(key(request.url), answer.clone());
    return answer;
  });
  if (!kept) return asked.catch(nothing);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
  return Promise.race([asked.catch(() => kept), late]);
}

async function asset(request) {
  const files = await caches.open(ASSETS);
  const kept = await files.match(request.url, { ignoreVary: true });
  if (kept && HASHED.test(request.url)) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function forget(pages) {
  for (const request of await pages.keys()) {
    const answer = await pages.match(request);
    const made = Date.parse(answer?.headers.get("Date") ?? "");
    if (made && Date.now() - made > KEPT) await pages.delete(request);
  }
}

function nothing() {
  const words = `<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hors ligne</title><h1>Hors ligne</h1><p>Cette page n'a pas été gardée sur cette tablette. Revenez à une page de
pointage déjà ouverte aujourd'hui, ou réessayez quand le réseau est revenu.</p>`;
  return new Response(words, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
