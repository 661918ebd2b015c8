// Keys of the review page, while the focus is among the ways out or on the one looked at: 1 to 9 choose, A, R, P press.
const isTyping = (target) => target.matches("input:not([type=radio]), select, textarea");

function onKey(event) {
  const region = event.target.closest?.("#race, #solution");
  if (!region || isTyping(event.target) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = document.querySelectorAll("#race input[name=way]")[Number(event.key) - 1];
  const button = document.querySelector(`#solution [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (way) {
    way.focus();
    way.click();
  } else if (button) button.click();
  else return;
  event.preventDefault();
}

if (document.body.dataset.keys !== undefined) document.addEventListener("keydown", onKey);
