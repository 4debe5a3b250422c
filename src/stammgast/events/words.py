"""How pages call and picture events and channels; a name that is not here is the sender's own and stays as it is."""

from __future__ import annotations

from stammgast.kernel.i18n import marked as _

CHANNEL_LABELS = {
    "web": _("Website"),
    "app": _("App"),
    "mail": _("Mail"),
    "phone": _("Phone"),
    "shop": _("Store"),
    "social": _("Social media"),
    "chat": _("Chat"),
    "survey": _("Survey"),
    "sms": _("Text message"),
    "server": _("Server"),
    "": _("Channel not known"),
}
CHANNEL_ICONS = {
    "web": "web",
    "app": "app",
    "mail": "mail",
    "phone": "phone",
    "shop": "shop",
    "social": "social",
    "chat": "chat",
    "survey": "voice",
    "sms": "mobile",
    "server": "server",
}
TYPE_LABELS = {
    "identify": _("Told who they are"),
    "page": _("Page viewed"),
    "screen": _("Screen viewed"),
    "group": _("Belongs to an account"),
    "alias": _("Identifiers joined"),
    "track": _("Event"),
}
TYPE_ICONS = {"identify": "customer", "page": "page", "screen": "app", "group": "customers", "alias": "copy"}
EVENT_LABELS = {
    "Product Searched": _("Products searched"),
    "Products Searched": _("Products searched"),
    "Product List Viewed": _("Product list viewed"),
    "Product Viewed": _("Product viewed"),
    "Product Clicked": _("Product clicked"),
    "Product Added": _("Put into the basket"),
    "Product Removed": _("Taken out of the basket"),
    "Cart Viewed": _("Basket viewed"),
    "Checkout Started": _("Checkout started"),
    "Payment Info Entered": _("Payment entered"),
    "Order Completed": _("Order completed"),
    "Order Refunded": _("Order refunded"),
    "Order Cancelled": _("Order cancelled"),
    "Survey Answered": _("Survey answered"),
    "Review Posted": _("Review posted"),
    "Mention Posted": _("Mention posted"),
    "Case Opened": _("Case opened"),
    "Case Replied": _("Case replied to"),
    "Case Resolved": _("Case resolved"),
    "Message Sent": _("Message sent"),
    "Message Failed": _("Message could not be sent"),
    "Message Unsubscribed": _("Ended mails of a kind"),
    "Message Resubscribed": _("Let mails of a kind come again"),
    "Decision Made": _("Decision made"),
    "Experiment Viewed": _("Experiment viewed"),
    "Order Delivered": _("Order delivered"),
    "Order Shipped": _("Order shipped"),
    "Order Updated": _("Order changed"),
    "Email Delivered": _("Mail delivered"),
    "Email Opened": _("Mail opened"),
    "Email Link Clicked": _("Link in a mail followed"),
    "Email Bounced": _("Mail not deliverable"),
    "Unsubscribed": _("Unsubscribed"),
    "Live Chat Conversation Started": _("Chat begun"),
    "Live Chat Conversation Ended": _("Chat ended"),
    "Call Ended": _("Call ended"),
    "Signed Up": _("Signed up"),
    "Trait Corrected": _("Detail corrected"),
    "Trait Correction Taken Back": _("Correction taken back"),
    "Customer Marked": _("Customer marked"),
    "Identifier Added": _("Identifier added"),
    "Signed In": _("Signed in"),
    "Signed Out": _("Signed out"),
}
_EVENT_ICONS = (
    ("Order Refunded", "refund"),
    ("Order Cancelled", "refund"),
    ("Order", "order"),
    ("Checkout", "order"),
    ("Cart", "order"),
    ("Product", "tag"),
    ("Survey", "voice"),
    ("Review", "star"),
    ("Mention", "social"),
    ("Case", "cases"),
    ("Live Chat", "chat"),
    ("Call", "phone"),
    ("Email", "mail"),
    ("Message", "mail"),
    ("Decision", "decide"),
    ("Experiment", "decide"),
    ("Sign", "key"),
)


def event_label(kind: str, name: str) -> str:
    """Return what an event is called: its catalogue word, else its own name, else the word for its type.

    >>> event_label("track", "Order Completed"), event_label("page", "Pricing"), event_label("track", "Quiz Won")
    ('Order completed', 'Pricing', 'Quiz Won')
    """
    return EVENT_LABELS.get(name) or name or TYPE_LABELS.get(kind, kind)


def is_own_name(name: str) -> bool:
    """Say whether an event is called by the sender's own word, which nobody may translate.

    >>> is_own_name("Quiz Won"), is_own_name("Order Completed"), is_own_name("")
    (True, False, False)
    """
    return bool(name) and name not in EVENT_LABELS


def event_icon(kind: str, name: str, channel: str) -> str:
    """Return the icon of an event: by its name, else its type, else its channel.

    >>> event_icon("track", "Order Completed", "web"), event_icon("track", "Quiz Won", "phone")
    ('order', 'phone')
    """
    for beginning, icon in _EVENT_ICONS:
        if kind == "track" and name.startswith(beginning):
            return icon
    return TYPE_ICONS.get(kind) or CHANNEL_ICONS.get(channel, "event")
