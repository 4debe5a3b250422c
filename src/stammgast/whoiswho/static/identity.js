// The picture of identifiers: what is pointed at or focused is told below it; a node chooses its identifier in the table.
const figure = document.querySelector("[data-picture]");
const parts = figure ? [...figure.querySelectorAll(".node, .wire")] : [];
const told = figure?.querySelector("[data-picture-told]");
const form = document.querySelector("[data-split-form]");

const boxOf = (part) => part.dataset.pair && form?.querySelector(`[data-choose][value="${CSS.escape(part.dataset.pair)}"]`);

function tell(part) {
  for (const one of parts) one.classList.toggle("told", one === part);
  told.textContent = part ? part.querySelector("title").textContent : told.dataset.none;
}

function showChosen() {
  for (const part of parts) {
    const box = boxOf(part);
    if (box) part.classList.toggle("chosen", box.checked);
  }
}

function choose(part) {
  const box = boxOf(part);
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function walk(part, step) {
  const next = parts[(parts.indexOf(part) + step + parts.length) % parts.length];
  for (const one of parts) one.tabIndex = one === next ? 0 : -1;
  next.focus();
}

if (parts.length) {
  // Nodes first: they are read before what connects them.
  parts.sort((one, two) => Number(one.matches(".wire")) - Number(two.matches(".wire")));
  parts[0].tabIndex = 0;
  if (form?.querySelector("[data-choose]")) figure.querySelector("svg").dataset.canSplit = "";
  for (const event of ["pointerover", "focusin"]) {
    figure.addEventListener(event, ({ target }) => {
      const part = target.closest(".node, .wire");
      if (part) tell(part);
    });
  }
  figure.addEventListener("click", ({ target }) => {
    const part = target.closest(".node, .wire");
    if (!part) return;
    tell(part);
    choose(part);
  });
  figure.addEventListener("keydown", (event) => {
    const part = event.target.closest(".node, .wire");
    if (!part) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) walk(part, step);
    else if (event.key === " " || event.key === "Enter") choose(part);
    else return;
    event.preventDefault();
  });
  document.addEventListener("change", showChosen);
  showChosen();
}
