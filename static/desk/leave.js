// What a phone keeps for its operator, when somebody leaves.
// Where nobody is signed in, no page is kept, nor one that was on its way; what waits to be sent stays.
if (!document.getElementById("rail")) {
  for (const after of [0, 3000]) setTimeout(() => globalThis.caches?.delete("floor-pages"), after);
}
document.addEventListener("submit", ({ target }) => {
  if (!target.action.endsWith("/sign-out/") || !Number(localStorage.getItem("kept"))) return;
  const kept = document.createElement("input");
  Object.assign(kept, { type: "hidden", name: "kept", value: "1" });
  target.append(kept);
});
