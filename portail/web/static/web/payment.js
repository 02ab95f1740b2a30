/* Paying: the amount on the button, one click is one operation, the page behind the bank's window, the wait for an answer.
   Without this file every page works the same. The truth comes from our own server, never from the other window. */

const chosen = document.querySelector("[data-chosen]");
if (chosen) {
  const say = () => {
    const radio = document.querySelector("[name=invoice]:checked");
    chosen.textContent = radio ? ` : ${radio.dataset.amount}` : "";
  };
  addEventListener("change", say);
  addEventListener("pageshow", say);
  say();
}

/* « Payer en ligne »: a second press does nothing; in a window apart, this page goes on to follow the operation. */
const form = document.querySelector("form[data-pay]");
if (form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    form.classList.add("busy");
    const apart = form.target && event.submitter?.formTarget !== "_self";
    if (apart && form.checkValidity()) setTimeout(() => location.assign(form.dataset.follow), 1500);
    return undefined;
  });
  addEventListener("pageshow", () => { // Back from the bank
    sent = false;
    form.classList.remove("busy");
  });
}

/* Step 3, and an end without payment: ask for the state alone, then show the page that tells another.
   A failed question is simply asked again. */
const wait = document.querySelector("[data-state]");
if (wait) {
  const pause = wait.dataset.every * 1000;
  const ask = async () => {
    try {
      const answer = await fetch(wait.dataset.state, { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.ok && (await answer.json()).state !== wait.dataset.known) return location.replace(wait.dataset.page);
    } catch { /* no network for a moment */ }
    return setTimeout(ask, pause);
  };
  setTimeout(ask, Math.min(pause, 2000));
  setTimeout(() => location.replace(wait.dataset.page), 5 * 60_000); // the page itself decides when to stop asking
}

const again = document.querySelector("[data-again]");
if (again) setTimeout(() => location.replace(again.dataset.again), 2000);
