"""Cookies' names and what is derived from their secrets."""

from __future__ import annotations

import secrets

from stammgast.kernel.ids import digest128

SESSION_COOKIE = "sg_session"
VISIT_COOKIE = "sg_visit"
"""A visitor's random secret, for the CSRF token of pages before the log-in."""
LANGUAGE_COOKIE = "sg_language"
THEME_COOKIE = "sg_theme"
BRAND_COOKIE = "sg_brand"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "_csrf"
CSRF_HEADER = "x-csrf-token"


def csrf_of(secret: str) -> str:
    """Return what forms must carry for a cookie's secret: derived, so it needs no storing and does not reveal it."""
    return digest128(b"csrf", secret.encode()).hex()


def mask_token(token: str) -> str:
    """Return a token (hex) as one page carries it: another text each time, so that compression can't betray it (BREACH).

    >>> unmask_token(mask_token("00ff")), mask_token("")
    ('00ff', '')
    """
    if not token:
        return ""
    mask = secrets.token_bytes(len(token) // 2)
    return mask.hex() + _xor(mask, bytes.fromhex(token)).hex()


def unmask_token(masked: str) -> str:
    """Return the token that a page carried, empty for what can't be one."""
    try:
        both = bytes.fromhex(masked)
    except ValueError:
        return ""
    half = len(both) // 2
    return _xor(both[:half], both[half:]).hex() if len(both) == 2 * half else ""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
