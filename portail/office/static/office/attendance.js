// The register on a tablet: one tap writes at once, here first, then to the server; without a network the taps wait in
// this tablet's queue and leave when it is back, each with an identifier of its own, so that none is lost or counted
// twice. Without this module the page is a plain form.

const tablet = document.getElementById("tablet");
const { worker, send, made = "", zone, activity = "", day = "", times = "" } = tablet.dataset;
const CYCLE = ["", "present", "justified", "absent"];
const WORDS = { "": "à pointer", present: "présent", justified: "absent, justifié", absent: "absent" };
const KEPT = 36 * 3600_000; // as long as the pages (attendance-worker.js)
const FRESH = 5 * 60_000;
const AT_ONCE = 200, RETRY = 15_000, QUARTER = 15, MOST_OTHERS = 600;
const PAGES = "pointage-pages", ASSETS = "pointage-fichiers";
const state = document.getElementById("tablet-state"), said = document.getElementById("tablet-said");
const isRegister = tablet.tagName === "FORM";

/* ---- What this tablet keeps: taps that the server has not answered; what it answered since the page was made, for a
   page shown again without a network; conflicts not read yet ---- */

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("pointage", 1); // throws, thus rejects, where it is forbidden
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("taps", { keyPath: "n", autoIncrement: true });
    asked.result.createObjectStore("heard", { keyPath: "cell" });
    asked.result.createObjectStore("notes", { keyPath: "id" });
  };
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

/* Where a browser keeps nothing (private windows), the page's own memory: taps live as long as it stays open. */
class Shelf {
  rows = new Map();
  constructor(key) { this.key = key; }
  getAll() { return { result: [...this.rows.values()] }; }
  add(row) { return this.put({ ...row, n: (this.last = (this.last ?? 0) + 1) }); }
  put(row) { this.rows.set(row[this.key], row); return {}; }
  delete(key) { this.rows.delete(key); return {}; }
}
const shelves = { taps: new Shelf("n"), heard: new Shelf("cell"), notes: new Shelf("id") };

async function store(name, mode, act) {
  const base = await opened.catch(() => null);
  if (!base) return act(shelves[name]).result;
  return new Promise((resolve, reject) => {
    const turn = base.transaction(name, mode, { durability: "strict" });
    const asked = act(turn.objectStore(name));
    turn.oncomplete = () => resolve(asked.result);
    turn.onabort = turn.onerror = () => reject(turn.error);
  });
}

const waiting = () => store("taps", "readonly", (taps) => taps.getAll());
const notes = () => store("notes", "readonly", (kept) => kept.getAll());

const pending = new Map(); // cell -> the identifier of its last tap on its way
const cellOf = (tap) => `${tap.day}/${tap.activity}/${tap.person}`;

function identifier() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/* ---- One tap ---- */

const undone = [];
const rowOf = (person) => document.querySelector(`.pupil[data-person="${CSS.escape(person)}"]`);
const minutesOf = (text) => (text === "" || text === undefined ? null : Number(text));
const held = (row) => ({
  mark: row?.dataset.mark ?? "", arrived: minutesOf(row?.dataset.arrived), left: minutesOf(row?.dataset.left),
});

async function write(person, wanted, { remember = true } = {}) {
  const row = rowOf(person);
  const before = held(row);
  const tap = {
    id: identifier(), person, activity, day, mark: wanted.mark, arrived: wanted.arrived ?? null,
    left: wanted.left ?? null, seen: "", made_at: new Date().toISOString(), name: row?.dataset.name ?? person,
  };
  const earlier = pending.get(cellOf(tap));
  tap.seen = earlier ? `g:${earlier}` : `t:${row?.dataset.version ?? ""}`;
  pending.set(cellOf(tap), tap.id);
  state.dataset.waiting = pending.size;
  if (remember) undone.push({ person, ...before });
  paint(tap);
  await store("taps", "readwrite", (taps) => taps.add(tap));
  await tell();
  flush();
}

