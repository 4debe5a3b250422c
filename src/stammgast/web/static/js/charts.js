// Charts: ECharts is fetched only when a page holds one. Data comes in data-chart, written by the macro ui.chart.
let library;

function loadLibrary() {
  const address = document.querySelector("script[data-echarts]")?.dataset.echarts;
  library ??= new Promise((resolve, reject) => {
    if (!address) return reject(new Error("charts are not installed"));
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(globalThis.echarts);
    script.onerror = () => reject(new Error("charts could not be loaded"));
    document.head.append(script);
  });
  return library;
}

// Tokens may be light-dark(...): only a real property resolves them to the colour in use.
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `probe-${name}`;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function axis(data, ink, line) {
  const isFlat = data.kind === "hbar";
  const place = { type: "category", data: data.labels, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: ink, hideOverlap: true }, inverse: isFlat, boundaryGap: !["line", "area"].includes(data.kind) };
  const amount = { type: "value", splitLine: { lineStyle: { color: line } }, axisLabel: { color: ink, formatter: (value) => value.toLocaleString(data.language, { notation: Math.abs(value) >= 1e5 ? "compact" : "standard" }) }, minInterval: data.whole === false ? 0 : 1 };
  return isFlat ? { xAxis: amount, yAxis: place } : { xAxis: place, yAxis: amount };
}

function seriesOf(data, surface) {
  return data.series.map((one) => {
    const hue = colour(`series-${one.colour}`);
    const isLine = ["line", "area"].includes(data.kind);
    const last = one.values.findLastIndex((value) => value !== null);
    return {
      name: one.label, data: one.values, color: hue, type: isLine ? "line" : "bar", stack: ["area", "stacked"].includes(data.kind) ? "all" : undefined,
      symbol: one.values.length > 1 ? "none" : "circle", lineStyle: { width: 2 }, areaStyle: data.kind === "area" ? { opacity: 0.3 } : undefined, barMaxWidth: 28,
      itemStyle: isLine ? undefined : { borderColor: surface, borderWidth: data.kind === "stacked" ? 1 : 0, borderRadius: 2 },
      // A label at the line's end before a legend.
      endLabel: { show: data.kind === "line" && data.series.length > 1 && last >= 0, formatter: one.label, color: hue, distance: 6 },
      labelLayout: { moveOverlap: "shiftY" }, emphasis: { focus: "series" },
    };
  });
}

function options(data) {
  const ink = colour("ink-soft"), line = colour("line"), surface = colour("surface");
  const isCalm = data.calm || matchMedia("(prefers-reduced-motion: reduce)").matches;
  const hasLegend = data.series.length > 1 && data.kind !== "line";
  const room = data.kind === "line" && data.series.length > 1 ? 12 + 7 * Math.max(...data.series.map((one) => one.label.length)) : 12;
  return {
    animation: !isCalm, animationDuration: 200, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: ink },
    grid: { left: 4, right: room, top: hasLegend ? 34 : 12, bottom: 4, containLabel: true },
    // One line, leafed through where it is too long: two would lie over the axis on a phone.
    legend: hasLegend ? { type: "scroll", top: 0, left: 0, right: 0, icon: "circle", itemWidth: 10, textStyle: { color: ink }, pageIconColor: ink, pageIconInactiveColor: line, pageTextStyle: { color: ink }, pageButtonGap: 8, pageIconSize: 10 } : undefined,
    // Rich text, because tooltips in HTML need inline styles, which our content policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: colour("raised"), borderColor: line, textStyle: { color: colour("ink"), fontSize: 12 }, axisPointer: { type: data.kind === "line" || data.kind === "area" ? "line" : "shadow" }, confine: true, valueFormatter: (value) => (value === null || value === undefined ? "–" : value.toLocaleString(data.language)) },
    ...axis(data, ink, line), series: seriesOf(data, surface),
  };
}

async function draw(canvas) {
  const echarts = await loadLibrary();
  const data = JSON.parse(canvas.dataset.chart);
  const chart = echarts.getInstanceByDom(canvas) ?? echarts.init(canvas, null, { renderer: "canvas" });
  chart.setOption(options(data), true);
  if (canvas.dataset.drawn) return;
  canvas.dataset.drawn = "yes";
  new ResizeObserver(() => (canvas.isConnected ? chart.resize() : chart.dispose())).observe(canvas);
}

function showTable(figure, isTable) {
  const button = figure.querySelector("[data-chart-switch]");
  figure.querySelector(".chart-canvas").hidden = isTable;
  figure.querySelector(".chart-table").hidden = !isTable;
  button.setAttribute("aria-pressed", isTable);
  button.querySelector("span").textContent = isTable ? button.dataset.chartLabel : button.dataset.tableLabel;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-switch]");
  if (button) showTable(button.closest("[data-chart-figure]"), button.getAttribute("aria-pressed") !== "true");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.querySelectorAll("[data-chart]").forEach(draw));

export function startCharts(root) {
  for (const canvas of root.querySelectorAll("[data-chart]:not([data-drawn])")) {
    draw(canvas).catch(() => showTable(canvas.closest("[data-chart-figure]"), true));
  }
}
