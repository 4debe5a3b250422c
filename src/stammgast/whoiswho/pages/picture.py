"""The identity graph as a picture: where each identifier stands and what connects them. Pure and deterministic.

Identifiers stand in rows by strength, user ids at the top; every row belongs to one namespace and wraps. Lines are the
evidence: each set of identifiers seen together connects its strongest to the others, as the law joins them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from stammgast.identity.resolution import Pair

NODE_WIDTH, NODE_HEIGHT = 160, 40
GAP_X, GAP_Y, ROW_GAP = 20, 22, 44
COLUMNS = 5
MARGIN = 24
LANES = (0, 4, -4, 2, -2)
LABEL_HEIGHT = 22
SHOWN_MAX = 60
"""More nodes than this nobody reads: the strongest and best connected are shown, the table has all."""

LineKind = Literal["seen", "decided", "refused", "held"]


class Wire(msgspec.Struct, frozen=True):
    """A connection to draw. `key` is the page's name for what it tells of it."""

    one: Pair
    other: Pair
    kind: LineKind
    key: str
    weight: int = 1
    """How many events."""


class Node(msgspec.Struct, frozen=True):
    """An identifier in the picture; x and y are its upper left corner."""

    pair: Pair
    x: int
    y: int
    is_foreign: bool
    """Somebody else's: it came on this profile's events, or was left out."""


class Line(msgspec.Struct, frozen=True):
    """A connection in the picture: an SVG path, and its middle where a mark may stand."""

    wire: Wire
    path: str
    x: float
    y: float
    width: float


class Row(msgspec.Struct, frozen=True):
    """The name of a namespace above its identifiers."""

    namespace: str
    y: int


