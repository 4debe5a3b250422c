"""Numbers as people and programs write them: decimal marks, thousands, currency signs, the sign before or behind."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

NUMBER_LENGTH_MAX = 60
CURRENCY_SIGNS = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "₺": "TRY", "₹": "INR", "₽": "RUB",
    "US$": "USD", "CA$": "CAD", "A$": "AUD", "C$": "CAD", "Fr.": "CHF", "SFr.": "CHF", "Euro": "EUR",
}  # fmt: skip
CURRENCY_CODES = frozenset((
    "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "JPY", "CNY", "CAD", "AUD", "NZD",
    "BRL", "MXN", "INR", "ISK", "ILS", "ZAR", "AED", "SGD", "HKD", "KRW", "THB",
))  # fmt: skip
_SIGNS = "|".join(re.escape(sign) for sign in sorted((*CURRENCY_SIGNS, *CURRENCY_CODES), key=len, reverse=True))
_CURRENCY = re.compile(rf"^([-+(]?)\s*({_SIGNS})\s*(?=[-+\d(.,])|(?<=[\d.,)-])\s*({_SIGNS})([-)]?)$", re.IGNORECASE)
_BLANKS = str.maketrans("", "", " \u00a0\u202f\u2009\t'\u2019")
_MINUS = str.maketrans("\u2212\u2013\u2012", "---")
_NO_CENTS = re.compile(r"[.,]-{1,2}$")
_BY_CODE = {sign.casefold(): code for sign, code in CURRENCY_SIGNS.items()}


@lru_cache(8)
def _shape(decimal: str) -> re.Pattern[str]:
    """Return what a number without blanks and currency looks like, with groups of thousands where they belong."""
    mark, other = (",", r"\.") if decimal == "," else (r"\.", ",")
    whole = rf"\d{{1,3}}(?:{other}\d{{2,3}})*{other}\d{{3}}|\d+"
    return re.compile(rf"[-+]?(?:(?:{whole})(?:{mark}\d*)?|{mark}\d+)(?:[eE][-+]?\d{{1,2}})?")


def read_number(text: str, decimal: str) -> Decimal | None:
    """Return the number that `text` writes with `decimal` as its decimal mark, None when it is none.

    Thousands may be separated, but only where thousands are: 1.5 is no number where the mark is a comma, since it is
    likelier to be meant as one and a half than as fifteen.

    >>> read_number("1.234,50 €", ","), read_number("(7)", "."), read_number("5,00-", ",")
    (Decimal('1234.50'), Decimal('-7'), Decimal('-5.00'))
    >>> read_number("1.5", ","), read_number("CHF 1'250.--", ".")
    (None, Decimal('1250'))
    """
    cleaned, _currency = without_currency(text.strip().translate(_MINUS))
    cleaned = _NO_CENTS.sub("", cleaned.translate(_BLANKS))
    is_negative = False
    if cleaned[:1] == "(" and cleaned[-1:] == ")":
        cleaned, is_negative = cleaned[1:-1], True
    elif cleaned[-1:] == "-" and cleaned[:1] != "-":
        cleaned, is_negative = cleaned[:-1], True
    if len(cleaned) > NUMBER_LENGTH_MAX or not _shape(decimal).fullmatch(cleaned):
        return None
    cleaned = cleaned.replace(".", "").replace(",", ".") if decimal == "," else cleaned.replace(",", "")
    try:
        number = Decimal(cleaned)
    except InvalidOperation:
        return None
    return -number if is_negative else number


def without_currency(text: str) -> tuple[str, str]:
    """Return a number's text without its currency, and the currency's code, empty when none stands there.

    >>> without_currency("12,5 €"), without_currency("-$4.99"), without_currency("7 EUR")
    (('12,5', 'EUR'), ('-4.99', 'USD'), ('7', 'EUR'))
    """
    if text[-1:].isdigit() and (text[:1].isdigit() or text[:2].strip("+-.,").isdigit()):
        return text, ""
    found = _CURRENCY.search(text)
    if found is None:
        return text, ""
    sign = found[2] or found[3]
    rest = (found[1] or "") + text[found.end() :] if found[2] else text[: found.start()] + (found[4] or "")
    return rest.strip(), _BY_CODE.get(sign.casefold(), sign.upper())
