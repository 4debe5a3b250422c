"""The whole graph at once: every anchor with its identifiers as numbers. All of it about a kilobyte an identifier.

Names are kept as digests only; whoever needs them reads the anchor again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from stammgast.identity.graph.evidence import is_on_purpose
from stammgast.identity.graph.rules import Identifier, Ranking

RawSet = tuple[Identifier, ...]
Normalise = Callable[[str, str], Identifier | None]

CACHED_PAIRS = 100_000
NONE = -1
_ON_PURPOSE_MIN = 2


class WholeGraph:
    """Anchors in ascending order, each with its normal identifiers under some rules. `before`: the rules in force.

    Anchors may be added between two layouts. members: places of identifiers, those of anchor number i from starts[i].
    """

    def __init__(self, ranking: Ranking, normalise: Normalise, before: Normalise | None = None) -> None:
        """Nothing is in it yet. Without `before` all is read as it was."""
        self.ranking = ranking
        self.normalise = normalise
        self.relinked = array("q")
        """Anchors whose normal identifiers are others than under the rules in force."""
        self._before = before
        self._indices: dict[bytes, int] = {}
        self.namespaces: dict[str, int] = {}
        self.namespace_of = array("i")
        self.anchors = array("q")
        self.starts = array("q", [0])
        self.members = array("i")
        self.purposeful = array("b")
        self._read = lru_cache(CACHED_PAIRS)(self._read_pair)

    @property
    def last_anchor(self) -> int:
        """The greatest anchor that was added, 0 without any."""
        return self.anchors[-1] if self.anchors else 0

    def __len__(self) -> int:
        """Return the number of anchors."""
        return len(self.anchors)

    def add(self, anchor: int, raw: RawSet) -> None:
        """Add an anchor greater than all before it."""
        read = [self._read(*pair) for pair in raw]
        members = {index for index, _ in read if index != NONE}
        self.anchors.append(anchor)
        self.members.extend(members)
        self.starts.append(len(self.members))
        users = self.namespaces.get("user_id", NONE)
        is_suspect = sum(self.namespace_of[one] == users for one in members) >= _ON_PURPOSE_MIN
        self.purposeful.append(is_suspect and is_on_purpose(self.links(raw)))
        if any(is_other for _, is_other in read):
            self.relinked.append(anchor)

    def links(self, raw: RawSet) -> tuple[Identifier, ...]:
        """Return the normal identifiers of a raw set, distinct and sorted."""
        return _linkable(raw, self.normalise)

    def links_before(self, raw: RawSet) -> tuple[Identifier, ...]:
        """Return those under the rules in force."""
        return _linkable(raw, self._before or self.normalise)

    def index(self, identifier: Identifier) -> int | None:
        """Return the place of a normal identifier, None when no anchor holds it."""
        return self._indices.get(_digest(identifier))

    def _read_pair(self, namespace: str, value: str) -> tuple[int, bool]:
        normal = self.normalise(namespace, value)
        is_other = self._before is not None and self._before(namespace, value) != normal
        return (NONE if normal is None else self.make_index(normal)), is_other

    def make_index(self, identifier: Identifier) -> int:
        """Return the place of a normal identifier, a new one when nothing has named it before."""
        digest = _digest(identifier)
        found = self._indices.get(digest)
        if found is None:
            found = self._indices[digest] = len(self._indices)
            self.namespace_of.append(self.namespaces.setdefault(identifier[0], len(self.namespaces)))
        return found


def _linkable(raw: RawSet, normalise: Normalise) -> tuple[Identifier, ...]:
    return tuple(sorted({normal for pair in raw if (normal := normalise(*pair)) is not None}))


def _digest(identifier: Identifier) -> bytes:
    """Return 16 bytes that name an identifier; the namespace's length makes them unambiguous."""
    namespace, value = identifier
    text = f"{len(namespace)}:{namespace}{value}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
