"""What one version of the rules says otherwise than another, in words that can be translated."""

from __future__ import annotations

from collections.abc import Iterator

from stammgast.identity.graph.rules import GraphRules, MailProvider, NamespaceRule
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _

PERIODS = {"ever": _("for ever"), "year": _("a year"), "month": _("a month"), "week": _("a week")}
READINGS = {
    "auto": _("by its name"),
    "exact": _("exactly as sent"),
    "lower": _("in lower case"),
    "mail": _("as a mail address"),
    "phone": _("as a phone number"),
}
BUILT_INS = {
    "1": _("null, guest, zeros, test addresses"),
    "2": _("also names of variables such as user_id, unfilled templates; googlemail.com is gmail.com"),
}
YES, NO = _("yes"), _("no")


def differences(old: GraphRules, new: GraphRules) -> list[Phrase]:
    """Return one sentence for each thing that `new` says otherwise than `old`; the version's number is none.

    >>> from stammgast.identity.graph.rules import NamespaceRule
    >>> new = GraphRules(held_above=5, namespaces=(*GraphRules().namespaces, NamespaceRule(namespace="till", priority=50)))
    >>> [str(one) for one in differences(GraphRules(), new)]
    ['till has rules of its own', 'An identifier is held when it meets more than 5 stronger ones on a day (was 10)']
    """
    return [*_namespaces(old, new), *_general(old, new), *_mail(old, new)]


def _namespaces(old: GraphRules, new: GraphRules) -> Iterator[Phrase]:
    before = {one.namespace: one for one in old.namespaces}
    after = {one.namespace: one for one in new.namespaces}
    for name, rule in after.items():
        if name not in before:
            yield Phrase(_("{namespace} has rules of its own"), namespace=name)
        yield from _namespace(before.get(name) or old.rule(name), rule)
    for name in before.keys() - after.keys():
        yield Phrase(_("{namespace} has no rules of its own any more"), namespace=name)


def _namespace(old: NamespaceRule, new: NamespaceRule) -> Iterator[Phrase]:
    name = new.namespace
    if (old.limit, old.period) != (new.limit, new.period):
        yield Phrase(
            _("A customer may have of {namespace}: {limit} (was {before})"),
            namespace=name,
            limit=limit_words(new),
            before=limit_words(old),
        )
    if old.may_link != new.may_link:
        yield Phrase(
            _("{namespace} links customers") if new.may_link else _("{namespace} links nobody"), namespace=name
        )
    if old.priority != new.priority:
        yield Phrase(
            _("{namespace} has strength {priority} (was {before})"),
            namespace=name,
            priority=new.priority,
            before=old.priority,
        )
    if old.reading != new.reading:
        yield Phrase(
            _("{namespace} is read {how} (was {before})"),
            namespace=name,
            how=READINGS[new.reading],
            before=READINGS[old.reading],
        )
    yield from _patterns(old.never_link, new.never_link, name)


def limit_words(rule: NamespaceRule) -> Phrase:
    """Return how many of a namespace a customer may have, in words."""
    if rule.limit is None:
        return Phrase(_("any number"))
    if rule.period == "ever":
        return Phrase("{limit}", limit=rule.limit)
    return Phrase(_("{limit} {period}"), limit=rule.limit, period=PERIODS[rule.period])


def _general(old: GraphRules, new: GraphRules) -> Iterator[Phrase]:
    yield from _holding(old, new)
    if old.profile_cap != new.profile_cap:
        yield Phrase(
            _("A customer may have {most} identifiers in all (was {before})"),
            most=new.profile_cap,
            before=old.profile_cap,
        )
    if old.other_priority != new.other_priority:
        yield Phrase(
            _("All other identifiers have strength {priority} (was {before})"),
            priority=new.other_priority,
            before=old.other_priority,
        )
    if old.phone_region != new.phone_region:
        yield Phrase(
            _("Phone numbers without country code are from {region} (was {before})"),
            region=new.phone_region,
            before=old.phone_region,
        )
    if old.built_in != new.built_in:
        yield Phrase(
            _("Built in as placeholders and domains: {what} (was: {before})"),
            what=Phrase(BUILT_INS[str(new.built_in)]),
            before=Phrase(BUILT_INS[str(old.built_in)]),
        )
    yield from _patterns(old.never_link, new.never_link, "")


def _holding(old: GraphRules, new: GraphRules) -> Iterator[Phrase]:
    for text, before, now in (
        (
            _("An identifier is held when it meets more than {most} stronger ones on a day (was {before})"),
            old.held_above,
            new.held_above,
        ),
        (
            _("Identifiers of one kind with a limit that any other may meet on a day: {most} (was {before})"),
            old.held_above_limited,
            new.held_above_limited,
        ),
        (
            _("Browsers that any identifier may meet on a day: {most} (was {before})"),
            old.held_above_browsers,
            new.held_above_browsers,
        ),
    ):
        if before != now:
            yield Phrase(text, most=_number(now), before=_number(before))


def _number(most: int | None) -> Phrase | int:
    return Phrase(_("any number")) if most is None else most


def _patterns(old: tuple[str, ...], new: tuple[str, ...], namespace: str) -> Iterator[Phrase]:
    for pattern in new:
        if pattern not in old:
            text = _("{pattern} is a placeholder in {namespace}") if namespace else _("{pattern} is a placeholder")
            yield Phrase(text, pattern=pattern, namespace=namespace)
    for pattern in old:
        if pattern not in new:
            text = (
                _("{pattern} is no placeholder in {namespace} any more")
                if namespace
                else _("{pattern} is no placeholder any more")
            )
            yield Phrase(text, pattern=pattern, namespace=namespace)


def _mail(old: GraphRules, new: GraphRules) -> Iterator[Phrase]:
    for one in new.mail_providers:
        if one not in old.mail_providers:
            yield provider_words(one)
    for one in old.mail_providers:
        if one not in new.mail_providers:
            yield Phrase(
                _("Mail addresses at {domains} are not read by that rule any more"), domains=", ".join(one.domains)
            )


def provider_words(one: MailProvider) -> Phrase:
    """Return what a mail provider ignores, in words."""
    text = {
        (True, True): _("Mail at {domains}: dots and what follows a plus are ignored"),
        (True, False): _("Mail at {domains}: what follows a plus is ignored"),
        (False, True): _("Mail at {domains}: dots are ignored"),
        (False, False): _("Mail at {domains}: nothing is ignored"),
    }[one.plus, one.dots]
    if one.is_one:
        text = {
            (True, True): _("Mail at {domains}: one provider; dots and what follows a plus are ignored"),
            (True, False): _("Mail at {domains}: one provider; what follows a plus is ignored"),
            (False, True): _("Mail at {domains}: one provider; dots are ignored"),
            (False, False): _("Mail at {domains}: one provider"),
        }[one.plus, one.dots]
    return Phrase(text, domains=", ".join(one.domains))
