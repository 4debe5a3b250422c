// The demo shop's basket and the events it tells: Segment's Ecommerce names, as any shop plugin would send them.
const body = document.body;
const catalogue = JSON.parse(body.dataset.catalogue);
const currency = body.dataset.currency;
const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
const analytics = () => window.analytics;
const track = (event, properties) => analytics()?.track(event, properties);
const address = (path) => path + (body.dataset.query ? `?${body.dataset.query}` : "");

const KEY = "lindenhof-basket";
const readBasket = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "{}");
    return Object.fromEntries(Object.entries(found).filter(([sku, quantity]) => catalogue[sku] && quantity > 0));
  } catch {
    return {};
  }
};
const writeBasket = (basket) => {
  localStorage.setItem(KEY, JSON.stringify(basket));
  showCount();
};
const cents = (basket) => Object.entries(basket).reduce((sum, [sku, quantity]) => sum + Math.round(catalogue[sku].price * 100) * quantity, 0);
const told = (sku, quantity = 1) => ({ product_id: sku, sku, name: catalogue[sku].name, category: catalogue[sku].category, price: catalogue[sku].price, quantity, currency });
const lines = (basket) => Object.entries(basket).map(([sku, quantity]) => told(sku, quantity));

function showCount() {
  const count = Object.values(readBasket()).reduce((sum, one) => sum + one, 0);
  for (const place of document.querySelectorAll("[data-basket-count]")) {
    place.textContent = count;
    place.hidden = !count;
  }
}

function add(sku, quantity) {
  const basket = readBasket();
  basket[sku] = Math.min(99, (basket[sku] || 0) + quantity);
  writeBasket(basket);
  track("Product Added", { ...told(sku, quantity), cart_id: cartId() });
}

function cartId() {
  let id = sessionStorage.getItem("lindenhof-cart");
  if (!id) sessionStorage.setItem("lindenhof-cart", (id = `cart-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`));
  return id;
}

function showBasket() {
  const basket = readBasket();
  const isEmpty = !Object.keys(basket).length;
  for (const place of document.querySelectorAll("[data-basket-empty]")) place.hidden = !isEmpty;
  for (const place of document.querySelectorAll("[data-total]")) place.textContent = money.format(cents(basket) / 100);
  const table = document.querySelector("[data-basket]");
  if (table) {
    table.hidden = isEmpty;
    table.querySelector("tbody").replaceChildren(...Object.entries(basket).map(([sku, quantity]) => basketLine(table, sku, quantity)));
  }
  const form = document.querySelector("[data-checkout]");
  if (form) form.hidden = isEmpty;
}

function basketLine(table, sku, quantity) {
  const row = document.createElement("tr");
  const [name, count, price, action] = Array.from({ length: 4 }, () => row.appendChild(document.createElement("td")));
  const link = Object.assign(document.createElement("a"), { href: address(`/demo/shop/product/${sku}`), textContent: catalogue[sku].shown });
  name.append(link);
  const input = Object.assign(document.createElement("input"), { type: "number", min: 1, max: 99, value: quantity, ariaLabel: catalogue[sku].shown });
  input.addEventListener("change", () => {
    const wanted = Math.max(1, Math.min(99, Number.parseInt(input.value, 10) || 1));
    writeBasket({ ...readBasket(), [sku]: wanted });
    track(wanted > quantity ? "Product Added" : "Product Removed", { ...told(sku, Math.abs(wanted - quantity)), cart_id: cartId() });
    showBasket();
  });
  count.append(input);
  price.className = "end";
  price.textContent = money.format(catalogue[sku].price * quantity);
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: table.dataset.remove });
  remove.addEventListener("click", () => {
    const { [sku]: gone, ...rest } = readBasket();
    writeBasket(rest);
    track("Product Removed", { ...told(sku, gone), cart_id: cartId() });
    showBasket();
  });
  action.append(remove);
  return row;
}

async function personOf(email) {
  // The same customer has the same number on every device; a real shop would use its own.
  const bytes = new TextEncoder().encode(email.trim().toLowerCase());
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : bytes;
  return `shop-${[...digest.slice(0, 8)].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
}

async function order(form) {
  const basket = readBasket();
  const total = cents(basket) / 100;
  const answers = Object.fromEntries(new FormData(form));
  const id = `LH-${Date.now().toString(36).toUpperCase()}`;
  analytics()?.identify(await personOf(answers.email), { name: answers.name, email: answers.email, ...(answers.city ? { city: answers.city } : {}) });
  track("Order Completed", { order_id: id, total, revenue: total, currency, products: lines(basket), cart_id: cartId() });
  writeBasket({});
  sessionStorage.removeItem("lindenhof-cart");
  form.hidden = true;
  const thanks = document.querySelector("[data-thanks]");
  thanks.querySelector("[data-order]").textContent = id;
  thanks.hidden = false;
  thanks.focus();
}

const PAGES = {
  list() {
    const list = document.querySelector("[data-list]");
    if (list.dataset.search) track("Products Searched", { query: list.dataset.search });
    else {
      const skus = [...list.querySelectorAll("[data-product]")].map((link) => link.dataset.product);
      track("Product List Viewed", { list_id: list.dataset.list, category: list.dataset.list, products: skus.map((sku) => told(sku)) });
    }
  },
  product: () => track("Product Viewed", told(document.querySelector("[data-sku]").dataset.sku)),
  basket: () => Object.keys(readBasket()).length && track("Cart Viewed", { cart_id: cartId(), products: lines(readBasket()) }),
  checkout: () => Object.keys(readBasket()).length && track("Checkout Started", { cart_id: cartId(), value: cents(readBasket()) / 100, currency, products: lines(readBasket()) }),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add]");
  if (button) {
    const quantity = button.closest(".product") ? Number.parseInt(document.querySelector("[data-quantity]").value, 10) || 1 : 1;
    add(button.dataset.add, Math.max(1, Math.min(20, quantity)));
    const status = button.closest(".product")?.querySelector("[data-added]");
    if (status) status.textContent = status.dataset.added;
  }
  const link = event.target.closest("[data-product]");
  if (link) track("Product Clicked", told(link.dataset.product));
});
document.addEventListener("submit", (event) => {
  const { target } = event;
  if (target.matches("[data-checkout]")) {
    event.preventDefault();
    order(target);
  }
  if (target.matches("[data-letter]")) {
    event.preventDefault();
    const input = target.querySelector("input");
    analytics()?.identify({ email: input.value });
    track("Newsletter Subscribed", { list: "farm letter" });
    const status = target.querySelector("[role=status]");
    status.textContent = status.dataset.done;
    input.value = "";
  }
});

showCount();
showBasket();
analytics()?.page();
PAGES[body.dataset.page]?.();
