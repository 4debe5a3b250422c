"""The rules a user can edit: which channel and touchpoint an event belongs to, and whose traffic is staff."""

from __future__ import annotations

import msgspec

CHANNELS = ("web", "app", "mail", "phone", "shop", "social", "chat", "survey", "sms", "server")
"""Channels the pages know an icon and a colour for; a rule may name others."""


class ChannelRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the ordered list. Every condition that is not empty must hold; texts compare without case, `*` is any.

    The first matching rule that names a channel gives the channel, the first that names a touchpoint the touchpoint.

    source: number of one source, 0 for any. source_kind: as in the workspace (browser, server, mobile, import, internal). library:
    `context.library.name`. event: the event of a track or the name of a page or screen. type: track, page ...
    page: a path when it begins with `/`, else host and path (`help.example.com/*`).
    """

    channel: str = ""
    touchpoint: str = ""
    source: int = 0
    source_kind: str = ""
    library: str = ""
    type: str = ""
    event: str = ""
    page: str = ""


DEFAULT_CHANNEL_RULES: tuple[ChannelRule, ...] = (
    # What happened says more than who sent it: a server reports the shop's till and the mail tool alike.
    ChannelRule(event="Email *", channel="mail"),
    ChannelRule(event="Newsletter *", channel="mail", touchpoint="Newsletter"),
    ChannelRule(event="SMS *", channel="sms"),
    ChannelRule(event="Push Notification *", channel="app", touchpoint="Push notification"),
    ChannelRule(event="Live Chat *", channel="chat", touchpoint="Live chat"),
    ChannelRule(event="Chat *", channel="chat", touchpoint="Chat"),
    ChannelRule(event="Call *", channel="phone", touchpoint="Call centre"),
    ChannelRule(event="Phone *", channel="phone", touchpoint="Call centre"),
    ChannelRule(event="Mention Posted", channel="social", touchpoint="Mention"),
    ChannelRule(event="Social *", channel="social"),
    ChannelRule(event="Store *", channel="shop", touchpoint="Store"),
    ChannelRule(event="Receipt *", channel="shop", touchpoint="Till"),
    # Touchpoints of the event catalogue (Segment's Ecommerce names and ours), whatever the channel.
    ChannelRule(event="Product List *", touchpoint="Product list"),
    ChannelRule(event="Products Searched", touchpoint="Search"),
    ChannelRule(event="Product Viewed", touchpoint="Product page"),
    ChannelRule(event="Product Clicked", touchpoint="Product list"),
    ChannelRule(event="Product Added", touchpoint="Basket"),
    ChannelRule(event="Product Removed", touchpoint="Basket"),
    ChannelRule(event="Cart *", touchpoint="Basket"),
    ChannelRule(event="Checkout *", touchpoint="Checkout"),
    ChannelRule(event="Payment *", touchpoint="Checkout"),
    ChannelRule(event="Order Completed", touchpoint="Order"),
    ChannelRule(event="Order Refunded", touchpoint="Return"),
    ChannelRule(event="Order *", touchpoint="Order"),
    ChannelRule(event="Survey *", touchpoint="Survey"),
    ChannelRule(event="Review *", touchpoint="Review"),
    ChannelRule(event="Case *", touchpoint="Service"),
    # Who sent it.
    ChannelRule(source_kind="browser", channel="web"),
    ChannelRule(source_kind="mobile", channel="app"),
    ChannelRule(type="screen", channel="app"),
    ChannelRule(library="analytics-ios", channel="app"),
    ChannelRule(library="analytics-swift", channel="app"),
    ChannelRule(library="analytics-android", channel="app"),
    ChannelRule(library="analytics-kotlin", channel="app"),
    ChannelRule(library="*react-native*", channel="app"),
    ChannelRule(library="*flutter*", channel="app"),
    ChannelRule(library="analytics.js", channel="web"),
    ChannelRule(library="RudderLabs JavaScript SDK", channel="web"),
    ChannelRule(page="*", channel="web"),
    # What a shop's or a till's own program reports, when nothing says where the customer was.
    ChannelRule(source_kind="server", channel="server"),
    ChannelRule(source_kind="import", channel="server"),
)

PAYMENT_HOSTS = (
    "paypal.com",
    "stripe.com",
    "klarna.com",
    "sofort.com",
    "giropay.de",
    "paydirekt.de",
    "payments.amazon.com",
    "payments.amazon.de",
    "pay.google.com",
    "mollie.com",
    "adyen.com",
    "unzer.com",
    "ratepay.com",
    "computop.com",
    "payone.com",
    "saferpay.com",
    "datatrans.com",
    "postfinance.ch",
    "twint.ch",
    "wero-wallet.eu",
    "checkout.com",
    "worldpay.com",
    "worldline.com",
    "braintreegateway.com",
    "novalnet.de",
    "paysafecard.com",
    "3dsecure.io",
    "arcot.com",
    "cardinalcommerce.com",
)
"""Payment providers that shops hand customers over to, to begin with; a person may change the list."""
