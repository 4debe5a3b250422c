"""The country of a truncated address, from the public domain database that `make setup` puts into `events/geo`."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import maxminddb

FOLDER = Path(__file__).parent.parent / "geo"
CACHED_ADDRESSES = 65_536


@lru_cache(CACHED_ADDRESSES)
def country_of(ip: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of an address's country; empty when unknown, private, or without a database.

    >>> country_of("127.0.0.0")
    ''
    """
    reader = _reader(FOLDER)
    if reader is None:
        return ""
    try:
        record = reader.get(ip)
    except (ValueError, TypeError, maxminddb.InvalidDatabaseError):
        return ""
    code = record.get("country_code") if isinstance(record, dict) else None
    return code if isinstance(code, str) else ""


def has_database() -> bool:
    """Say whether there is a database that can be read."""
    return _reader(FOLDER) is not None


@cache
def _reader(folder: Path) -> maxminddb.Reader | None:
    for path in sorted(folder.glob("*.mmdb")):
        try:
            return maxminddb.open_database(path)
        except (OSError, maxminddb.InvalidDatabaseError):
            continue
    return None
