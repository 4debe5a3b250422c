"""By which version of its fold each feature was folded: a feature whose version was raised says so until it is made anew.

States are sums over all events of an anchor's life. What a fold of another version put into them can't be taken out
again, so a raised version asks for the events themselves: `stammgast export`, then each line's raw with its timestamp to `/v1/import` of a new folder.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.features import Feature
from stammgast.kernel.state import State
from stammgast.profiles.store.marks import read_mark, set_mark

logger = logging.getLogger(__name__)

MARK = "feature_versions"
_decode = msgspec.msgpack.Decoder(dict[str, int]).decode


def outdated_features(connection: Connection, features: Iterable[Feature[Any]]) -> dict[str, tuple[int, int]]:
    """Return feature -> (version it was folded by, its version now) of those that differ; empty when all is well."""
    folded = _folded(connection)
    return {
        one.name: (folded[one.name], one.version)
        for one in features
        if folded.get(one.name, one.version) != one.version
    }


def note_versions(state: State, features: Iterable[Feature[Any]]) -> dict[str, tuple[int, int]]:
    """Keep the versions of features that are folded from now on, warn of those that were folded by another; return these.

    A feature that is new counts what comes from now on. For the worker, at its start.
    """
    features = tuple(features)
    with state.write() as connection:
        folded = _folded(connection)
        known = {one.name: folded.get(one.name, one.version) for one in features}
        if known != folded:
            set_mark(connection, MARK, msgspec.msgpack.encode(known))
        found = outdated_features(connection, features)
    for name, (before, now) in found.items():
        logger.warning(
            "figures of a feature were folded by another version: run `stammgast doctor`",
            extra={"feature": name, "folded_by": before, "version": now},
        )
    return found


def _folded(connection: Connection) -> Mapping[str, int]:
    encoded = read_mark(connection, MARK)
    return _decode(encoded) if encoded else {}
