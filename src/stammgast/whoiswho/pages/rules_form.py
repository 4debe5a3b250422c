"""The identity rules as a form: lines of texts as they were typed, and the rules that they make."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from stammgast.identity.graph.rules import GraphRules, MailProvider, NamespaceRule, read_rules
from stammgast.identity.placeholders import NEWEST
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.web.forms import Form
from stammgast.web.numbers import whole


class DraftNamespace(msgspec.Struct, frozen=True):
    """One line about a namespace. may_link is `yes` or `no`; never: one pattern a line."""

    namespace: str = ""
    priority: str = ""
    limit: str = ""
    period: str = "ever"
    may_link: str = "yes"
    reading: str = "auto"
    never: str = ""


class DraftProvider(msgspec.Struct, frozen=True):
    """One line about mail domains. ignores: `` (nothing), plus, dots or both."""

    domains: str = ""
    ignores: str = ""
    is_one: str = "no"


class DraftRules(msgspec.Struct, frozen=True):
    """The whole form."""

    namespaces: tuple[DraftNamespace, ...] = ()
    providers: tuple[DraftProvider, ...] = ()
    profile_cap: str = ""
    held_above: str = ""
    held_above_limited: str = ""
    held_above_browsers: str = ""
    other_priority: str = ""
    phone_region: str = ""
    never_link: str = ""
    built_in: str = str(NEWEST)


_NAMESPACE_FIELDS = ("namespace", "priority", "limit", "period", "may_link", "reading", "never")
_PROVIDER_FIELDS = ("domains", "ignores", "is_one")
_STEP = 10


def draft_of(rules: GraphRules) -> DraftRules:
    """Return rules as the form shows them: strongest namespaces first."""
    return DraftRules(
        tuple(_namespace_draft(one) for one in sorted(rules.namespaces, key=lambda one: one.priority)),
        tuple(_provider_draft(one) for one in rules.mail_providers),
        str(rules.profile_cap),
        str(rules.held_above),
        _optional_text(rules.held_above_limited),
        _optional_text(rules.held_above_browsers),
        str(rules.other_priority),
        rules.phone_region,
        "\n".join(rules.never_link),
        str(rules.built_in),
    )


def read_draft(form: Form) -> DraftRules:
    """Return what was typed; lines that say nothing are left out."""
    namespaces = [DraftNamespace(*line) for line in _lines(form, _NAMESPACE_FIELDS)]
    providers = [DraftProvider(*line) for line in _lines(form, _PROVIDER_FIELDS)]
    return DraftRules(
        tuple(one for one in namespaces if one.namespace or one.priority or one.limit),
        tuple(one for one in providers if one.domains),
        form.text("profile_cap"),
        form.text("held_above"),
        form.text("held_above_limited"),
        form.text("held_above_browsers"),
        form.text("other_priority"),
        form.text("phone_region"),
        form.text("never_link"),
        form.text("built_in") or str(NEWEST),
    )


def changed_draft(draft: DraftRules, order: str) -> DraftRules | None:
    """Return the form with a line moved (`up:2`, `down:2`), dropped or added (`add`), None for any other order.

    Moving exchanges the strengths of two neighbours, so what stands higher is stronger.
    """
    action, _colon, text = order.partition(":")
    number = whole(text)
    place = -1 if number is None else number
    lines = list(draft.namespaces)
    match action:
        case "add":
            lines.append(DraftNamespace(priority=_next_priority(lines)))
        case "add_provider":
            return msgspec.structs.replace(draft, providers=(*draft.providers, DraftProvider(ignores="plus")))
        case "drop_provider" if 0 <= place < len(draft.providers):
            kept = tuple(one for number, one in enumerate(draft.providers) if number != place)
            return msgspec.structs.replace(draft, providers=kept)
        case "drop" if 0 <= place < len(lines):
            del lines[place]
        case "up" | "down" if 0 <= place < len(lines):
            _exchange(lines, place, place + (-1 if action == "up" else 1))
        case _:
            return None
    return msgspec.structs.replace(draft, namespaces=tuple(lines))


def rules_of_draft(draft: DraftRules) -> GraphRules:
    """Return the rules that the form describes. Raises Invalid and UnfitRules, which say what to mend."""
    facts: dict[str, Any] = {
        "namespaces": [_namespace_facts(one) for one in draft.namespaces],
        "mail_providers": [_provider_facts(one) for one in draft.providers],
        "profile_cap": _whole(draft.profile_cap, "profile_cap"),
        "held_above": _whole(draft.held_above, "held_above"),
        "held_above_limited": _optional(draft.held_above_limited, "held_above_limited"),
        "held_above_browsers": _optional(draft.held_above_browsers, "held_above_browsers"),
        "other_priority": _whole(draft.other_priority, "other_priority"),
        "phone_region": draft.phone_region.strip().upper(),
        "never_link": _patterns(draft.never_link),
        "built_in": _whole(draft.built_in, "built_in"),
    }
    return read_rules(msgspec.json.encode(facts).decode())


def _lines(form: Form, names: Sequence[str]) -> list[tuple[str, ...]]:
    columns = (form.every(name) for name in names)
    return [tuple(text.strip() for text in line) for line in zip_longest(*columns, fillvalue="")]


def _namespace_draft(one: NamespaceRule) -> DraftNamespace:
    return DraftNamespace(
        one.namespace,
        str(one.priority),
        _optional_text(one.limit),
        one.period,
        "yes" if one.may_link else "no",
        one.reading,
        "\n".join(one.never_link),
    )


def _provider_draft(one: MailProvider) -> DraftProvider:
    ignores = {(True, True): "both", (True, False): "plus", (False, True): "dots", (False, False): ""}
    return DraftProvider(", ".join(one.domains), ignores[one.plus, one.dots], "yes" if one.is_one else "no")


def _namespace_facts(one: DraftNamespace) -> dict[str, Any]:
    name = one.namespace.strip().lower()
    if not name:
        raise Invalid(
            field="namespace", problem=_("every line needs the name of its identifiers, such as loyalty_card")
        )
    found: dict[str, Any] = {
        "namespace": name,
        "priority": _whole(one.priority, "priority", name),
        "period": one.period or "ever",
        "may_link": one.may_link != "no",
        "reading": one.reading or "auto",
        "never_link": _patterns(one.never),
    }
    if one.limit:
        found["limit"] = _whole(one.limit, "limit", name)
    return found


def _provider_facts(one: DraftProvider) -> dict[str, Any]:
    return {
        "domains": one.domains.lower().replace(",", " ").split(),
        "plus": one.ignores in ("plus", "both"),
        "dots": one.ignores in ("dots", "both"),
        "is_one": one.is_one == "yes",
    }


def _patterns(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _whole(text: str, field: str, about: str = "") -> int:
    if text.isascii() and text.isdecimal() and len(text) < 8:  # noqa: PLR2004 - the rules allow no more than a million
        return int(text)
    problem = Phrase(_("write a whole number for {name}"), name=about) if about else _("write a whole number")
    raise Invalid(field=field, problem=problem)


def _optional(text: str, field: str) -> int | None:
    return _whole(text, field) if text.strip() else None


def _optional_text(number: int | None) -> str:
    return "" if number is None else str(number)


def _next_priority(lines: Sequence[DraftNamespace]) -> str:
    return str(max((int(one.priority) for one in lines if one.priority.isdecimal()), default=0) + _STEP)


def _exchange(lines: list[DraftNamespace], one: int, other: int) -> None:
    if not 0 <= other < len(lines):
        return
    first, second = lines[one], lines[other]
    lines[one] = msgspec.structs.replace(second, priority=first.priority)
    lines[other] = msgspec.structs.replace(first, priority=second.priority)
