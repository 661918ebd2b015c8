// The planner's board: a waiting bar is dragged, then the server says what would follow, as the table's form does.
const chart = document.querySelector("[data-board]");
const form = document.getElementById("move");
const note = document.querySelector("[data-board-note]");
const lanes = chart ? [...chart.querySelectorAll("[data-place]")].map((lane) => lane.dataset.place) : [];
const HEAD = 38;
const LINE = 34;
const GRID = 300; // seconds
let held = null;

// Local time of the company, counted as if it were UTC: the browser's own zone plays no part.
const seconds = (text) => Date.parse(`${text}:00Z`) / 1000;
const stamp = (value) => new Date(value * 1000).toISOString().slice(0, 16);

function target(event) {
  const box = chart.getBoundingClientRect();
  const shift = ((event.clientX - held.x) / box.width) * Number(chart.dataset.seconds);
  const lane = Math.floor((event.clientY - box.top - HEAD) / LINE);
  return {
    start: stamp(Math.round((seconds(held.bar.dataset.start) + shift) / GRID) * GRID),
    place: lanes[Math.max(0, Math.min(lanes.length - 1, lane))],
  };
}

function drop() {
  held?.bar.removeAttribute("transform");
  held?.bar.classList.remove("is-held");
  held = null;
  note.textContent = "";
}

chart?.addEventListener("pointerdown", (event) => {
  const bar = event.target.closest("[data-move]");
  if (!bar || event.button !== 0 || event.pointerType === "touch") return;
  event.preventDefault();
  held = { bar, x: event.clientX, y: event.clientY, isMoved: false };
  chart.setPointerCapture(event.pointerId);
});

chart?.addEventListener("pointermove", (event) => {
  if (!held) return;
  held.isMoved ||= Math.abs(event.clientX - held.x) + Math.abs(event.clientY - held.y) > 5;
  if (!held.isMoved) return;
  held.bar.classList.add("is-held");
  held.bar.setAttribute("transform", `translate(${event.clientX - held.x} ${event.clientY - held.y})`);
  const there = target(event);
  note.textContent = `${there.place} · ${there.start.replace("T", " ")}`;
});

chart?.addEventListener("pointerup", (event) => {
  if (!held) return;
  const { bar, isMoved } = held;
  const there = target(event);
  drop();
  if (!isMoved) {
    location.assign(bar.dataset.move);
    return;
  }
  form.action = bar.dataset.move;
  form.elements.starts_at.value = there.start;
  form.elements.place.value = there.place;
  form.elements.plan.value = bar.dataset.plan;
  form.submit();
});

chart?.addEventListener("pointercancel", drop);
addEventListener("keydown", (event) => event.key === "Escape" && drop());