function paint(tap) {
  const row = rowOf(tap.person) ?? stranger(tap);
  if (row.closest("#others")) adopt(row);
  row.classList.remove("unmarked", ...CYCLE.filter(Boolean));
  row.classList.add(tap.mark || "unmarked");
  Object.assign(row.dataset, { mark: tap.mark, arrived: tap.arrived ?? "", left: tap.left ?? "" });
  row.querySelector("[data-state]").textContent = WORDS[tap.mark];
  for (const name of ["arrived", "left"]) choose(row.querySelector(`[data-${name}]`), tap[name]);
  count();
}

function choose(select, minutes) {
  if (!select) return;
  const value = minutes === null ? "" : String(minutes);
  if (![...select.options].some((option) => option.value === value)) select.add(new Option(clock(minutes), value));
  select.value = value;
}

const clock = (minutes) => `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${String(minutes % 60).padStart(2, "0")}` : ""}`;

function added() {
  const section = document.getElementById("added");
  section.hidden = false;
  return section.querySelector("ul");
}

/* A child who was not expected joins the list. */
function adopt(row) {
  delete row.dataset.other;
  row.hidden = false;
  row.querySelector(".signs").insertAdjacentHTML("beforeend", '<span class="tag warn">non réservé</span>');
  added().append(row);
}

/* A badge of a child whom this page does not know. */
function stranger(tap) {
  const row = document.createElement("li");
  row.className = "pupil";
  Object.assign(row.dataset, { person: tap.person, version: "", name: tap.name });
  const button = Object.assign(document.createElement("button"), { className: "touch", name: "tap" });
  button.append(...["pupil-name", "signs", "outcome"].map((name) => Object.assign(document.createElement("span"), { className: name })));
  button.querySelector(".pupil-name").textContent = tap.name;
  button.querySelector(".outcome").dataset.state = "";
  row.append(button);
  added().append(row);
  return row;
}

function count() {
  const rows = [...document.querySelectorAll(".pupil:not([data-other])")];
  const set = (name, number) => {
    const place = document.querySelector(`#tally [data-${name}]`);
    if (place) place.textContent = number;
  };
  set("expected", rows.length);
  set("ticked", rows.filter((row) => row.dataset.mark).length);
  set("present", rows.filter((row) => row.dataset.mark === "present").length);
  const undo = document.getElementById("undo");
  if (undo) undo.hidden = undone.length === 0;
}

/* The nearest quarter of an hour on the town's clock, wherever the tablet thinks that it is. */
const quarterNow = () => {
  const [hours, minutes] = new Date().toLocaleTimeString("fr-FR", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).split(":").map(Number);
  return Math.floor((hours * 60 + minutes + Math.floor(QUARTER / 2)) / QUARTER) * QUARTER;
};

function tapped(row) {
  const mark = CYCLE[(CYCLE.indexOf(row.dataset.mark) + 1) % CYCLE.length];
  write(row.dataset.person, { mark });
}

function badge(typed) {
  const code = typed.trim();
  if (!code) return;
  if (!/^\d{3,8}$/.test(code)) {
    announce(`« ${code.slice(0, 20)} » n'est pas un code enfant.`);
    return;
  }
  const row = rowOf(code), now = quarterNow(), before = held(row);
  if (before.mark !== "present") write(code, { mark: "present", arrived: times ? now : null });
  else if (times) write(code, { ...before, left: Math.max(now, before.arrived ?? 0) });
  announce(`${row?.dataset.name ?? code} : présent.`);
}

function announce(words) {
  document.getElementById("announce").textContent = words;
  const line = document.getElementById("scanned") ?? Object.assign(document.createElement("p"), { id: "scanned", className: "scanned" });
  line.textContent = words;
  tablet.querySelector(".tablet-bar")?.after(line);
}

/* ---- To the server ---- */

let busy = false, again = 0, token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

async function post(taps) {
  const gestures = taps.map(({ n, name, ...tap }) => tap);
  return fetch(send, {
    method: "POST", redirect: "manual", credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify({ gestures }),
  });
}

/* The page may have been kept for hours: its token is renewed once before giving up. */
async function sent(taps) {
  const answer = await post(taps);
  if (answer.status !== 403) return answer;
  const fresh = await fetch(send, { redirect: "manual", headers: { Accept: "application/json" } });
  if (!fresh.ok) return fresh;
  ({ token } = await fresh.json());
  return post(taps);
}

