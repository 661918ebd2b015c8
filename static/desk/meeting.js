// The meeting on the wall: the time, ← → through the agenda, D for light or dark.
const skew = Number(document.body.dataset.now) - Date.now() / 1000;
const spell = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function tick() {
  const now = Date.now() / 1000 + skew;
  for (const place of document.querySelectorAll("[data-since]")) place.textContent = spell(Math.max(0, now - Number(place.dataset.since)));
  for (const bar of document.querySelectorAll("[data-bar]")) {
    const since = Number(bar.parentElement.querySelector("[data-since]")?.dataset.since);
    const percent = Math.min(100, ((now - since) / (Number(bar.dataset.bar) * 60)) * 100);
    if (since) bar.className = `p-${Math.round(percent / 5) * 5}`;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input, textarea, select")) return;
  if (event.key.toLowerCase() === "d" && document.body.dataset.keys !== undefined) document.querySelector("[data-theme-link]")?.click();
  const form = document.querySelector(`form[data-key="${event.key}"]`);
  if (form) { event.preventDefault(); form.requestSubmit(); }
});

// A row opens the order's sheet; what cannot be read there, the page says.
document.addEventListener("htmx:afterSettle", ({ target }) => target.showModal?.());
document.addEventListener("htmx:afterRequest", ({ target, detail }) => { if (detail.failed) location.assign(target.href); });

tick();
setInterval(tick, 1000);
