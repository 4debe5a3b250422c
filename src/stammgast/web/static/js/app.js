// What every page does: forms, dialogs, menus, lists by keyboard, live parts. Everything works without it, but slower.
import { startPalette } from "./palette.js";
import { startTables } from "./tables.js";
import { startCharts } from "./charts.js";

const byId = (id) => document.getElementById(id);
const csrf = () => document.querySelector('meta[name="csrf"]').content;

export function toast(text, kind = "info") {
  const region = byId("toasts");
  const line = document.createElement("div");
  line.className = `toast ${kind}`;
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), 8000);
}

// --- htmx: the form token, waiting, failures ---------------------------------------------------------------------
let waiting = 0;
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest("[data-live]")) return;
  waiting += 1;
  setTimeout(() => document.body.classList.toggle("is-waiting", waiting > 0), 400);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.closest("[data-live]")) return;
  waiting = Math.max(0, waiting - 1);
  if (!waiting) document.body.classList.remove("is-waiting");
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const isText = (xhr.getResponseHeader("content-type") || "").startsWith("text/plain");
  if (!event.target.closest("[data-live]")) toast(isText && xhr.responseText ? xhr.responseText : byId("toasts").dataset.failed, "harm");
});
document.addEventListener("htmx:sendError", () => toast(byId("toasts").dataset.offline, "harm"));

// --- Live parts: fresh while somebody looks at the page, at rest while it is being read or used -------------------
const beat = (part) => {
  const isUsed = part.matches(":hover:has(a, button, input, details), :focus-within") || part.querySelector("details[open]");
  if (!document.hidden && !(isUsed && part.dataset.livePause !== "never")) part.dispatchEvent(new CustomEvent("live"));
};
function startLive(root) {
  for (const part of root.querySelectorAll("[data-live]")) {
    if (part.dataset.liveStarted) continue;
    part.dataset.liveStarted = "yes";
    const timer = setInterval(() => (part.isConnected ? beat(part) : clearInterval(timer)), Number(part.dataset.live) * 1000);
  }
}

// --- Times: "3 minutes ago" stays true ---------------------------------------------------------------------------
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
function renewTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) || UNITS.at(-1);
    const text = words.format(Math.round(seconds / length), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(() => document.hidden || renewTimes(), 20000);

// --- Forms -------------------------------------------------------------------------------------------------------
let agreed = null;
function ask(form) {
  const dialog = byId("confirm");
  const yes = dialog.querySelector('[value="yes"]');
  byId("confirm-title").textContent = form.dataset.confirmTitle;
  byId("confirm-text").textContent = form.dataset.confirm;
  yes.textContent = form.dataset.confirmLabel;
  yes.className = `button ${form.dataset.confirmKind === "harm" ? "harm solid" : "primary"}`;
  yes.onclick = () => {
    agreed = form;
    dialog.close();
    form.requestSubmit();
  };
  dialog.querySelector('[value="no"]').onclick = () => dialog.close();
  dialog.showModal();
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && agreed !== form) {
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form);
    return;
  }
  agreed = null;
  if (form.method === "post" && !form.hasAttribute("hx-post")) form.classList.add("is-sending");
}, true);
// Coming back by the browser's button shows the page as it was left: forms must be usable again.
addEventListener("pageshow", () => document.querySelectorAll(".is-sending").forEach((form) => form.classList.remove("is-sending")));
document.addEventListener("change", (event) => {
  // A search field also "changes" when it loses the focus: only what is chosen filters anew.
  if (event.target.matches(".filter-bar :is(select, [type=checkbox], [type=radio], [type=date])")) {
    event.target.form.dispatchEvent(new CustomEvent("refilter"));
  }
  const form = event.target.closest("[data-brand-filter]");
  if (!form) return;
  const url = new URL(location.href);
  url.searchParams.set("brand", event.target.value);
  url.searchParams.delete("page");
  location.assign(url);
});

// --- Clicks: dialogs, copying, menus -------------------------------------------------------------------------------
async function copy(button) {
  const text = button.closest(".code").querySelector("pre").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS the clipboard is closed to scripts: select the text, so that Ctrl C takes it.
    getSelection().selectAllChildren(button.closest(".code").querySelector("pre"));
    return;
  }
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => (label.textContent = before), 2000);
}
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) byId(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-copies]")) copy(event.target.closest("[data-copies]"));
  if (event.target instanceof HTMLDialogElement) event.target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "?" && !isTyping) byId("shortcuts")?.showModal();
});

function start(root) {
  startLive(root);
  startTables(root);
  startCharts(root);
}
startPalette();
start(document);
renewTimes();
document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement ?? document));
document.addEventListener("htmx:afterSettle", renewTimes);
setTimeout(() => document.querySelectorAll("#toasts > *").forEach((line) => line.remove()), 8000);