async function flush() {
  if (busy) return;
  busy = true;
  clearTimeout(again);
  try {
    const turn = async (lock) => lock === null || drain();
    if (navigator.locks) await navigator.locks.request("pointage", { ifAvailable: true }, turn);
    else await turn();
  } catch {
    // No network: the taps wait.
    await tell("Hors ligne");
  } finally {
    busy = false;
  }
  if ((await waiting()).length) again = setTimeout(flush, RETRY);
}

async function drain() {
  let size = AT_ONCE, heard = false;
  for (let taps = await waiting(); taps.length; taps = await waiting()) {
    const some = taps.slice(0, size);
    const answer = await sent(some);
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      await tell("Votre session est terminée");
      return;
    }
    if (answer.status === 400 && size > 1) {
      size = 1; // one of them cannot be read: the others must not wait for it
      continue;
    }
    if (answer.status === 400) await settle(some[0], { outcome: "refused", words: "ce pointage n'a pas pu être lu." });
    else if (!answer.ok) throw new Error(String(answer.status));
    else await heed(some, await answer.json());
    heard = true;
    await tell();
  }
  await tell();
  if (heard) keepSoon();
}

async function heed(taps, { at, receipts }) {
  const byId = new Map(receipts.map((receipt) => [receipt.id, receipt]));
  for (const tap of taps) {
    const receipt = byId.get(tap.id);
    if (!receipt) continue;
    if (receipt.outcome !== "refused") {
      const { person, name } = tap, { mark, arrived, left, version } = receipt;
      const told = { cell: cellOf(tap), day: tap.day, activity: tap.activity, person, name, mark, arrived, left, version, at };
      await store("heard", "readwrite", (heard) => heard.put(told));
    }
    await settle(tap, receipt);
  }
}

/* The server's word about a tap: the tap leaves the queue, the row shows what holds unless a later tap is on its way. */
async function settle(tap, receipt) {
  if (receipt.outcome !== "applied") {
    const { n, ...told } = tap;
    const words = receipt.outcome === "refused" ? `${tap.name} : ${receipt.words}` : receipt.words;
    await store("notes", "readwrite", (kept) => kept.put({ ...told, words, outcome: receipt.outcome, version: receipt.version ?? "" }));
    await showNotes();
  }
  await store("taps", "readwrite", (taps) => taps.delete(tap.n));
  const last = pending.get(cellOf(tap)) === tap.id;
  if (last) pending.delete(cellOf(tap));
  if (!isRegister || tap.activity !== activity || tap.day !== day) return;
  const row = rowOf(tap.person);
  if (row && receipt.version !== undefined) row.dataset.version = receipt.version;
  if (last && receipt.mark !== undefined) paint({ ...tap, mark: receipt.mark, arrived: receipt.arrived, left: receipt.left });
}

async function tell(trouble = "") {
  const many = (await waiting()).length;
  const words = many ? `${many} pointage${many > 1 ? "s" : ""} à envoyer` : "";
  const offline = trouble || (navigator.onLine ? "" : "Hors ligne");
  state.hidden = !words && !offline;
  state.classList.toggle("warn", Boolean(offline));
  state.dataset.waiting = many;
  state.textContent = [offline, words || (offline && "tout est envoyé")].filter(Boolean).join(" : ");
  if (trouble.startsWith("Votre session")) {
    const here = encodeURIComponent(location.pathname + location.search);
    state.append(" ", Object.assign(document.createElement("a"), { href: `/mairie/connexion/?suite=${here}`, textContent: "Se reconnecter pour les envoyer" }));
  }
}

async function showNotes() {
  const kept = await notes();
  said.replaceChildren(...kept.map((note) => {
    const box = Object.assign(document.createElement("div"), { className: "notice warn conflict" });
    box.setAttribute("role", "alert");
    const words = Object.assign(document.createElement("p"), { textContent: note.words });
    const acts = Object.assign(document.createElement("p"), { className: "actions" });
    const forget = async () => { await store("notes", "readwrite", (all) => all.delete(note.id)); await showNotes(); };
    if (note.outcome === "conflict") acts.append(button(`Noter « ${WORDS[note.mark]} » quand même`, () => insist(note).then(forget)));
    acts.append(button("J'ai lu", forget));
    box.append(Object.assign(document.createElement("div"), {}));
    box.firstChild.append(words, acts);
    return box;
  }));
}

