// The page shows and repeats what the server decides; without scripts everything still works.
const body = document.body;
const words = body.dataset;
const serverSkew = Number(words.now) - Date.now() / 1000;
const serverNow = () => Date.now() / 1000 + serverSkew;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const fill = (pattern, values) => pattern.replace(/\{(\w)\}/g, (whole, key) => values[key]);

// Clocks: counted from the server's figure at the time of the page, only while they run.
function spell(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const h = Math.floor(minutes / 60);
  const m = minutes % 60;
  if (h < 10) return `${h}:${String(m).padStart(2, "0")}`;
  if (h < 48) return fill(m ? words.hm : words.h, { h, m });
  return fill(words.dh, { d: Math.floor(h / 24), h: h % 24 });
}

function tick() {
  let soonest = Infinity;
  let isCrossed = false;
  for (const clock of all("[data-left][data-run='1']")) {
    clock.start ??= { left: Number(clock.dataset.left), at: Number(clock.dataset.at || words.now) };
    const until = Math.min(serverNow(), Number(clock.dataset.runUntil) || Infinity);
    const left = clock.start.left - Math.max(0, until - clock.start.at);
    const value = clock.querySelector("[data-value]");
    if (value) value.textContent = spell(left);
    if (left < 0 && clock.start.left >= 0 && clock.dataset.s !== "over") {
      clock.dataset.s = "over";
      const word = clock.querySelector("[data-word]");
      if (word) word.textContent = words.over;
      isCrossed = true;
    }
    soonest = Math.min(soonest, Math.abs(left));
  }
  if (isCrossed) refresh();
  setTimeout(tick, soonest < 600 ? 1000 : 30000);
}

function refresh() {
  if (document.visibilityState === "visible") body.dispatchEvent(new CustomEvent("desk:refresh", { bubbles: true }));
}

// The stream says at once what the poll would find within half a minute; while it is away the poll goes on alone.
// Only the page in sight listens: a browser has few connections to one address.
let stream;
function listen() {
  const isWanted = words.stream && document.visibilityState === "visible";
  if (stream && (!isWanted || stream.readyState === EventSource.CLOSED)) { stream.close(); stream = undefined; }
  if (!isWanted || stream) return;
  stream = new EventSource(words.stream);
  stream.addEventListener("news", refresh);
}

// Focus: never on the body after a swap.
function focusIn(root) {
  const place = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
  if (place) place.focus();
}

// Undo: the bar counts its seconds and goes.
for (const bar of all("[data-until]")) {
  const count = () => {
    const left = Math.ceil(Number(bar.dataset.until) - serverNow());
    if (left <= 0) {
      if (bar.contains(document.activeElement)) document.getElementById("main").focus();
      bar.remove();
      return;
    }
    bar.querySelector("[data-seconds]").textContent = ` (${left})`;
    setTimeout(count, 250);
  };
  count();
}

// Lists: J and K move, Enter follows the link by itself.
function move(step) {
  const rows = all("[data-row]:has(a[href])");
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, here + step))];
  next?.querySelector("a[href]").focus();
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const form = event.target.closest?.("form[data-act]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    form.requestSubmit();
  } else if (words.keys !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    const isInList = event.target === body || event.target.closest?.("main");
    const step = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (step && isInList && document.querySelector("[data-list]")) { event.preventDefault(); move(step); }
  }
});

// Forms: one press, one act. The button comes back when the page is shown again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  // After the browser has read the pressed button's name and value.
  const buttons = all("button:not([type=button]):not(:disabled)", form);
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
  form.reopen = () => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    buttons.forEach((button) => { button.disabled = false; });
  };
  setTimeout(form.reopen, 10000); // a download, or no answer: the once-key makes a second press harmless
});

addEventListener("pageshow", (event) => {
  if (event.persisted) all("form[data-sent]").forEach((form) => form.reopen());
});

// Drafts: a form with data-draft-url saves itself while it is filled in.
for (const form of all("form[data-draft-url]")) {
  const place = document.querySelector("[data-draft-state]");
  let timer;
  const save = async () => {
    let isSaved = false;
    try {
      const typed = new FormData(form);
      for (const [name, value] of [...typed]) if (value instanceof File) typed.delete(name);
      const answer = await fetch(form.dataset.draftUrl, { method: "POST", body: typed, headers: { "X-Draft": "1" } });
      isSaved = answer.ok;
    } catch { /* offline: the next change tries again */ }
    if (place) place.textContent = isSaved ? words.saved : words.unsaved;
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 1200); });
  form.addEventListener("submit", () => clearTimeout(timer));
}

// Steps of a number: <button type="button" data-add="5" data-for="id_quantity">; "max" goes to the field's max.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-add]");
  if (button) {
    const input = document.getElementById(button.dataset.for);
    const most = input.max === "" ? Infinity : Number(input.max);
    const wanted = button.dataset.add === "max" ? most : Number(input.value || 0) + Number(button.dataset.add);
    input.value = Math.max(Number(input.min || 0), Math.min(most, wanted));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const opener = event.target.closest?.("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog?.showModal) { event.preventDefault(); dialog.showModal(); }
  if (event.target.closest?.("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.closest?.("[data-print]")) print();
});

document.addEventListener("htmx:afterSettle", (event) => focusIn(event.detail.elt));
document.addEventListener("htmx:sendError", () => { offline.hidden = false; });
document.addEventListener("visibilitychange", () => { listen(); refresh(); });
addEventListener("pagehide", () => stream?.close());

const offline = document.querySelector("[data-offline]") ?? { hidden: true };
addEventListener("offline", () => { offline.hidden = false; });
addEventListener("online", () => { offline.hidden = true; refresh(); });
offline.hidden = navigator.onLine;

setInterval(() => { listen(); refresh(); }, 30000);
listen();
setTimeout(() => all("[data-toast]").forEach((toast) => toast.remove()), 10000);
for (const tab of all(".tabs [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - 40;
tick();
focusIn(document);
