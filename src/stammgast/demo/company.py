"""Months of a demo company: made-up customers who browse, order, return, write, call, chat, review and answer surveys.

Deterministic: the same day, number of people and seed give the same events, down to their message ids. Each event is as
on the wire, with a `source` beside it that says which of the company's systems sent it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from stammgast.demo import words
from stammgast.demo.belonging import groups_of, joining
from stammgast.demo.catalogue import CURRENCY, PRODUCTS, Product
from stammgast.demo.mishaps import DESK_DAYS_AGO, mistyped_calls
from stammgast.demo.people import Customer, make_customer
from stammgast.kernel import clock
from stammgast.kernel.ids import digest128

SEED = 1867
PEOPLE = 320
DAYS = 182
WEBSITE, APP, TILL, DESK, MAIL, LISTENING = (
    "Demo website",
    "Demo app",
    "Demo till",
    "Demo service desk",
    "Demo newsletter",
    "Demo listening",
)
SOURCES = {WEBSITE: "browser", APP: "mobile", TILL: "server", DESK: "server", MAIL: "server", LISTENING: "server"}
"""The company's systems and their kinds of source."""
ARRIVALS = (
    ("https://www.google.de/", "", 34),
    ("", "", 22),
    ("https://www.instagram.com/", "?utm_source=instagram&utm_medium=social&utm_campaign=harvest", 13),
    ("https://www.google.de/", "?utm_source=google&utm_medium=cpc&utm_campaign=sourdough&gclid=demo", 12),
    ("https://chatgpt.com/", "?utm_source=chatgpt.com", 6),
    ("https://www.ecosia.org/", "", 5),
    ("https://slow-food-blog.example/", "", 8),
)
"""Referrer, query and weight of how people first come."""

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


class DemoEvent(msgspec.Struct, frozen=True):
    """One event: which system sends it, when (ms UTC), and its JSON as on the wire."""

    source: str
    time: int
    wire: dict[str, Any]


def make_company(today: int, people: int = PEOPLE, days: int = DAYS, seed: int = SEED) -> Iterator[DemoEvent]:
    """Yield the events of `people` customers over the `days` before `today` (ms UTC), each customer's in order.

    Nothing lies after `today`.
    """
    for number in range(1, people + 1):
        who, life_of = (Random(f"{seed}/{number}/{what}") for what in ("who", "life"))  # noqa: S311 - made-up lives
        life = _Life(make_customer(number, who), life_of, today, days)
        yield from (event for event in life.events() if event.time <= today)
    day = today - today % DAY - DESK_DAYS_AGO * DAY + 9 * HOUR
    for number, facts in mistyped_calls(people) if days > DESK_DAYS_AGO else ():
        user = f"demo-{number:04d}"
        name = digest128(user.encode(), b"mistyped", str(day).encode()).hex()
        stamp = clock.from_millis(day + number * MINUTE).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wire = {
            **facts,
            "userId": user,
            "messageId": f"demo-{name}",
            "timestamp": stamp,
            "context": {"channel": "phone"},
        }
        yield DemoEvent(DESK, day + number * MINUTE, wire)


