// Ctrl K: what is typed is looked for at once; arrows move, Enter opens.
const palette = document.getElementById("palette");
const input = palette.querySelector("input");
const links = () => [...palette.querySelectorAll("a")];
const isComposing = (event) => event.isComposing || event.keyCode === 229;

document.addEventListener("keydown", (event) => {
  if (isComposing(event) || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  if (!palette.open) palette.showModal();
  input.select();
});

palette.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || isComposing(event)) return;
  event.preventDefault();
  const stops = [input, ...links()];
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
});

// Half a word of an input method is not asked for: htmx listens on the field itself.
palette.addEventListener("input", (event) => { if (event.isComposing) event.stopPropagation(); }, true);

// Enter opens the first one of what stands there for these words; before that the page looks for them.
palette.addEventListener("submit", (event) => {
  const [first] = links();
  if (!first || palette.querySelector("[data-q]").dataset.q !== input.value.trim()) return;
  event.preventDefault();
  location.href = first.href;
});
