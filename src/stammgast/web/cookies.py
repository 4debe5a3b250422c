"""Cookies' names and what is derived from their secrets."""

from __future__ import annotations

from stammgast.kernel.ids import digest128

SESSION_COOKIE = "sg_session"
VISIT_COOKIE = "sg_visit"
"""A visitor's random secret, for the CSRF token of pages before the log-in."""
LANGUAGE_COOKIE = "sg_language"
THEME_COOKIE = "sg_theme"
BRAND_COOKIE = "sg_brand"

CSRF_FIELD = "_csrf"
CSRF_HEADER = "x-csrf-token"


def csrf_of(secret: str) -> str:
    """Return what forms must carry for a cookie's secret: derived, so it needs no storing and does not reveal it."""
    return digest128(b"csrf", secret.encode()).hex()
