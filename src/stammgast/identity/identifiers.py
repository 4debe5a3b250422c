"""What a raw identifier is worth: its normal form, or nothing when it can't tell people apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from stammgast.identity.graph.patterns import VALUE_LENGTH_MAX, checked_pattern
from stammgast.identity.graph.rules import ALL_DOMAINS, GraphRules, Identifier, MailProvider, NamespaceRule
from stammgast.identity.placeholders import FIRST, QUOTES, is_placeholder

CACHED_PHONES = 50_000
CACHED_IDENTIFIERS = 50_000
SAME_DOMAINS = {"googlemail.com": "gmail.com"}
"""Domains that name the same mailboxes as another, unless the rules name them. Google writes German addresses both ways."""

_MAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]{2,}")
_PHONE_DIGITS_MIN = 6


Normalise = Callable[[str, str], Identifier | None]
"""(namespace, raw value) -> the identifier under which it links, None when it never does."""


def normal_identifier(namespace: str, value: str, rules: GraphRules) -> Identifier | None:
    """Return the (namespace, value) under which a raw identifier links, or None when it never links.

    Normal forms are their own normal form, so what people decided about one can be read again.

    >>> normal_identifier("Email", " Anna@Example.COM ", GraphRules())
    ('email', 'anna@example.com')
    >>> normal_identifier("phone", "0171 / 234 5678", GraphRules())
    ('phone', '+491712345678')
    >>> normal_identifier("user_id", "'null'", GraphRules())
    """
    return _normaliser(rules).normal(namespace, value)


def cached_normaliser(rules: GraphRules, most: int = CACHED_IDENTIFIERS) -> Normalise:
    """Return `normal_identifier` under these rules, with a memory of `most` values for the hot path."""
    return lru_cache(most)(Normaliser(rules).normal)


class Normaliser:
    """The rules of reading arranged for quick use."""

    def __init__(self, rules: GraphRules) -> None:
        """Compile patterns, arrange mail providers by domain."""
        self.rules = rules
        self._never = [checked_pattern(one) for one in rules.never_link]
        self._never_in = {one.namespace: [checked_pattern(each) for each in one.never_link] for one in rules.namespaces}
        self._providers = {domain: one for one in rules.mail_providers for domain in one.domains}
        self._same_domains = SAME_DOMAINS if rules.built_in > FIRST else {}
        self._readings = {one.namespace: one for one in rules.namespaces}
        self._by_reading: dict[str, Callable[[str], str]] = {
            "exact": _trimmed,
            "lower": str.lower,
            "mail": self._mail,
            "phone": self._phone,
        }

    def normal(self, namespace: str, value: str) -> Identifier | None:
        """Return the identifier of a raw pair, None for a placeholder or what can't be read."""
        namespace = namespace.strip().lower()
        text = unicodedata.normalize("NFC", value).strip()
        if self._is_placeholder(text) or self._never_links(namespace, text):
            return None
        normal = self._by_reading[reading_of(self._readings.get(namespace), namespace)](text)
        # What reading made of it (a phone number's form, a mail without its plus) may be a placeholder again.
        if not normal or (normal != text and (self._is_placeholder(normal) or self._never_links(namespace, normal))):
            return None
        return namespace, normal

    def _is_placeholder(self, text: str) -> bool:
        return is_placeholder(text, self.rules.built_in)

    def _never_links(self, namespace: str, text: str) -> bool:
        if len(text) > VALUE_LENGTH_MAX:
            return False
        own = self._never_in.get(namespace, ())
        return any(one.fullmatch(text) for one in (*self._never, *own)) if self._never or own else False

    def _mail(self, text: str) -> str:
        """Return a mail address in lower case, empty when it is none. Nobody tells mailboxes apart by case any more."""
        text = text.removeprefix("mailto:").removeprefix("MAILTO:").strip(QUOTES + "<> ").lower()
        if not _MAIL.fullmatch(text):
            return ""
        mailbox, _, domain = text.rpartition("@")
        if domain not in self._providers and domain in self._same_domains:
            domain = self._same_domains[domain]
        provider = self._providers.get(domain) or self._providers.get(ALL_DOMAINS)
        return f"{mailbox}@{domain}" if provider is None else _plain_mail(mailbox, domain, provider)

    def _phone(self, text: str) -> str:
        return e164(text, self.rules.phone_region)


def reading_of(rule: NamespaceRule | None, namespace: str) -> str:
    """Return how values of a namespace are read: as its rule says, else by its name.

    >>> reading_of(None, "email"), reading_of(NamespaceRule(namespace="work", priority=1, reading="mail"), "work")
    ('mail', 'mail')
    """
    if rule is not None and rule.reading != "auto":
        return rule.reading
    return _READING_BY_NAME.get(namespace, "exact")


def _trimmed(text: str) -> str:
    return text


def _plain_mail(mailbox: str, domain: str, provider: MailProvider) -> str:
    """Return an address without what its provider ignores; nothing that would be left empty is taken away."""
    if provider.plus:
        mailbox = mailbox.partition("+")[0] or mailbox
    if provider.dots:
        mailbox = mailbox.replace(".", "") or mailbox
    if provider.is_one and ALL_DOMAINS not in provider.domains:
        domain = provider.domains[0]
    return f"{mailbox}@{domain}"


@lru_cache(CACHED_PHONES)
def e164(text: str, region: str) -> str:
    """Return a phone number in E.164, empty when it can't be one. Parsing takes 0.1 ms and more, hence the cache.

    >>> e164("+44 20 7946 0018", "DE"), e164("12", "DE")
    ('+442079460018', '')
    """
    import phonenumbers

    text = text.removeprefix("tel:").strip(QUOTES)
    if sum(one.isdigit() for one in text) < _PHONE_DIGITS_MIN:
        return ""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_READING_BY_NAME = {"email": "mail", "phone": "phone"}


@lru_cache(8)
def _normaliser(rules: GraphRules) -> Normaliser:
    return Normaliser(rules)