function button(words, act) {
  const one = Object.assign(document.createElement("button"), { type: "button", className: "btn plain", textContent: words });
  one.addEventListener("click", act);
  return one;
}

async function insist(note) {
  const { words, outcome, version, ...tap } = note;
  const sure = { ...tap, id: identifier(), seen: `t:${version}`, made_at: new Date().toISOString() };
  pending.set(cellOf(sure), sure.id);
  if (isRegister && sure.activity === activity && sure.day === day) paint(sure);
  await store("taps", "readwrite", (taps) => taps.add(sure));
  await tell();
  flush();
}

/* ---- At hand without a network ---- */

let soon = 0;
const keepSoon = () => { clearTimeout(soon); soon = setTimeout(keep, 1500, 0); };

/* Pages kept less than `age` ago are left as they are: opening the choice must not ask for every register again. */
async function keep(age = FRESH) {
  if (!("caches" in window) || !navigator.onLine) return;
  const files = await caches.open(ASSETS), pages = await caches.open(PAGES);
  const addresses = [...document.querySelectorAll("link[rel=stylesheet],link[rel=icon],script[src],img[src],use")]
    .map((one) => one.href?.baseVal?.split("#")[0] ?? one.href ?? one.src).filter(Boolean);
  for (const address of new Set(addresses.map((one) => new URL(one, location).href))) {
    if (!address.startsWith("data:") && !(await files.match(address, { ignoreVary: true }))) await keepOne(files, address);
  }
  const here = new URL(location);
  here.hash = "";
  for (const name of ["annuler", "q"]) here.searchParams.delete(name);
  for (const address of [here.href, ...[...document.querySelectorAll("a[data-keep]")].map((link) => link.href)]) {
    const made = Date.parse((await pages.match(address, { ignoreVary: true }))?.headers.get("Date") ?? "");
    if (!(Date.now() - made < age)) await keepOne(pages, address);
  }
  document.documentElement.dataset.kept = "1";
}

async function keepOne(cache, address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) await cache.put(address, answer);
  } catch {
    // Later.
  }
}

/* What is known here and not on the page, which may have been kept for hours: answers first, then taps on their way. */
async function begin() {
  const show = (tap) => {
    if (tap.day !== day) return;
    if (document.querySelector(".evacuation-count")) evacuate(tap);
    if (!isRegister || tap.activity !== activity) return;
    paint(tap);
    if (tap.version !== undefined) rowOf(tap.person).dataset.version = tap.version;
  };
  for (const told of await store("heard", "readonly", (heard) => heard.getAll())) {
    if (Date.now() - Date.parse(told.at) > KEPT) await store("heard", "readwrite", (heard) => heard.delete(told.cell));
    else if (Date.parse(told.at) > Date.parse(made)) show(told);
  }
  for (const tap of await waiting()) {
    pending.set(cellOf(tap), tap.id);
    show(tap);
  }
  await tell();
  await showNotes();
  if ("serviceWorker" in navigator) {
    await navigator.serviceWorker.register(worker);
    await navigator.serviceWorker.ready;
  }
  await keep();
}

/* The list for an evacuation, with what this tablet has not sent yet. */
function evacuate(tap) {
  const here = tap.mark === "present" && tap.left === null;
  let row = document.querySelector(`.roll [data-person="${CSS.escape(tap.person)}"]`);
  if (!row && here) {
    row = document.createElement("li");
    row.dataset.person = tap.person;
    row.append(...[["span", "box", ""], ["b", "", tap.name]].map(([tag, className, textContent]) =>
      Object.assign(document.createElement(tag), { className, textContent })));
    extraRoll().append(row);
  }
  if (!row) return;
  row.hidden = !here && tap.mark !== "";
  row.className = here ? "sure" : "unsure";
  const set = (name, kind) => {
    const place = document.querySelector(`[data-${name}]`);
    if (place) place.textContent = document.querySelectorAll(`.roll .${kind}:not([hidden])`).length;
  };
  set("here", "sure");
  set("unsure", "unsure");
}

