// Live: new events join the list while nobody reads it; otherwise a button tells how many wait. Nothing moves under the reader.
const log = document.querySelector("[data-live-log]");
const body = log.querySelector("tbody");
const bar = document.querySelector("[data-live-new]");
const told = document.querySelector("[data-live-told]");
const pause = document.querySelector("[data-live-pause]");
const EVERY = 2000, SHOWN = 200, TOLD_EVERY = 10000;
let newest = Number(log.dataset.newest);
let waiting = [];
let isAsking = false, isPaused = false;
let untold = 0, lastTold = 0;

const label = (count) => (count === 1 ? told.dataset.one : told.dataset.many.replace("{count}", count));
const isRead = () => isPaused || log.matches(":hover, :focus-within") || log.querySelector("details[open]") || log.getBoundingClientRect().top < 0;

function show() {
  if (!waiting.length) return;
  body.prepend(...waiting);
  for (const row of waiting) {
    row.classList.add("fresh");
    window.htmx?.process(row);
  }
  waiting = [];
  for (const row of [...body.querySelectorAll("tr[data-number]")].slice(SHOWN)) row.remove();
  document.querySelector("[data-live-empty]").hidden = true;
  bar.hidden = true;
}

function tell() {
  // A screen reader hears a sum every ten seconds, not every event.
  if (untold && Date.now() - lastTold > TOLD_EVERY) {
    told.textContent = label(untold);
    [untold, lastTold] = [0, Date.now()];
  }
  bar.hidden = !waiting.length;
  if (waiting.length) bar.querySelector("span").textContent = label(waiting.length);
}

async function ask() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    const address = `${log.dataset.liveLog}${log.dataset.liveLog.endsWith("?") ? "" : "&"}after=${newest}`;
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const part = document.createElement("template");
    part.innerHTML = `<table><tbody>${await answer.text()}</tbody></table>`;
    newest = Number(part.content.querySelector("[data-newest]").dataset.newest);
    const rows = [...part.content.querySelectorAll("tr[data-number]")];
    waiting = [...rows, ...waiting].slice(0, SHOWN);
    untold += rows.length;
    if (!isRead()) show();
    tell();
  } catch {
    // Not reachable for a moment: the next turn asks again.
  } finally {
    isAsking = false;
  }
}

pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", isPaused);
  pause.querySelector("span").textContent = isPaused ? pause.dataset.go : pause.dataset.pause;
  if (!isPaused) show();
});
bar.addEventListener("click", () => {
  show();
  log.scrollIntoView({ block: "nearest" });
});
setInterval(ask, EVERY);
