/* The planning, with comfort. Without this file the page works the same: boxes, words and « modifié » are plain HTML
   and CSS, the button sends the form. Here: count, drafts, undo, keyboard, whole rows and days.
   Every word comes from the template (data-t-…). The state the server showed is box.defaultChecked. */

const form = document.getElementById("planning");
const DAY = 86_400_000;

/* Drafts: what was ticked and not sent, per payer, on this device only.
   {at, cells: {key: true|false}, sent: the same, for a submission whose recap was not seen yet} */
const draftKey = `portail.draft.${form?.dataset.payer}`;

function readDraft() {
  try {
    const draft = JSON.parse(localStorage.getItem(draftKey));
    if (draft && Date.now() - draft.at < DAY) return { cells: {}, sent: {}, ...draft };
  } catch { /* storage refused or damaged: no draft */ }
  return { at: 0, cells: {}, sent: {} };
}

function writeDraft(draft) {
  try {
    if (Object.keys(draft.cells).length + Object.keys(draft.sent).length) localStorage.setItem(draftKey, JSON.stringify({ ...draft, at: Date.now() }));
    else localStorage.removeItem(draftKey);
    return true;
  } catch {
    return false;
  }
}

function start() {
  const boxes = [...form.querySelectorAll("td input[type=checkbox]")];
  const here = new Set(boxes.map((box) => box.value));
  const tables = [...form.querySelectorAll("table")];
  const part = (name) => form.querySelector(`[data-${name}]`);
  const t = (name, values = {}) => form.dataset[`t${name}`].replace(/\{(\w)\}/g, (_, key) => values[key]);
  const changed = () => boxes.filter((box) => box.checked !== box.defaultChecked);
  const count = (n) => t(n > 1 ? "Many" : n ? "One" : "None", { n });
  const idle = part("count").textContent;
  const past = [], future = []; // lists of steps; a step is a list of boxes to flip
  let stored = true, leaving = false, timer;

  function announce(words) {
    clearTimeout(timer);
    timer = setTimeout(() => { document.getElementById("announce").textContent = words; }, 400);
  }

  /* Brings bar, badge and draft up to date with the boxes. */
  function refresh() {
    const mine = changed(), draft = readDraft();
    for (const key of here) delete draft.cells[key];
    const elsewhere = Object.keys(draft.cells).length;
    for (const box of mine) draft.cells[box.value] = box.checked;
    stored = writeDraft(draft);
    const n = mine.length;
    part("bar").classList.toggle("calm", !n);
    document.body.classList.toggle("dirty", n > 0);
    part("count").textContent = n ? count(n) : idle;
    part("draft").hidden = !(stored && n + elsewhere);
    part("elsewhere").hidden = !elsewhere;
    part("elsewhere").textContent = t("Elsewhere", { n: elsewhere });
    part("undo").hidden = !n;
    return count(n);
  }

  function flip(step) {
    for (const box of step) box.checked = !box.checked;
  }

  /* One step of the visitor: sets the boxes to a value, remembers it for Ctrl+Z. */
  function set(list, value) {
    const step = list.filter((box) => box.checked !== value);
    if (!step.length) return;
    flip(step);
    past.push(step);
    future.length = 0;
    announce(refresh());
  }

  const toggle = (list) => set(list, !list.every((box) => box.checked));

  function travel(from, to, words) {
    const step = from.pop();
    if (!step) return;
    flip(step);
    to.push(step);
    announce(`${words} ${refresh()}`);
  }

  form.addEventListener("change", ({ target }) => {
    if (!here.has(target.value)) return;
    past.push([target]);
    future.length = 0;
    announce(refresh());
  });
  part("undo").addEventListener("click", () => {
    const step = changed();
    flip(step);
    past.push(step);
    announce(`${t("Undone")} ${refresh()}`);
    part("send").focus({ preventScroll: true });
  });

  /* Whole week of an activity, whole day: the heads become buttons. */
  function headButton(inner, hint, list) {
    if (list.length < 2) return;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-describedby", hint);
    inner.replaceWith(button);
    button.append(inner);
    button.addEventListener("click", () => toggle(list));
  }
  const live = (cells) => [...cells].flatMap((cell) => [...cell.querySelectorAll("input[type=checkbox]")]);
  for (const table of tables) {
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) headButton(row.querySelector(".act"), "hint-row", live(row.cells));
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (i) headButton(head.firstElementChild, "hint-column", live(rows.map((row) => row.cells[i])));
    });
  }

  /* Keyboard. Tab enters a table once (roving tabindex), arrows go on. */
  const stop = (cell) => cell?.querySelector("input[type=checkbox], a, button");
  for (const table of tables) {
    const stops = [...table.querySelectorAll("td input[type=checkbox], td a, th button")];
    for (const item of stops) item.tabIndex = -1;
    const first = live(table.rows)[0] ?? stops[0];
    if (first) first.tabIndex = 0;
    table.addEventListener("focusin", ({ target }) => {
      for (const item of stops) item.tabIndex = item === target ? 0 : -1;
    });
  }

  function go(target, paint) {
    if (!target) return false;
    target.closest("details").open = true;
    target.focus();
    if (paint !== undefined && target.type === "checkbox") set([target], paint);
    return true;
  }

  /* The next stop in a direction, jumping over cells that hold nothing. */
  function next(cell, down, right) {
    const rows = [...cell.closest("table").rows];
    let y = cell.parentElement.rowIndex, x = cell.cellIndex, found;
    do {
      y += down;
      x += right;
      found = stop(rows[y]?.cells[x]);
    } while (!found && rows[y]?.cells[x]);
    return found;
  }

  function ends(cell, last) {
    const stops = [...cell.parentElement.cells].slice(1).map(stop).filter(Boolean);
    return stops.at(last ? -1 : 0);
  }

  /* The same activity (or the first) and the same day in the week before or after. */
  function otherWeek(cell, move) {
    const table = tables[tables.indexOf(cell.closest("table")) + move];
    if (!table) return undefined;
    const code = cell.parentElement.dataset.row;
    const row = [...table.tBodies[0].rows].find((one) => one.dataset.row === code);
    return stop(row?.cells[cell.cellIndex]) ?? live(table.rows)[0];
  }

  const MOVES = {
    ArrowDown: (cell) => next(cell, 1, 0), ArrowUp: (cell) => next(cell, -1, 0),
    ArrowRight: (cell) => next(cell, 0, 1), ArrowLeft: (cell) => next(cell, 0, -1),
    Home: (cell) => ends(cell, false), End: (cell) => ends(cell, true),
    PageUp: (cell) => otherWeek(cell, -1), PageDown: (cell) => otherWeek(cell, 1),
  };

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) travel(past, future, t("Undone"));
      else if (key === "y" || key === "z") travel(future, past, t("Redone"));
      else if (key === "s") form.requestSubmit(part("send"));
      else return;
      event.preventDefault();
      return;
    }
    const cell = event.target.closest("#planning td, #planning th");
    if (!cell || event.altKey || !MOVES[key]) return;
    const paint = event.shiftKey && event.target.type === "checkbox" ? event.target.checked : undefined;
    go(MOVES[key](cell), paint);
    event.preventDefault();
  });

  /* Leaving. Links inside the portal lose nothing (the draft is kept), so they do not ask. */
  addEventListener("beforeunload", (event) => {
    if (changed().length && !leaving) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    const link = event.target.closest("a[href]");
    if (!plain || !stored || !link || link.origin !== location.origin || link.target || link.download) return;
    leaving = true;
    setTimeout(() => { leaving = false; }, 3000);
  });
  addEventListener("portail:session-over", () => { leaving = stored; });

  /* Sending once: a second click or Ctrl+S waits. The draft moves to `sent`; the recap erases it (session.js). */
  let sending = false;
  form.addEventListener("submit", (event) => {
    if (sending) {
      event.preventDefault();
      return;
    }
    sending = leaving = true;
    const draft = readDraft();
    for (const box of changed()) {
      draft.sent[box.value] = box.checked;
      delete draft.cells[box.value];
    }
    writeDraft(draft);
    part("send").classList.add("busy");
    part("count").textContent = t("Sending");
  });

  /* Back again: draft of a reload, of a lost session, or of a submission that did not arrive. */
  function restore() {
    const draft = readDraft();
    Object.assign(draft.cells, draft.sent);
    draft.sent = {};
    let n = 0;
    for (const box of boxes) {
      if (!(box.value in draft.cells)) continue;
      box.checked = draft.cells[box.value];
      if (box.checked === box.defaultChecked) continue;
      box.closest("details").open = true;
      n += 1;
    }
    writeDraft(draft);
    refresh();
    if (n) announce(t("Restored", { t: count(n) }));
  }

  addEventListener("beforeprint", () => {
    for (const week of form.querySelectorAll(".week")) week.open = true;
  });
  restore();
}

if (form) start();
