// My work: the preview, the ticks and the keys.
const list = document.getElementById("work");
const pane = document.getElementById("pane");
const bar = document.querySelector("[data-bulkbar]");
const hasKeys = document.body.dataset.keys !== undefined;
const isNarrow = matchMedia("(max-width:1100px)");
const home = pane?.parentElement;
const all = (selector, root = list) => [...root.querySelectorAll(selector)];
const rows = () => all("[data-row]");
const rowOf = (place) => place?.closest?.("[data-row]");
const linkOf = (row) => row.querySelector("[data-open]");
const boxOf = (row) => row.querySelector("input[type=checkbox]");
let shown = null;
let asked = null;
let loading = null;
let timer;

// The preview: beside the list, on a narrow screen under its row.
async function show(row, takesFocus) {
  if (shown !== row) loading = load(row);
  await loading;
  if (shown === row && takesFocus) pane.querySelector("[data-focus]")?.focus();
}

async function load(row) {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  shown?.removeAttribute("aria-current");
  all(".it__e").forEach((line) => line.remove());
  shown = row;
  row.setAttribute("aria-current", "true");
  (isNarrow.matches ? row : home).append(pane);
  pane.setAttribute("aria-busy", "true");
  if (isNarrow.matches) pane.replaceChildren();
  const slow = setTimeout(() => pane.replaceChildren(document.getElementById("skeleton").content.cloneNode(true)), 300);
  try {
    const answer = await fetch(linkOf(row).href, { headers: { "HX-Request": "true" }, signal });
    if (answer.redirected || !answer.ok) throw answer;
    pane.innerHTML = await answer.text();
  } catch {
    if (!signal.aborted) fail(row);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) pane.removeAttribute("aria-busy");
  }
}

// The row keeps what it says, with a red line under it.
function fail(row) {
  const line = document.createElement("p");
  const again = document.createElement("button");
  line.className = "it__e err";
  line.setAttribute("role", "alert");
  again.type = "button";
  again.className = "btn btn--sm";
  again.textContent = pane.dataset.again;
  again.addEventListener("click", () => show(row, true));
  line.append(pane.dataset.error, again);
  pane.replaceChildren();
  row.append(line);
  row.removeAttribute("aria-current");
  shown = null;
}

function press(key) {
  const button = pane.querySelector(`[data-key="${CSS.escape(key)}"]`);
  button?.click();
}

// Ticks, and the bar that says what can be done with them together.
let lastTicked = null;

function tick(row, isRange) {
  if (!boxOf(row)) return;
  const from = isRange && lastTicked ? rows().indexOf(lastTicked) : rows().indexOf(row);
  const [first, last] = [from, rows().indexOf(row)].sort((a, b) => a - b);
  const wanted = isRange || !boxOf(row).checked;
  for (const each of rows().slice(first, last + 1)) boxOf(each).checked = wanted;
  lastTicked = row;
  count();
}

function count() {
  if (!bar) return;
  const ticked = rows().filter((row) => boxOf(row)?.checked);
  let together = 0;
  bar.hidden = !ticked.length;
  bar.querySelector("[data-count]").textContent = bar.dataset.many.replace("{n}", ticked.length);
  for (const button of all("[data-bulk-for]", bar)) {
    const number = ticked.filter((row) => row.dataset.bulk === button.dataset.bulkFor).length;
    button.hidden = !number;
    button.querySelector("b").textContent = number;
    together += number;
  }
  const rest = together ? ticked.length - together : 0;
  bar.querySelector("[data-rest]").textContent = rest ? bar.dataset.own.replace("{n}", rest) : "";
}

function untick() {
  const ticked = rows().filter((row) => boxOf(row)?.checked);
  ticked.forEach((row) => { boxOf(row).checked = false; });
  count();
  return ticked.length > 0;
}

// Keys: only in the list and the preview, never while somebody types or composes.
let goes = 0;

function isElsewhere(event) {
  const place = event.target;
  return !hasKeys || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey
    || document.querySelector("dialog[open]")
    || place.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]")
    || !(place === document.body || place.closest?.("#work, #pane, [data-bulkbar]"));
}

function onKey(event) {
  if (isElsewhere(event)) return;
  const key = event.key.toLowerCase();
  const isInPane = pane?.contains(event.target);
  const row = isInPane ? shown : rowOf(event.target);
  if (Date.now() - goes < 1000 && "iowk".includes(key)) go(key);
  else if (key === "g") goes = Date.now();
  else if (key === "?") document.getElementById("keys").showModal();
  else if (key === "z") document.querySelector("[data-undo]")?.click();
  else if (key === "escape") { if (!untick() && shown) linkOf(shown).focus(); }
  else if (!row || !pane) return;
  else if (key === "x") tick(row, event.shiftKey);
  else if (isInPane) { if (!"ardtmc+".includes(key)) return; press(key); }
  else if (key === "a") show(row, true); // nothing is approved from the list: only where its consequences stand
  else if ("rdtmc+".includes(key)) show(row, false).then(() => press(key));
  else return;
  event.preventDefault();
}

function go(key) {
  goes = 0;
  const link = document.querySelector(`[data-go="${key}"]`);
  if (link) location.href = link.href;
}

// After a decision the page comes back: go on where one was.
const PLACE = "desk-work-row";

function remember() {
  if (shown) sessionStorage.setItem(PLACE, rows().indexOf(shown));
}

function goOn() {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  const said = document.querySelector("[data-said]");
  if (said) setTimeout(() => { document.getElementById("alert").textContent = said.textContent.trim(); }, 100);
  if (place === null) return;
  const row = rows()[Math.min(Number(place), rows().length - 1)];
  const target = row ? linkOf(row) : document.querySelector("h1");
  if (!row) target.tabIndex = -1;
  target.focus();
}

document.addEventListener("keydown", onKey);
list.addEventListener("change", (event) => { lastTicked = rowOf(event.target); count(); });
bar?.querySelector("[data-clear]").addEventListener("click", untick);
if (pane) {
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(rowOf(link), true);
  });
  list.addEventListener("focusin", (event) => {
    clearTimeout(timer);
    const row = event.target.matches("[data-open]") && rowOf(event.target);
    if (row && !isNarrow.matches) timer = setTimeout(() => show(row, false), 120);
  });
  document.addEventListener("submit", (event) => { if (pane.contains(event.target)) remember(); });
  pane.addEventListener("click", (event) => { if (event.target.closest("a[data-key]")) remember(); });
}
count();
goOn();