class _Life:
    """One customer's months with the company."""

    def __init__(self, who: Customer, random: Random, today: int, days: int) -> None:
        self.who = who
        self.random = random
        # Counted from whole days, so that an hour later the same lives are told, only an hour longer.
        self.today = today - today % DAY + DAY
        self.start = self.today - days * DAY
        self.count = 0
        self.is_known = False
        self.groups = groups_of(who.number)
        self.made: list[DemoEvent] = []

    def events(self) -> list[DemoEvent]:
        """Return all that happened, in order."""
        moment = self._daytime(self.start + int(self.random.random() ** 1.3 * (self.today - self.start)))
        self._visit(moment, is_first=True)
        mean_days = 6 + 60 * (1 - self.who.loyalty) ** 2
        while True:
            moment = self._daytime(moment + int(self.random.expovariate(1 / mean_days) * DAY) + 4 * HOUR)
            if moment > self.today or self._happens(0.06 * (1 - self.who.loyalty)):  # they drift away
                break
            self._occasion(moment)
        self._change()
        return sorted(self.made, key=lambda event: event.time)

    def _occasion(self, moment: int) -> None:
        """Something brings the customer back."""
        kinds = ["visit"] * 6 + ["mail"] * (3 * self.who.reads_mail) + ["app"] * (4 * self.who.has_app)
        kinds += ["store"] * (4 * self.who.visits_store) + ["social"]
        match self.random.choice(kinds):
            case "visit":
                self._visit(moment)
            case "mail":
                self._letter(moment)
            case "app":
                self._app(moment)
            case "store":
                self._store(moment)
            case _:
                self._mention(moment)

    def _visit(self, moment: int, *, is_first: bool = False) -> None:
        """Browse the website, perhaps order."""
        weights = [weight for _, _, weight in ARRIVALS]
        referrer, query, _ = self.random.choices(ARRIVALS, weights)[0] if is_first else ("", "", 0)
        at = self._page(moment, "/", "Lindenhof", referrer, query)
        basket: list[Product] = []
        for product in self.random.sample(PRODUCTS, self.random.randint(1, 4)):
            at = self._page(at, f"/product/{product.sku}", product.name)
            at = self._web(at, "Product Viewed", _told(product))
            if self._happens(0.3 + 0.3 * self.who.loyalty):  # regulars know what they want
                at = self._web(at, "Product Added", _told(product))
                basket.append(product)
        if basket and self._happens(0.35 + 0.4 * self.who.loyalty):  # the rest leave it there
            self._checkout(at, basket)

    def _checkout(self, at: int, basket: list[Product]) -> None:
        at = self._page(at, "/checkout", "Checkout")
        at = self._web(at, "Checkout Started", {"products": [_told(one) for one in basket]})
        self._introduce(at, WEBSITE)
        order = self._order(at + 2 * MINUTE, basket, WEBSITE, {})
        self._aftermath(at + 2 * MINUTE, order, basket)

    def _order(self, at: int, basket: list[Product], source: str, context: dict[str, Any]) -> str:
        quantities = [self.random.choice((1, 1, 1, 2, 2, 3)) for _ in basket]
        cents = sum(product.price * count for product, count in zip(basket, quantities, strict=True))
        order = f"D{self.who.number:04d}-{self.count:03d}"
        lines = [_told(product) | {"quantity": count} for product, count in zip(basket, quantities, strict=True)]
        facts = {"order_id": order, "total": cents / 100, "currency": CURRENCY, "products": lines}
        self._add(source, at, "Order Completed", facts, context or self._browser())
        return order

    def _aftermath(self, at: int, order: str, basket: list[Product]) -> None:
        """What follows an order: delivery, and now and then trouble, an answer, a review."""
        delivered = at + int(self.random.uniform(1, 4) * DAY)
        self._add(DESK, delivered, "Order Delivered", {"order_id": order}, {})
        is_unlucky = self._happens(0.12)  # one parcel in eight
        if is_unlucky:
            self._complaint(delivered + 3 * HOUR, order, basket)
        if self._happens(0.3):  # three in ten answer
            self._answer(delivered + DAY, order, is_unlucky=is_unlucky)
        if self._happens(0.14):  # one in seven reviews
            self._review(delivered + 2 * DAY, self.random.choice(basket), is_unlucky=is_unlucky)

    def _complaint(self, at: int, order: str, basket: list[Product]) -> None:
        case, channel = f"C-{order}", self.random.choice(("mail", "phone", "chat", "mail"))
        topic = self.random.choice(words.TOPICS)
        opened = {"case_id": case, "topic": topic, "order_id": order, "text": self._say(words.COMPLAINTS[topic])}
        if channel == "phone":
            self._add(DESK, at, "Call Ended", {"duration_seconds": self.random.randint(90, 900), "topic": topic}, {})
        if channel == "chat":
            self._add(DESK, at, "Live Chat Conversation Started", {"topic": topic}, {})
        self._add(DESK, at + MINUTE, "Case Opened", opened, {"channel": channel})
        replied = at + int(self.random.lognormvariate(1.4, 0.9) * HOUR)
        self._add(
            DESK,
            replied,
            "Case Replied",
            {"case_id": case, "agent": self.random.choice(words.AGENTS)},
            {"channel": channel},
        )
        resolved = replied + int(self.random.lognormvariate(2.0, 0.8) * HOUR)
        self._add(
            DESK,
            resolved,
            "Case Resolved",
            {"case_id": case, "first_contact": self._happens(0.6)},
            {"channel": channel},
        )
        if self._happens(0.45):  # nearly half get money back
            product = self.random.choice(basket)
            refund = {
                "order_id": order,
                "total": product.price / 100,
                "currency": CURRENCY,
                "products": [_told(product)],
            }
            self._add(DESK, resolved, "Order Refunded", refund, {"channel": channel})

    def _answer(self, at: int, order: str, *, is_unlucky: bool) -> None:
        mood = max(0.0, min(1.0, self.random.gauss(self.who.temper - 0.35 * is_unlucky, 0.15)))
        asked = {"metric": "nps", "score": round(mood * 10)}
        if self._happens(0.4):
            asked = {"metric": "csat", "score": 1 + round(mood * 4)}
        facts: dict[str, Any] = {"survey": "after delivery", "order_id": order, **asked}
        if self._happens(0.6):  # Most add a sentence.
            facts["comment"] = self._say(words.PRAISE if mood > 0.65 else words.MIXED if mood > 0.4 else words.ANGER)  # noqa: PLR2004
        self._add(MAIL, at, "Survey Answered", facts, {"channel": "mail"})

    def _review(self, at: int, product: Product, *, is_unlucky: bool) -> None:
        mood = self.who.temper - 0.3 * is_unlucky
        text = self._say(words.PRAISE if mood > 0.6 else words.MIXED)  # noqa: PLR2004 - happy or not
        facts = {"product_id": product.sku, "rating": max(1, min(5, round(1 + 4 * mood))), "text": text}
        self._add(WEBSITE, at, "Review Posted", facts, self._browser())

    def _letter(self, at: int) -> None:
        letter = {"campaign_name": self.random.choice(words.LETTERS), "email_id": f"L{self.who.number}-{self.count}"}
        self._introduce(at - HOUR, MAIL)
        self._add(MAIL, at - HOUR, "Email Delivered", letter, {})
        self._add(MAIL, at, "Email Opened", letter, {})
        if self._happens(0.4):  # of those who open
            self._add(MAIL, at + MINUTE, "Email Link Clicked", letter, {})
            self._page(
                at + 2 * MINUTE, "/", "Lindenhof", "", "?utm_source=letter&utm_medium=email&utm_campaign=harvest"
            )
            self._visit(at + 3 * MINUTE)

    def _app(self, at: int) -> None:
        self._introduce(at, APP)
        context = self._phone()
        for screen in ("Home", "Offers", self.random.choice(("Orders", "Recipes", "Points"))):
            self._send(APP, at, {"type": "screen", "name": screen, "properties": {}}, context)
            at += self.random.randint(10_000, 60_000)
        if self._happens(0.3):  # a quick order on the way home
            basket = self.random.sample(PRODUCTS, self.random.randint(1, 2))
            self._aftermath(at, self._order(at, basket, APP, context), basket)

    def _store(self, at: int) -> None:
        self._introduce(at, TILL)
        basket = self.random.sample(PRODUCTS[:9], self.random.randint(1, 4))
        self._order(at, basket, TILL, {"channel": "shop", "touchpoint": self.random.choice(words.STORES)})

    def _mention(self, at: int) -> None:
        if not self.is_known:
            return
        text = self._say(words.PRAISE if self.who.temper > 0.6 else words.ANGER)  # noqa: PLR2004 - happy or not
        self._add(LISTENING, at, "Mention Posted", {"network": self.random.choice(words.NETWORKS), "text": text}, {})

    def _introduce(self, at: int, source: str) -> None:
        """Let the customer say who they are, the first time it is needed; their browser is known from then on."""
        if self.is_known:
            return
        self.is_known = True
        who = self.who
        traits = {
            "name": f"{who.first} {who.last}",
            "email": who.email,
            "phone": who.phone,
            "city": who.city,
            "country": who.country,
            "is_demo": True,
        }
        self._send(source, at, {"type": "identify", "traits": traits}, self._browser() if source == WEBSITE else {})
        for group in self.groups:
            call = {"type": "group", "groupId": group.group_id, "traits": joining(group, who.number)}
            self._send(source, at + 1_000, call, self._browser() if source == WEBSITE else {})

    def _change(self) -> None:
        """Tell, after all else, that the customer has moved house or left an account, when that is so."""
        last = max(event.time for event in self.made)
        if self.is_known and self.who.number % 8 == 0:  # one in eight moves
            town = words.TOWNS[self.who.number // 8 % len(words.TOWNS)]
            traits = {"city": town, "email": self.who.email, "is_demo": True}
            self._send(DESK, min(last + HOUR, self.today - DAY), {"type": "identify", "traits": traits}, {})
        for group in self.groups:
            if self.is_known and self.who.number in group.left:
                call = {"type": "group", "groupId": group.group_id, "traits": {"left": True}}
                self._send(DESK, min(last + DAY, self.today - DAY), call, {})

    def _page(self, at: int, path: str, title: str, referrer: str = "", query: str = "") -> int:
        page = {
            "url": f"https://lindenhof.example{path}{query}",
            "path": path,
            "title": title,
            "search": query,
            "referrer": referrer or ("" if path == "/" else "https://lindenhof.example/"),
        }
        self._send(WEBSITE, at, {"type": "page", "name": title, "properties": page}, self._browser() | {"page": page})
        return at + self.random.randint(8_000, 90_000)

    def _web(self, at: int, name: str, properties: dict[str, Any]) -> int:
        self._add(WEBSITE, at, name, properties, self._browser())
        return at + self.random.randint(5_000, 40_000)

    def _add(self, source: str, at: int, name: str, properties: dict[str, Any], context: dict[str, Any]) -> None:
        self._send(source, at, {"type": "track", "event": name, "properties": properties}, context)

    def _send(self, source: str, at: int, facts: dict[str, Any], context: dict[str, Any]) -> None:
        who = self.who
        self.count += 1
        on_browser = source == WEBSITE
        ids = {"anonymousId": who.anonymous_id} if on_browser else {}
        if self.is_known or not on_browser:
            ids["userId"] = who.user_id
        name = digest128(who.user_id.encode(), str(self.count).encode(), str(at).encode()).hex()
        stamp = clock.from_millis(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wire = {
            **facts,
            **ids,
            "messageId": f"demo-{name}",
            "timestamp": stamp,
            "context": {"locale": who.language, **context},
        }
        self.made.append(DemoEvent(source, at, wire))

    def _browser(self) -> dict[str, Any]:
        seen: dict[str, Any] = {"userAgent": self.who.agent, "ip": self.who.ip, "library": {"name": "analytics.js"}}
        # As SDKs do: after a group call all that follows in the browser names the account.
        return {**seen, "groupId": self.groups[0].group_id} if self.is_known and self.groups else seen

    def _phone(self) -> dict[str, Any]:
        is_apple = "iPhone" in self.who.agent
        device = {"type": "ios" if is_apple else "android", "id": f"demo-phone-{self.who.number:04d}"}
        return {"ip": self.who.ip, "device": device, "os": {"name": "iOS" if is_apple else "Android"}}

    def _daytime(self, moment: int) -> int:
        """Move a moment into the hours in which people are awake."""
        day = moment - moment % DAY
        return day + int(self.random.triangular(6.5, 22.5, 18.5) * HOUR)

    def _happens(self, share: float) -> bool:
        return self.random.random() < share

    def _say(self, sentences: dict[str, tuple[str, ...]]) -> str:
        return self.random.choice(sentences[self.who.language[:2]])


def _told(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.sku,
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": product.price / 100,
        "quantity": 1,
        "currency": CURRENCY,
    }
