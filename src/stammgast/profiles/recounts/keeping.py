"""The recount and the versions of folds as the worker keeps them, in two marks, so that reading both is one look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.features import Feature
from stammgast.profiles.accounts.figures import ACCOUNT_FOLDING, MEMBER_FOLDING
from stammgast.profiles.recounts.contracts import ACCOUNTS, Counting, Recount, counting_of
from stammgast.profiles.store import marks

VERSIONS = "feature_versions"
RECOUNT = "recount"

_encode = msgspec.msgpack.encode
_decode_versions = msgspec.msgpack.Decoder(dict[str, int]).decode
_decode_recount = msgspec.msgpack.Decoder(Recount).decode


def versions_of(features: Iterable[Feature[Any]]) -> dict[str, int]:
    """Return feature -> version as the code has it; those of accounts all in one number, which rises with any of them."""
    accounts = sum(one.version for one in (*ACCOUNT_FOLDING.features, *MEMBER_FOLDING.features))
    return {**{one.name: one.version for one in features}, ACCOUNTS: accounts}


def read_recount(connection: Connection) -> tuple[Recount, dict[str, int]]:
    """Return the newest recount and the versions by which all states are folded that it has done with."""
    found = marks.read_marks(connection, (VERSIONS, RECOUNT))
    versions, recount = found.get(VERSIONS), found.get(RECOUNT)
    return (_decode_recount(recount) if recount else Recount()), (_decode_versions(versions) if versions else {})


def read_counting(connection: Connection, versions: Mapping[str, int]) -> Counting:
    """Return what may be relied on by code whose folds have these versions."""
    return counting_of(*read_recount(connection), versions)


def keep_recount(connection: Connection, recount: Recount) -> None:
    """Write the recount over what was kept. For the worker."""
    marks.set_mark(connection, RECOUNT, _encode(recount))


def keep_versions(connection: Connection, versions: Mapping[str, int]) -> None:
    """Write by which versions all states are folded. For the worker."""
    marks.set_mark(connection, VERSIONS, _encode(dict(versions)))