class Picture(msgspec.Struct, frozen=True):
    """All that is drawn, in a box of width x height."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]
    left_out: int
    """Identifiers that had no room."""


def draw(
    own: Sequence[Pair], foreign: Iterable[Pair], wires: Sequence[Wire], rank: Callable[[Pair], tuple[int, str, str]]
) -> Picture:
    """Return the picture of a profile's `own` identifiers and others' it met.

    >>> anna, tablet, bob = ("user_id", "anna"), ("anonymous_id", "t"), ("user_id", "bob")
    >>> rank = lambda pair: (10 if pair[0] == "user_id" else 90, *pair)
    >>> seen, refused = Wire(anna, tablet, "seen", "l1"), Wire(bob, tablet, "refused", "r1")
    >>> found = draw([tablet, anna], [bob], [refused, seen], rank)
    >>> [(one.pair[1], one.is_foreign, one.y) for one in found.nodes]
    [('anna', False, 46), ('bob', True, 46), ('t', False, 152)]
    >>> [(one.wire.kind, one.path) for one in found.lines][0]
    ('seen', 'M 104 86 C 104 119, 104 119, 104 152')
    >>> draw([anna], [], [], rank).height
    110
    """
    degree: dict[Pair, int] = defaultdict(int)
    for wire in wires:
        degree[wire.one] += 1
        degree[wire.other] += 1
    mine = set(own)
    others = sorted({one for one in foreign if degree[one]} - mine, key=rank)
    shown = _strongest(sorted(mine, key=rank), others, degree, rank)
    places = _places(shown, wires, rank)
    nodes = tuple(Node(pair, *place, pair not in mine) for pair, place in places.items())
    drawn = [wire for wire in wires if wire.one in places and wire.other in places and wire.one != wire.other]
    lines = [_line(wire, places, number) for number, wire in enumerate(drawn)]
    rows = _rows(places)
    bottom = max((y for _, y in places.values()), default=0) + NODE_HEIGHT + MARGIN
    widest = max((x for x, _ in places.values()), default=0) + NODE_WIDTH + MARGIN
    order = {"seen": 0, "decided": 1, "held": 2, "refused": 3}
    ordered = tuple(sorted(lines, key=lambda one: (order[one.wire.kind], one.wire.key)))
    return Picture(widest, bottom, nodes, ordered, rows, len(mine) + len(others) - len(shown))


def _strongest(
    own: Sequence[Pair],
    others: Sequence[Pair],
    degree: Mapping[Pair, int],
    rank: Callable[[Pair], tuple[int, str, str]],
) -> list[Pair]:
    """Return what is shown: the strongest of each, then those with most connections."""
    if len(own) + len(others) <= SHOWN_MAX:
        return [*own, *others]
    room = max(SHOWN_MAX // 6, SHOWN_MAX - len(own))
    chosen = sorted(others, key=lambda one: (-degree[one], rank(one)))[:room]
    rest = sorted(own, key=lambda one: (rank(one)[0], -degree[one], rank(one)))[: SHOWN_MAX - len(chosen)]
    return [*rest, *chosen]


def _places(
    shown: Sequence[Pair], wires: Sequence[Wire], rank: Callable[[Pair], tuple[int, str, str]]
) -> dict[Pair, tuple[int, int]]:
    """Return the corner of each, row by row; within a row near what it is connected with above."""
    rows: dict[tuple[int, str], list[Pair]] = defaultdict(list)
    for pair in shown:
        rows[rank(pair)[0], pair[0]].append(pair)
    linked: dict[Pair, list[Pair]] = defaultdict(list)
    for wire in wires:
        linked[wire.one].append(wire.other)
        linked[wire.other].append(wire.one)
    places: dict[Pair, tuple[int, int]] = {}
    y = MARGIN
    for place in sorted(rows):
        y += LABEL_HEIGHT
        row = sorted(rows[place], key=lambda pair: (_middle(linked[pair], places), rank(pair)))
        for number, pair in enumerate(row):
            down, across = divmod(number, COLUMNS)
            places[pair] = (MARGIN + across * (NODE_WIDTH + GAP_X), y + down * (NODE_HEIGHT + GAP_Y))
        y += -(-len(row) // COLUMNS) * (NODE_HEIGHT + GAP_Y) - GAP_Y + ROW_GAP
    return places


def _middle(linked: Iterable[Pair], places: Mapping[Pair, tuple[int, int]]) -> float:
    """Return where what one is connected with stands so far, on average; at the end when with nothing."""
    at = [places[one][0] for one in linked if one in places]
    return sum(at) / len(at) if at else float("inf")


def _rows(places: Mapping[Pair, tuple[int, int]]) -> tuple[Row, ...]:
    tops: dict[str, int] = {}
    for (namespace, _), (_x, y) in places.items():
        tops[namespace] = min(y, tops.get(namespace, y))
    return tuple(Row(namespace, y - 8) for namespace, y in sorted(tops.items(), key=lambda one: one[1]))


def _line(wire: Wire, places: Mapping[Pair, tuple[int, int]], lane: int) -> Line:
    """Return the way between two nodes: a curve where nothing stands between, else along the gaps of the grid.

    `lane` moves it a little aside, so that ways in one gap can be told apart.
    """
    (ax, ay), (bx, by) = sorted((places[wire.one], places[wire.other]), key=lambda one: (one[1], one[0]))
    x1, x2 = ax + NODE_WIDTH // 2, bx + NODE_WIDTH // 2
    width = min(4.0, 1.5 + wire.weight**0.5 / 4)
    bottom = ay + NODE_HEIGHT
    if ay == by:
        low = bottom + ROW_GAP // 2
        return Line(wire, f"M {x1} {bottom} C {x1} {low}, {x2} {low}, {x2} {bottom}", (x1 + x2) / 2, low - 6, width)
    if not any(bottom < y < by for _, y in places.values()):
        half = (bottom + by) // 2
        path = f"M {x1} {bottom} C {x1} {half}, {x2} {half}, {x2} {by}"
        return Line(wire, path, (x1 + x2) / 2, half, width)
    aside = LANES[lane % len(LANES)]
    gap, under, above = bx - GAP_X // 2 + aside, bottom + 7 + aside // 2, by - 7 + aside // 2
    path = f"M {x1} {bottom} V {under - 4} Q {x1} {under}, {_toward(x1, gap)} {under} H {_toward(gap, x1)}"
    path += f" Q {gap} {under}, {gap} {under + 4} V {above - 4} Q {gap} {above}, {gap + 4} {above}"
    path += f" H {x2 - 4} Q {x2} {above}, {x2} {by}"
    return Line(wire, path, gap, (under + above) / 2, width)


def _toward(x: int, other: int) -> int:
    """Return a place four units from x on the way to the other, for a rounded corner."""
    return x + (4 if other > x else -4 if other < x else 0)
