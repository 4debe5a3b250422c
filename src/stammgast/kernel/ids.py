"""Distinct types for distinct numbers, and the making of new names and secrets."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import NewType

SourceId = NewType("SourceId", int)
BrandId = NewType("BrandId", int)
UserId = NewType("UserId", int)
Anchor = NewType("Anchor", int)
"""A set of raw identifiers seen together, interned: dense, from 1 up, 0 for nobody, never reused."""
ProfileId = NewType("ProfileId", int)
"""A profile's number: the smallest of its anchors."""
MessageId = NewType("MessageId", str)

NOBODY = Anchor(0)


def new_uuid() -> str:
    """Return a new random UUID as text."""
    return str(uuid.uuid4())


def new_secret(prefix: str) -> str:
    """Return a new secret of 160 random bits that says by its prefix what it opens.

    >>> new_secret("sgk_").startswith("sgk_")
    True
    """
    return prefix + secrets.token_hex(20)


def secret_digest(secret: str) -> str:
    """Return the digest under which a random secret is stored: SHA-256 in hex (enough for 160 random bits)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def digest128(*parts: bytes) -> bytes:
    """Return 16 bytes that name `parts`, unambiguously and for ever (BLAKE2b; lengths are part of the input).

    >>> digest128(b"ab", b"c") == digest128(b"a", b"bc")
    False
    """
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(4, "big"))
        state.update(part)
    return state.digest()
