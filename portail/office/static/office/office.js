// The office works without this module; it only spares a few gestures.

// After a refused form, start from the summary of what is to be corrected.
document.getElementById("errors")?.focus();

// « Imprimer » buttons exist only where printing does.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A page that follows long work asks for itself again, quietly, until the work is over.
const follow = document.querySelector("[data-follow]");
if (follow) {
  const ask = async () => {
    try {
      const answer = await fetch(follow.dataset.follow, { headers: { Accept: "application/json" } });
      const state = await answer.json();
      const bar = follow.querySelector("progress");
      if (bar && state.total) {
        bar.max = state.total;
        bar.value = state.done;
      }
      const words = follow.querySelector("[data-words]");
      if (words && words.textContent !== state.words) words.textContent = state.words;
      if (state.over) {
        window.location.reload();
        return;
      }
    } catch {
      // No network for a moment: ask again.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 1000);
}

// Whoever leaves takes the names kept for the offline lists away with them.
document.querySelector("form.logout")?.addEventListener("submit", () => {
  globalThis.caches?.delete("pointage-pages");
});
