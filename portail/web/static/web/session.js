/* Every page of the parents' face: the server's clock, count-downs, the end of the web session, show/hide a code,
   focus on the recap, drafts erased at « Déconnexion ». Nothing here is needed to use the portal. */

const { body } = document;
const data = body.dataset;
const MINUTE = 60_000;
const WEEK = 7 * 24 * 60; // minutes; a count-down says nothing before
const LEAVE = "portail.leave", ENDS = "portail.ends", DRAFT = "portail.draft.";

/* A page brought back by the Back button is asked again from the server: private pages are never shown from memory. */
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Server time: the browser's clock may be wrong, only its pace is used. */
const lag = Date.parse(data.serverNow) - Date.now();
const now = () => Date.now() + lag;
const zoneShift = (() => {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(data.serverNow) ?? [, "+", 0, 0];
  return (sign === "-" ? -1 : 1) * (hours * 60 + +minutes) * MINUTE;
})();

const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private mode: go on without */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* same */ } },
};

function announce(words) {
  const region = document.getElementById("announce");
  if (region) region.textContent = words;
}

/* Clock and count-downs, once a minute. Spoken only when 60 and 10 minutes are left. */
const watched = [...document.querySelectorAll("[data-countdown]")].map((time) => ({ time, before: Infinity }));

function leftWords(minutes) {
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${String(minutes % 60).padStart(2, "0")}` : ""}`;
  return data.tDays.replace("{n}", Math.floor(minutes / 1440));
}

function tick() {
  const clock = document.querySelector("[data-clock]");
  if (clock) clock.textContent = new Date(now() + zoneShift).toISOString().slice(11, 16);
  for (const one of watched) {
    const minutes = Math.ceil((Date.parse(one.time.dateTime) - now()) / MINUTE);
    const words = minutes > 0 ? data.tLeft.replace("{t}", leftWords(minutes)) : data.tOver;
    one.time.textContent = minutes > WEEK ? "" : `– ${words}`;
    if ([60, 10].some((mark) => minutes <= mark && one.before > mark && one.before !== Infinity)) announce(`${one.time.dataset.countdown}, ${words}`);
    one.before = minutes;
  }
  setTimeout(tick, MINUTE - (now() % MINUTE) + 50);
}
if (data.serverNow) tick();

/* The web session: a warning before it ends, « Prolonger », and a locked page when it is over. */
function watchSession(dialog) {
  const warn = dialog.dataset.warnSeconds * 1000;
  let ends = Date.parse(data.sessionEnds);
  const length = ends - now();
  const left = () => ends - now();
  const show = () => {
    const seconds = Math.max(0, Math.ceil(left() / 1000));
    const words = seconds > 60 ? dialog.dataset.tMinutes.replace("{n}", Math.ceil(seconds / 60)) : dialog.dataset.tSeconds.replace("{n}", Math.ceil(seconds / 10) * 10);
    dialog.querySelector("[data-left]").textContent = words;
  };
  const keep = (until) => {
    ends = Math.max(ends, until);
    if (left() > warn && dialog.open) dialog.close();
  };
  const over = () => {
    dispatchEvent(new Event("portail:session-over")); // grid.js: the draft is kept, do not ask
    location.reload();
  };
  store.set(ENDS, String(ends));
  addEventListener("storage", (event) => event.key === ENDS && event.newValue && keep(+event.newValue)); // another tab
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); extend(); });
  dialog.querySelector("[data-extend]").addEventListener("click", extend);

  async function extend() {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    try {
      const answer = await fetch(data.extendUrl, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const told = await answer.json().catch(() => ({}));
      keep(told.session_ends ? Date.parse(told.session_ends) : now() + length);
      store.set(ENDS, String(ends));
    } catch {
      over();
    }
  }

  (function watch() {
    if (left() <= 0) return over();
    if (left() <= warn) {
      show();
      if (!dialog.open) dialog.showModal();
    }
    return setTimeout(watch, left() > warn ? Math.min(left() - warn, 30_000) : Math.min(left(), 5000));
  })();
}
const dialog = document.getElementById("session");
if (dialog && data.sessionEnds) watchSession(dialog);

/* « Afficher » beside a hidden code. */
for (const input of document.querySelectorAll("input[data-reveal]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn plain reveal";
  button.setAttribute("aria-controls", input.id);
  const say = () => {
    const hidden = input.type === "password";
    button.textContent = hidden ? input.dataset.reveal : input.dataset.conceal;
    const what = document.createElement("span");
    what.className = "vh";
    what.textContent = ` : ${input.labels[0].textContent}`;
    button.append(what);
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    say();
  });
  input.form.addEventListener("submit", () => { input.type = "password"; }); // so that password managers offer to keep it
  say();
  input.after(button);
}

/* After validating: the recap takes the focus, what was sent is no longer a draft. */
const recap = document.getElementById("recap");
const draftKey = DRAFT + data.payer;
if (recap) {
  recap.focus();
  try {
    const draft = JSON.parse(store.get(draftKey));
    if (draft) {
      delete draft.sent;
      if (Object.keys(draft.cells).length) store.set(draftKey, JSON.stringify(draft));
      else store.drop(draftKey);
    }
  } catch { store.drop(draftKey); }
} else document.getElementById("errors")?.focus();

/* « Déconnexion » erases the drafts, once the visitor is really out (a guard may still keep the page). */
document.querySelector("form[data-logout]")?.addEventListener("submit", () => store.set(LEAVE, "1"));
if (data.payer) store.drop(LEAVE);
else if (store.get(LEAVE)) {
  for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFT) || key === ENDS || key === LEAVE) store.drop(key);
}

/* Phone menu « Plus »: closes on Escape and on a tap outside. */
const more = document.querySelector(".more details");
if (more) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !more.open) return;
    more.open = false;
    more.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => { if (!more.contains(event.target)) more.open = false; });
}
