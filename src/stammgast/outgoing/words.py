"""How pages call kinds of targets, states, reasons and answers."""

from __future__ import annotations

from stammgast.kernel.i18n import marked as _

KIND_NAMES = {"mail": _("Sender of mails"), "webhook": _("Webhook"), "shown": _("Only shown")}
KIND_HELP = {
    "mail": _("Mails go out by your own mail server, from an address of yours."),
    "webhook": _("Another system is called, each call signed, so that it can trust it."),
    "shown": _("Nothing goes out. What would have can be looked at: to try things."),
}
KIND_ICONS = {"mail": "mail", "webhook": "api", "shown": "search"}
STATE_WORDS = {
    "waiting": (_("Waiting"), "info"),
    "sending": (_("On its way"), "info"),
    "sent": (_("Sent"), "good"),
    "failed": (_("Failed"), "harm"),
    "discarded": (_("Let go"), "off"),
}
REASONS = {
    "refused": _("The other side refused it for good."),
    "gone": _("The receiver answered that it is gone (410). The target is closed until somebody opens it."),
    "gave_up": _("It was tried again and again, as long as the target says."),
    "unsure": _("Nobody knows whether it arrived, and the target says that a person decides: see there, then send again or let go."),
    "too_late": _("It was not worth sending any more when its turn came."),
    "unreadable": _("It can't be written as it was ordered."),
    "no_target": _("Its target was removed, or does not take such messages."),
    "unsubscribed": _("Whoever would get it has ended mails of this purpose."),
}  # fmt: skip
OUTCOME_WORDS = {
    "taken": (_("Taken"), "good"),
    "again": (_("Tried again later"), "attention"),
    "refused": (_("Refused"), "harm"),
    "gone": (_("Gone"), "harm"),
}
SECURITY_NAMES = {
    "starttls": _("STARTTLS (usually port 587)"),
    "tls": _("TLS from the start (usually port 465)"),
    "none": _("None: only within your own machine or network"),
}
UNSURE_NAMES = {
    "again": _("Send it again: the receiver drops what it has by its id"),
    "hold": _("Hold it: a person decides"),
}
PURPOSE_TEST = _("Test")
