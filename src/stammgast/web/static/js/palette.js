// The search over everything: Ctrl or Cmd K, arrows, Enter.
export function startPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  const input = palette.querySelector("input");
  const hits = () => [...palette.querySelectorAll(".hit")];

  const open = () => {
    if (palette.open) return;
    palette.showModal();
    input.select();
    input.dispatchEvent(new CustomEvent("palette-open"));
  };
  const choose = (place) => {
    const all = hits();
    all.forEach((hit, at) => {
      hit.setAttribute("aria-selected", at === place);
      hit.id = `hit-${at}`;
    });
    all[place]?.scrollIntoView({ block: "nearest" });
    if (all[place]) input.setAttribute("aria-activedescendant", `hit-${place}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const chosen = () => hits().findIndex((hit) => hit.getAttribute("aria-selected") === "true");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette-open]")) open();
    else if (event.target === palette) palette.close();
  });
  input.addEventListener("keydown", (event) => {
    const count = hits().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (count) choose((chosen() + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      (hits()[chosen()] ?? hits()[0])?.click();
    }
  });
  palette.addEventListener("htmx:afterSwap", () => choose(0));
}
