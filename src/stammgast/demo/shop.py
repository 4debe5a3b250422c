"""The demo shop's pages: list, product, basket, checkout. Open to everybody, since it is there to be a website.

They carry the key of the demo source, or the one given as `?writeKey=`, with which anybody can try their own source.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.demo.catalogue import BY_SKU, CATEGORIES, CURRENCY, PRODUCTS, Product
from stammgast.demo.source import demo_key, given_key, make_demo_source
from stammgast.kernel.errors import NotFound
from stammgast.web.contracts import Role
from stammgast.web.guards import anybody, person_of, requires
from stammgast.web.pages import redirect, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor


class ProductNotFound(NotFound):
    """The shop has no product {name}."""

    code = "not_found"


@get("/demo/shop", guards=[anybody()], sync_to_thread=True)
def show_shop(request: AnyRequest) -> Response[str]:
    """Show the products, of one category or those that fit a search."""
    category = request.query_params.get("category") or ""
    text = (request.query_params.get("q") or "").strip()[:100]
    found = [one for one in PRODUCTS if _fits(request, one, category, text)]
    return _page(request, "list", products=found, category=category if category in CATEGORIES else "", text=text)


@get("/demo/shop/product/{sku:str}", guards=[anybody()], sync_to_thread=True)
def show_product(request: AnyRequest, sku: FromPath[str]) -> Response[str]:
    """Show one product."""
    product = BY_SKU.get(sku)
    if product is None:
        raise ProductNotFound(name=sku[:40])
    others = [one for one in PRODUCTS if one.category == product.category and one is not product]
    return _page(request, "product", product=product, others=others)


@get("/demo/shop/basket", guards=[anybody()], sync_to_thread=True)
def show_basket(request: AnyRequest) -> Response[str]:
    """Show the basket, which lies in the browser."""
    return _page(request, "basket")


@get("/demo/shop/checkout", guards=[anybody()], sync_to_thread=True)
def show_checkout(request: AnyRequest) -> Response[str]:
    """Show the checkout; nothing is paid and nothing is sent but events."""
    return _page(request, "checkout")


@post("/demo/shop/source", guards=[requires(Role.ADMINISTRATOR)], status_code=303, sync_to_thread=True)
def connect_shop(request: AnyRequest) -> Response[Any]:
    """Make the shop's source."""
    make_demo_source(runtime_of(request), Actor.of(person_of(request)))
    return redirect("/demo/shop")


def _page(request: AnyRequest, name: str, **context: Any) -> Response[str]:
    given = given_key(request.query_params.get("writeKey"))
    kept = {"writeKey": given} if given else {}

    def link(path: str, **more: str) -> str:
        return f"{path}?{urlencode({**kept, **more})}" if kept or more else path

    return render(
        request,
        f"demo/shop/{name}.html",
        write_key=given or demo_key(runtime_of(request)),
        given_key=given,
        query=urlencode(kept),
        link=link,
        categories=CATEGORIES,
        catalogue=_catalogue(request),
        currency=CURRENCY,
        **context,
    )


def _catalogue(request: AnyRequest) -> str:
    """Return the products as JSON for the basket: sku -> name as shown, name in events, category, price."""
    translate = shell_of(request).translator.gettext
    told = {
        one.sku: {"shown": translate(one.name), "name": one.name, "category": one.category, "price": one.price / 100}
        for one in PRODUCTS
    }
    return msgspec.json.encode(told).decode()


def _fits(request: AnyRequest, product: Product, category: str, text: str) -> bool:
    if category in CATEGORIES and product.category != category:
        return False
    shown = shell_of(request).translator.gettext(product.name)
    return text.lower() in f"{shown} {product.name}".lower()


ROUTES = (show_shop, show_product, show_basket, show_checkout, connect_shop)
