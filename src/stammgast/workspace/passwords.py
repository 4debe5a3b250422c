"""Passwords: argon2id with RFC 9106's second recommendation (64 MiB), which the library takes as its default."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stammgast.workspace.contracts import WeakPassword

LEAST_CHARACTERS = 10

_HASHER = PasswordHasher()
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$c3RhbW1nYXN0LW5vYm9keQ$0hQw2cRkSKMcbN6Ek3Gk1mQnL8XrqFJ0rX0kB0yq7sM"


def check_strength(password: str, email: str) -> None:
    """Raise WeakPassword unless the password is long enough and not the address (NIST SP 800-63B: length, no recipes)."""
    if len(password) < LEAST_CHARACTERS or password.strip().lower() == email:
        raise WeakPassword(field="password", least=LEAST_CHARACTERS)


def hash_password(password: str) -> str:
    """Return the argon2id hash to store."""
    return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Say whether the password belongs to the stored hash; takes as long when nothing is stored (None)."""
    try:
        return _HASHER.verify(stored or _NOBODYS_HASH, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
