// The room of an order: what is newest on the page, and names after an @.
const list = document.getElementById("room-new");
const live = document.getElementById("room-live");

// The server is asked for what came after the newest line here; what comes meanwhile is asked for next.
live?.addEventListener("htmx:configRequest", (event) => {
  const numbers = [...document.querySelectorAll("#main [data-number]")].map((line) => Number(line.dataset.number));
  event.detail.parameters.after = Math.max(Number(list.dataset.after), ...numbers);
});

const text = document.querySelector("[data-composer] textarea");
const box = document.getElementById("room-names");
const options = [...document.querySelectorAll("#id_called option")];
let chosen = 0;

// The word that is being typed after an @, up to the caret.
function called() {
  const before = text.value.slice(0, text.selectionStart);
  const at = Math.max(before.lastIndexOf("@"), before.lastIndexOf("＠"));
  return at < 0 || /\n/.test(before.slice(at)) || before.length - at > 24 ? null : { at, word: before.slice(at + 1) };
}

function close() {
  box.hidden = true;
  box.replaceChildren();
  text.removeAttribute("aria-activedescendant");
}

function suggest() {
  const typed = called();
  const names = typed ? options.filter((option) => option.text.toLowerCase().includes(typed.word.toLowerCase())) : [];
  if (!names.length) { close(); return; }
  chosen = 0;
  box.replaceChildren(...names.slice(0, 8).map((option, index) => {
    const item = document.createElement("li");
    item.id = `room-name-${index}`;
    item.role = "option";
    item.textContent = option.text;
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
    return item;
  }));
  box.hidden = false;
  show();
}

function show() {
  [...box.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
  text.setAttribute("aria-activedescendant", `room-name-${chosen}`);
}

function take(index) {
  const { at } = called();
  text.setRangeText(`@${box.children[index].textContent} `, at, text.selectionStart, "end");
  close();
  text.focus();
}

if (text && box) {
  text.setAttribute("aria-haspopup", "listbox");
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", "room-names");
  close();
  text.addEventListener("input", suggest);
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (box.hidden || event.isComposing) return;
    const count = box.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      show();
    } else if (event.key === "Enter" || event.key === "Tab") {
      take(chosen);
    } else if (event.key === "Escape") {
      close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
}
