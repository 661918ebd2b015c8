// The phone at the machine. What is pressed is kept on the phone first and sent in order, each once: the server knows
// its once-key.
const box = document.getElementById("kept");
const page = document.querySelector("[data-step]");
const { person, connection, worker } = box.dataset;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const ANSWER_MILLISECONDS = 10000;

// The store: one row for each press, in the order of its key.
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("floor", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("acts", { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function stored(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("acts", mode);
    const request = work(transaction.objectStore("acts"));
    transaction.oncomplete = () => { database.close(); resolve(request.result); };
    transaction.onerror = () => { database.close(); reject(transaction.error); };
  });
}

const read = () => stored("readonly", (acts) => acts.getAll());
const keep = (act) => stored("readwrite", (acts) => acts.put(act));
const forget = (act) => stored("readwrite", (acts) => acts.delete(act.id));
const mine = (acts) => acts.filter((act) => act.person === person);

// Sending: one at a time, and of one operation none before the one that was refused.
async function ask(url, options = {}) {
  const answer = await fetch(url, {
    headers: { Accept: "application/json", "HX-Request": "true" }, signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
    ...options,
  });
  if (answer.status === 404) return { ok: false, what: box.dataset.unknown };
  const isJudged = !answer.redirected && answer.headers.get("Content-Type")?.startsWith("application/json");
  if (!isJudged || answer.status >= 500 || answer.status === 429) throw new Error("not judged yet");
  return { ok: answer.ok, ...await answer.json() };
}

async function send(act, token) {
  const data = new FormData();
  for (const [name, value] of act.fields) data.append(name, value);
  data.set("csrfmiddlewaretoken", token);
  data.set("person", act.person);
  data.set("pressed_at", act.pressedAt);
  data.set("sent_at", Date.now());
  const said = await ask(act.url, { method: "POST", body: data, headers: { Accept: "application/json" } });
  if (said.ok) await forget(act);
  else await keep(Object.assign(act, { refused: { what: said.what, because: said.because } }));
  return said;
}

let sending = null;
function flush() {
  sending ??= flushAll().finally(() => { sending = null; });
  return sending;
}

async function flushAll() {
  const done = new Map();
  try {
    const { person: signedIn, token } = await ask(connection);
    const stopped = new Set();
    for (const act of mine(await read())) {
      if (String(signedIn) !== act.person) break;
      if (act.refused) stopped.add(act.step);
      if (stopped.has(act.step)) continue;
      const said = await send(act, token);
      if (!said.ok) stopped.add(act.step);
      done.set(act.id, said);
    }
  } catch { /* no network, or nobody signed in: the rest waits */ }
  await draw();
  return done;
}

// Pressing: kept, then sent at once where there is a network.
function press(form, button) {
  const name = button?.dataset.keep ?? form.dataset.keep;
  const url = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const fields = [...new FormData(form)].filter(([key, value]) => key !== "csrfmiddlewaretoken" && value?.size !== 0);
  return {
    person, step: page.dataset.step, name, url, pressedAt: Date.now(), fields,
    what: `${document.querySelector("h1").textContent} · ${button?.dataset.label ?? form.dataset.label}`,
    typed: typed(form), refused: null,
  };
}

// What somebody typed, with its labels, so that a refused act can be read and typed again.
function typed(form) {
  return all("input:not([type=hidden]), textarea, select", form).filter(isGiven).map((field) => {
    const group = field.type === "radio" ? field.closest("fieldset")?.querySelector("legend") : null;
    const label = (group ?? field.labels?.[0])?.firstChild?.textContent.trim() ?? field.name;
    const value = field.type === "radio" ? field.labels[0].textContent.trim() : field.value.split("\\").pop();
    return [label, value];
  });
}

function isGiven(field) {
  return field.type === "radio" || field.type === "checkbox" ? field.checked : field.value && field.value !== "0";
}

async function onSubmit(event) {
  const form = event.target;
  if (!form.dataset.keep) return;
  event.preventDefault();
  event.stopPropagation();
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  const act = press(form, event.submitter);
  try {
    act.id = await keep(act);
  } catch { // no room, or a private window: as without this file
    return submitPlainly(form, act);
  }
  await sending; // what began before this was kept does not carry it
  const said = (await flush()).get(act.id);
  if (said?.ok) { location.assign(said.url); return; }
  if (said) { // refused here and now: the page says why, with what was typed still in its place
    await forget(act);
    submitPlainly(form, act);
    return;
  }
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  form.closest("dialog")?.close();
  const once = form.elements.once;
  if (once) once.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("-");
  if (act.name === "problem") form.reset();
  await draw();
  box.scrollIntoView({ block: "center" });
}

function submitPlainly(form, act) {
  form.action = act.url;
  form.submit();
}

// The page goes on as if it had been sent: what is pressed next needs its buttons.
const NEXT = { start: "mine", pause: "idle", finish: "done" };

function show(acts) {
  let state = page?.dataset.state;
  if (!state) return;
  for (const act of acts.filter((each) => each.step === page.dataset.step && !each.refused)) {
    const isStopped = act.name === "problem" && act.fields.some(([name, value]) => name === "can_go_on" && value === "no");
    state = isStopped && state === "mine" ? "idle" : NEXT[act.name] ?? state;
  }
  for (const panel of all("[data-panel]")) panel.hidden = panel.dataset.panel !== state;
  const good = document.getElementById("id_good");
  if (!good) return;
  good.dataset.most ??= good.max;
  const pieces = acts.filter((act) => act.step === page.dataset.step && act.name === "report" && !act.refused);
  const reported = pieces.flatMap((act) => act.fields.filter(([name]) => name === "good" || name === "scrap"));
  const left = Math.max(0, Number(good.dataset.most) - reported.reduce((sum, [, value]) => sum + Number(value), 0));
  if (Number(good.max) !== left) { good.max = left; good.value = Math.min(good.value, left); }
}

// What waits, in sight. `asked`: acts whose discarding was pressed once; a list drawn anew still knows it.
const asked = new Set();

async function draw() {
  const kept = await read();
  const own = mine(kept);
  localStorage.setItem("kept", kept.length);
  box.hidden = !kept.length;
  box.querySelector("[data-count]").textContent = own.length;
  const others = box.querySelector("[data-others]");
  others.hidden = kept.length === own.length;
  others.querySelector("b").textContent = kept.length - own.length;
  box.querySelector("ul").replaceChildren(...own.map(row));
  show(own);
}

function row(act) {
  const item = box.querySelector("template").content.cloneNode(true);
  const part = (name) => item.querySelector(`[data-${name}]`);
  part("what").textContent = act.what;
  part("when").textContent = new Date(act.pressedAt).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
  for (const [label, value] of act.typed) {
    const pair = [document.createElement("dt"), document.createElement("dd")];
    [label, value].forEach((text, at) => { pair[at].textContent = text; });
    item.querySelector("dl").append(...pair);
  }
  part("refused").hidden = part("choices").hidden = !act.refused;
  part("refusal").textContent = act.refused?.what ?? "";
  part("because").textContent = act.refused?.because ?? "";
  part("again").addEventListener("click", async () => {
    await keep(Object.assign(act, { refused: null }));
    await flushAndShow();
  });
  const discard = part("discard");
  if (asked.has(act.id)) discard.textContent = discard.dataset.sure;
  discard.addEventListener("click", async () => {
    if (asked.has(act.id)) await forget(act);
    asked.add(act.id);
    await draw();
  });
  return item;
}

async function flushAndShow() {
  if (!mine(await read()).length) return;
  const done = await flush();
  const isSent = [...done.values()].some((said) => said.ok);
  if (isSent && !document.querySelector("dialog[open]")) location.reload();
}

// The worked time goes on while it runs.
const timer = document.querySelector(".timer[data-run]");
if (timer) {
  const since = Date.now() / 1000 - Number(timer.dataset.worked);
  setInterval(() => {
    const minutes = Math.floor((Date.now() / 1000 - since) / 60);
    if (minutes < 600) timer.textContent = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  }, 15000);
}

// Photos, seen before they are sent.
document.addEventListener("change", ({ target }) => {
  const place = target.type === "file" && target.form?.querySelector("[data-photos]");
  if (!place) return;
  place.replaceChildren();
  place.hidden = !target.files.length;
  for (const file of target.files) {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      const image = document.createElement("img");
      image.alt = file.name;
      image.src = reader.result;
      place.append(image);
    });
    reader.readAsDataURL(file);
  }
});

