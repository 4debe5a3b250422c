// The API's page: reads the OpenAPI document and makes a small form for each operation.
const home = document.getElementById("operations");
const words = home.dataset;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolve(schema, document_) {
  const name = schema?.$ref?.split("/").at(-1);
  return name ? document_.components.schemas[name] : schema;
}

// An example body from a schema: enough to see the shape.
function example(schema, document_, depth = 0) {
  const found = resolve(schema, document_) ?? {};
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found.enum) return found.enum[0];
  if (found.oneOf || found.anyOf) return example((found.oneOf ?? found.anyOf).find((one) => one.type !== "null"), document_, depth);
  if (found.type === "object" || found.properties) {
    if (depth > 3) return {};
    return Object.fromEntries(Object.entries(found.properties ?? {}).map(([key, value]) => [key, example(value, document_, depth + 1)]));
  }
  return { array: [], integer: found.minimum ?? 0, number: 0, boolean: false }[found.type] ?? (found.type === "string" ? "…" : null);
}

function field(parameter, at) {
  const id = `p-${at}-${parameter.name}`;
  const input = element("input", { id, name: parameter.name, required: parameter.required });
  input.dataset.in = parameter.in;
  const label = element("label", { htmlFor: id, textContent: parameter.name });
  if (parameter.required) label.append(" ", element("span", { className: "optional", textContent: words.required }));
  return element("div", { className: "field" }, label, input, parameter.description ? element("p", { className: "help", textContent: parameter.description }) : null);
}

async function send(event, method, path, answer) {
  event.preventDefault();
  const form = event.target;
  let address = path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.append(input.name, input.value);
  }
  const headers = { Accept: "application/json", "X-CSRF-Token": document.querySelector('meta[name="csrf"]').content };
  const body = form.querySelector("textarea")?.value;
  if (body) headers["Content-Type"] = "application/json";
  const started = performance.now();
  const reply = await fetch(query.size ? `${address}?${query}` : address, { method: method.toUpperCase(), headers, body });
  const text = await reply.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  answer.hidden = false;
  answer.querySelector(".status").textContent = `${reply.status} ${reply.statusText} · ${Math.round(performance.now() - started)} ms`;
  answer.querySelector("code").textContent = shown;
}

function operation(method, path, told, document_, at) {
  const body = told.requestBody?.content?.["application/json"]?.schema;
  const answer = element("div", { className: "stack", hidden: true }, element("p", { className: "status" }), element("div", { className: "code" }, element("pre", { tabIndex: 0, ariaLabel: words.answer }, element("code"))));
  const form = element("form", { className: "form" });
  form.append(...(told.parameters ?? []).filter((one) => ["path", "query"].includes(one.in)).map((one) => field(one, at)));
  if (body) {
    const id = `b-${at}`;
    form.append(element("div", { className: "field" }, element("label", { htmlFor: id, textContent: words.body }), element("textarea", { id, rows: 6, value: JSON.stringify(example(body, document_), null, 2) })));
  }
  if (method !== "get") form.append(element("p", { className: "help", textContent: words.changes }));
  form.append(element("div", { className: "actions" }, element("button", { className: `button ${method === "get" ? "primary" : "secondary"}`, textContent: words.send })));
  form.addEventListener("submit", (event) => send(event, method, path, answer));
  const summary = element("summary", {}, element("span", { className: `method ${method}`, textContent: method.toUpperCase() }), element("code", { textContent: path }), element("span", { className: "soft", textContent: told.summary ?? "" }));
  return element("details", { className: "operation" }, summary, element("div", { className: "stack" }, told.description ? element("p", { textContent: told.description }) : null, form, answer));
}

async function start() {
  const reply = await fetch("/api/openapi.json", { headers: { Accept: "application/json" } });
  const document_ = await reply.json();
  const groups = new Map();
  let at = 0;
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, told] of Object.entries(methods)) {
      if (!told.responses) continue;
      const group = told.tags?.[0] ?? "";
      groups.set(group, [...(groups.get(group) ?? []), operation(method, path, told, document_, (at += 1))]);
    }
  }
  home.replaceChildren(...[...groups].map(([name, operations]) => element("section", { className: "panel" }, element("h2", { textContent: name }), ...operations)));
}

start().catch(() => home.replaceChildren(element("p", { className: "notice harm", textContent: words.failed })));
