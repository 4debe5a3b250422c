"""What people enter about a target, checked and tidy."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.outgoing.addresses import is_private_host, read_allowed
from stammgast.outgoing.contracts import (
    SECURITIES,
    WHEN_UNSURE,
    MailSettings,
    Pace,
    ShownSettings,
    TargetFacts,
    TargetKind,
    TargetSettings,
    WebhookSettings,
)
from stammgast.workspace.api import brands

NAME_LENGTH_MAX, URL_LENGTH_MAX, TEXT_LENGTH_MAX = 100, 2_000, 320
PORT_MAX = 65_535
_KINDS: dict[type[TargetSettings], TargetKind] = {
    MailSettings: "mail",
    WebhookSettings: "webhook",
    ShownSettings: "shown",
}
_PACE_RANGES = {
    "at_once": (1, 50),
    "per_minute": (0, 100_000),
    "timeout_seconds": (1, 60),
    "give_up_hours": (1, 24 * 30),
}


def kind_of(settings: TargetSettings) -> TargetKind:
    """Return the kind of target that has such settings."""
    return _KINDS[type(settings)]


def checked(runtime: Runtime, facts: TargetFacts) -> TargetFacts:
    """Return what was entered about a target, tidy. Raises Invalid."""
    name, settings = " ".join(facts.name.split()), facts.settings
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise Invalid(field="name", problem=Phrase("write a name of at most {most} characters", most=NAME_LENGTH_MAX))
    if facts.brand and facts.brand not in [one.id for one in brands(runtime)]:
        raise Invalid(field="brand", problem=_("choose a brand that is there"))
    _check_pace(facts.pace)
    if isinstance(settings, WebhookSettings):
        settings = WebhookSettings(read_url(settings.url, runtime.settings.outgoing_private))
    elif isinstance(settings, MailSettings):
        settings = _checked_mail(settings)
    return msgspec.structs.replace(facts, name=name, settings=settings)


def _check_pace(pace: Pace) -> None:
    for field, (least, most) in _PACE_RANGES.items():
        if not least <= getattr(pace, field) <= most:
            raise Invalid(field=field, problem=Phrase("give a number from {least} to {most}", least=least, most=most))
    if pace.when_unsure not in WHEN_UNSURE:
        raise Invalid(field="when_unsure", problem=_("choose one of those"))


def read_url(text: str, private: str = "") -> str:
    """Return the address of a webhook as it is called. Raises Invalid.

    It needs TLS, and a host that is not plainly private; hosts named in `private` (the setting) need neither.

    >>> read_url(" https://crm.example/hooks?from=inn ")
    'https://crm.example/hooks?from=inn'
    """
    text = text.strip()
    problem = _("write an address like https://crm.example/hooks")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(field="url", problem=problem) from None
    is_odd = not text.isascii() or not text.isprintable() or " " in text or len(text) > URL_LENGTH_MAX
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.fragment or is_odd:
        raise Invalid(field="url", problem=problem)
    allowed = read_allowed(private)
    if allowed.is_named(host):
        return text
    if parts.scheme != "https":
        raise Invalid(field="url", problem=_("the address must begin with https://"))
    if is_private_host(host):
        raise Invalid(
            field="url", problem=_("this is a private address; whoever runs the machine can allow it: outgoing_private")
        )
    return text


def _checked_mail(settings: MailSettings) -> MailSettings:
    tidy = msgspec.structs.replace(
        settings, host=settings.host.strip().lower(), user=settings.user.strip(), from_name=settings.from_name.strip()
    )
    if not tidy.host or not all(sign.isalnum() or sign in ".-:" for sign in tidy.host) or not tidy.host.isascii():
        raise Invalid(field="host", problem=_("write the name of the mail server, like smtp.inn.example"))
    if not 0 < tidy.port <= PORT_MAX:
        raise Invalid(field="port", problem=Phrase("give a number from {least} to {most}", least=1, most=PORT_MAX))
    if tidy.security not in SECURITIES:
        raise Invalid(field="security", problem=_("choose one of those"))
    for field in ("host", "user", "from_name"):
        value = getattr(tidy, field)
        if len(value) > TEXT_LENGTH_MAX or not value.isprintable():
            raise Invalid(field=field, problem=_("this is too long, or has signs that can't be printed"))
    return msgspec.structs.replace(
        tidy,
        from_address=read_mail_address(settings.from_address, "from_address"),
        reply_to=read_mail_address(settings.reply_to, "reply_to") if settings.reply_to.strip() else "",
    )


def read_mail_address(text: str, field: str) -> str:
    """Return a mail address, with its domain as it travels. Raises Invalid.

    >>> read_mail_address(" Front.Desk@Gasthaus-Mühle.example ", "from_address")
    'Front.Desk@xn--gasthaus-mhle-5ob.example'
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid(field=field, problem=_("write an address like service@inn.example")) from None
    return found.ascii_email or found.normalized
