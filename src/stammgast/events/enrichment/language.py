"""The language of an event: the first part of its locale."""

from __future__ import annotations

import re
from functools import lru_cache

_LOCALE = re.compile(r"\s*([A-Za-z]{2})(?![A-Za-z])")


@lru_cache(4_096)
def language_of(locale: str) -> str:
    """Return ISO 639-1 in lower case, or empty when `locale` does not begin with one.

    >>> language_of("de-AT"), language_of("EN"), language_of("fil-PH")
    ('de', 'en', '')
    """
    found = _LOCALE.match(locale)
    return found[1].lower() if found else ""