function extraRoll() {
  const found = document.querySelector(".roll.extra");
  if (found) return found;
  const roll = Object.assign(document.createElement("ul"), { className: "roll extra" });
  document.querySelector(".evacuation-count").after(roll);
  document.querySelector(".empty")?.remove();
  return roll;
}

/* ---- Gestures on the page ---- */

if (isRegister) {
  tablet.addEventListener("submit", (event) => {
    event.preventDefault();
    const by = event.submitter;
    if (by?.classList.contains("touch")) tapped(by.closest(".pupil"));
    else if (by?.value === "all") {
      for (const row of document.querySelectorAll('.pupil:not([data-other])[data-mark=""]')) write(row.dataset.person, { mark: "present" });
    } else if (by?.value !== "times") {
      const input = document.getElementById("badge");
      badge(input.value);
      input.value = "";
      input.focus();
    }
  });
  tablet.addEventListener("change", (event) => {
    const row = event.target.closest(".hours")?.closest(".pupil");
    if (!row) return;
    const [arrived, left] = ["arrived", "left"].map((name) => minutesOf(row.querySelector(`[data-${name}]`).value));
    if (arrived !== null && left !== null && left < arrived) {
      announce(`${row.dataset.name} : le départ vient avant l'arrivée.`);
      for (const name of ["arrived", "left"]) choose(row.querySelector(`[data-${name}]`), held(row)[name]);
    } else write(row.dataset.person, { mark: "present", arrived, left });
  });
  for (const now of document.querySelectorAll("[data-now]")) {
    now.hidden = false;
    now.addEventListener("click", () => {
      const row = now.closest(".pupil"), before = held(row);
      const at = quarterNow();
      if (before.arrived === null && before.mark !== "present") {
        write(row.dataset.person, { mark: "present", arrived: at });
      } else {
        write(row.dataset.person, { mark: "present", arrived: before.arrived, left: Math.max(at, before.arrived ?? 0) });
      }
    });
  }
  for (const id of ["save-times", "undo-plain"]) document.getElementById(id)?.remove();
  document.getElementById("undo").addEventListener("click", () => {
    const { person, ...before } = undone.pop();
    write(person, before, { remember: false });
  });
  finder();
  camera();
}

function finder() {
  const input = document.getElementById("q"), others = document.getElementById("others");
  if (!input) return;
  const bare = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const show = () => {
    const words = bare(input.value).split(/\s+/).filter(Boolean);
    others.hidden = words.length === 0;
    for (const row of others.children) {
      const name = bare(`${row.dataset.name} ${row.dataset.person}`);
      row.hidden = !words.every((word) => name.includes(word));
    }
  };
  input.addEventListener("input", show);
  document.getElementById("finder").addEventListener("submit", (event) => {
    if (others.children.length < MOST_OTHERS) event.preventDefault();
    show();
  });
}

function camera() {
  const start = document.getElementById("camera"), view = document.getElementById("camera-view");
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  start.hidden = false;
  let stream = null, last = "";
  const look = async (detector) => {
    if (!stream) return;
    const [found] = await detector.detect(view).catch(() => []);
    if (found && found.rawValue !== last) badge(found.rawValue);
    last = found?.rawValue ?? "";
    setTimeout(look, 300, detector);
  };
  start.addEventListener("click", async () => {
    if (stream) {
      for (const track of stream.getTracks()) track.stop();
      stream = null;
      view.hidden = true;
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      announce("L'appareil photo n'est pas disponible.");
      return;
    }
    view.srcObject = stream;
    view.hidden = false;
    await view.play();
    look(new BarcodeDetector());
  });
}

document.querySelector("form.logout")?.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const many = Number(state.dataset.waiting ?? 0);
  if (many && !confirm(`${many} pointages de cette tablette ne sont pas encore envoyés. Ils partiront à la prochaine connexion. Se déconnecter ?`)) return;
  await caches?.delete(PAGES);
  form.submit();
});

addEventListener("online", () => { tell(); flush(); });
addEventListener("offline", () => tell());
document.addEventListener("visibilitychange", () => document.hidden || flush());
begin().then(flush, flush);