// A shared phone signs off who does not use it any more; the server does the same by itself.
if (box.dataset.minutes) {
  let used = Date.now();
  for (const name of ["pointerdown", "keydown", "touchstart"]) addEventListener(name, () => { used = Date.now(); });
  const watch = setInterval(() => {
    if (Date.now() - used < Number(box.dataset.minutes) * 60000) return;
    clearInterval(watch);
    document.getElementById("main").textContent = box.dataset.off;
    if (navigator.onLine) document.getElementById("switch").requestSubmit();
  }, 5000);
}

// A page opened before can be read without network; another person's pages are not.
async function keepPages() {
  if (!globalThis.caches || !navigator.serviceWorker) return;
  if (localStorage.getItem("floor-person") !== person) await caches.delete("floor-pages");
  localStorage.setItem("floor-person", person);
  await navigator.serviceWorker.register(worker);
  if (navigator.serviceWorker.controller) return; // it has kept this page already
  const { active } = await navigator.serviceWorker.ready;
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  active.postMessage({ page: page ? location.pathname : "", files });
}

addEventListener("submit", onSubmit, true);
addEventListener("online", flushAndShow);
document.addEventListener("visibilitychange", () => { if (!document.hidden) flushAndShow(); });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
setInterval(flushAndShow, 20000);
draw().then(flushAndShow);
keepPages().catch(() => {}); // without a service worker the open page still keeps what is pressed
