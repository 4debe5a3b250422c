"""How an anchor stands before its closure is resolved anew."""

from __future__ import annotations

import msgspec

from stammgast.identity.graph.evidence import Key
from stammgast.identity.graph.rules import Identifier


class Standing(msgspec.Struct, frozen=True, gc=False):
    """An anchor of the closure. `identifiers` are normalised and sorted; `profile` is whose it was, None for a new one."""

    anchor: int
    identifiers: tuple[Identifier, ...]
    key: Key
    profile: int | None
