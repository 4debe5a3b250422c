"""A target as forms and the API enter it: flat, with the fields of all kinds."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.outgoing.contracts import (
    MailSettings,
    Pace,
    Security,
    ShownSettings,
    Target,
    TargetFacts,
    TargetKind,
    TargetSettings,
    WebhookSettings,
    WhenUnsure,
)

T = TypeVar("T", bound=msgspec.Struct)


class Entered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A target as it is entered. Of the fields from `url` to `replyTo` those of its kind count."""

    name: str
    kind: TargetKind
    brand: int = 0
    url: str = ""
    host: str = ""
    port: int = 587
    security: Security = "starttls"
    user: str = ""
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    at_once: int = 4
    per_minute: int = 0
    in_order: bool = False
    timeout_seconds: int = 15
    give_up_hours: int = 72
    when_unsure: WhenUnsure = "again"

    def facts(self) -> TargetFacts:
        """Return what is entered, by kind."""
        return TargetFacts(name=self.name, settings=self._settings(), brand=self.brand, pace=_part(Pace, self))

    def _settings(self) -> TargetSettings:
        if self.kind == "webhook":
            return WebhookSettings(self.url)
        return ShownSettings() if self.kind == "shown" else _part(MailSettings, self)


def entered(target: Target) -> Entered:
    """Return a target as it would be entered."""
    own = {"name": target.name, "kind": target.kind, "brand": target.brand}
    return Entered(**own, **msgspec.structs.asdict(target.settings), **msgspec.structs.asdict(target.pace))  # type: ignore[arg-type]


def chosen(text: str, choices: tuple[str, ...], field: str) -> str:
    """Return one of the choices. Raises Invalid."""
    if text not in choices:
        raise Invalid(field=field, problem=_("choose one of those"))
    return text


def _part(kind: type[T], given: Entered) -> T:
    return kind(**{name: getattr(given, name) for name in kind.__struct_fields__})
