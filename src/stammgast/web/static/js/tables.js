// Lists by keyboard: j and k move, Enter opens, x chooses, / filters. Choosing rows shows what can be done with them.
const rowsOf = (table) => [...table.querySelectorAll("tbody > tr[data-href], tbody > tr:has([data-choose])")];
const current = () => document.querySelector("tr[data-here]");

function move(step) {
  const table = current()?.closest("[data-table]") ?? document.querySelector("[data-table]");
  const rows = table ? rowsOf(table) : [];
  if (!rows.length) return;
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(current()) + step))];
  current()?.removeAttribute("data-here");
  next.setAttribute("data-here", "");
  (next.querySelector("a, input, button") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function open(row) {
  if (row?.dataset.href) location.assign(row.dataset.href);
}

function showChosen(table) {
  const bulk = table.querySelector("[data-bulk]");
  if (!bulk) return;
  const count = table.querySelectorAll("[data-choose]:checked").length;
  const label = bulk.querySelector("[data-bulk-count]");
  bulk.hidden = !count;
  label.textContent = count === 1 ? label.dataset.one : label.dataset.many.replace("{count}", count);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, dialog, [contenteditable]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
  else if (event.key === "Enter" && current() && !event.target.closest("a, button")) open(current());
  else if (event.key === "x") current()?.querySelector("[data-choose]")?.click();
  else if (event.key === "/") {
    const search = document.querySelector(".filter-bar input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  }
});

// The whole row is a target for the pointer; links and buttons in it stay what they are.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, label, select, summary") && !getSelection().toString()) open(row);
});
document.addEventListener("change", (event) => {
  const table = event.target.closest("[data-table]");
  if (!table) return;
  if (event.target.matches("[data-choose-all]")) {
    for (const box of table.querySelectorAll("[data-choose]")) box.checked = event.target.checked;
  }
  showChosen(table);
});

export function startTables(root) {
  for (const table of root.querySelectorAll("[data-table]")) showChosen(table);
}
