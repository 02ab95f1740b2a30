// Activities and events: the pages work without this module; it shows only what matters and refreshes the example.

const form = document.querySelector("[data-example-form]");
if (form) {
  const toggle = () => {
    for (const box of form.querySelectorAll("[data-cutoff]")) {
      const kind = box.querySelector("select").value;
      for (const part of box.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
    }
    for (const part of form.querySelectorAll("[data-unless]")) part.hidden = form.elements[part.dataset.unless].checked;
    const late = form.querySelector("[data-late]");
    if (late) late.hidden = form.elements.late.value === "refuse";
  };
  const shown = form.querySelector("[data-example]");
  let asked = 0;
  let timer = 0;
  const refresh = async () => {
    const number = ++asked;
    const values = new FormData(form);
    values.set("act", "example");
    try {
      const answer = await fetch(window.location.href, { method: "POST", body: values, headers: { "X-Example": "1" } });
      const html = await answer.text();
      if (answer.ok && number === asked) shown.innerHTML = html;
    } catch {
      // No network for a moment: the button remains.
    }
  };
  form.addEventListener("input", () => {
    toggle();
    clearTimeout(timer);
    timer = setTimeout(refresh, 350);
  });
  const button = form.querySelector("button[value=example]");
  if (button) button.closest(".actions").hidden = true;
  toggle();
}
