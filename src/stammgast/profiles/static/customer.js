// One customer: new events appear by themselves while nobody reads further down; tabs on a phone change without a load.
const moments = () => document.getElementById("moments");

function isUndisturbed() {
  const found = moments();
  return scrollY < 80 && !found.querySelector("details[open]") && !found.contains(document.activeElement) && !getSelection().toString();
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "newer" && event.target.id !== "newer") return;
  const button = moments()?.querySelector("[data-newer]");
  if (button && isUndisturbed()) button.click();
});

// A column in which something is opened is being read: it stays as it is until the next news.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches("[data-renewed]") && event.target.querySelector("details[open]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const tab = event.target.closest(".customer-tabs a");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.querySelector(".customer").dataset.tab = tab.dataset.tab;
  for (const one of tab.parentElement.children) one.toggleAttribute("aria-current", one === tab);
  tab.setAttribute("aria-current", "true");
  const address = new URL(location.href);
  address.searchParams.set("tab", tab.dataset.tab);
  history.replaceState(history.state, "", address);
});
