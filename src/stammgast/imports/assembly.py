"""A map made ready for a file: functions that write events' JSON from groups of lines, each distinct cell looked at once.

A table maps a cell's text to its piece of JSON (`"sku":"85123A",`, or nothing when the cell is missing), so a value that
occurs a thousand times costs a thousand dictionary look-ups. An unusable cell's piece is a NUL, which no JSON text
contains: one `in` at the end tells whether the event can be used, and only then is looked up why not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from stammgast.imports.contracts import Condition, EventRule, ImportMap, Node, Value
from stammgast.imports.tables import Batch, Dialect
from stammgast.imports.texts import Unusable, decimal_of, identifier_of, json_of, number_json, test_of
from stammgast.kernel.ids import digest128

UNUSABLE = "\x00,"
"""Ends with a comma as every piece does, so that cutting the last comma leaves the NUL."""
MARK = "\x00"
NOT_A_NUMBER = Decimal("NaN")
CELLS_REMEMBERED_MAX = 200_000

Cell = str | None
Piece = Callable[["Group"], str]


class Group(msgspec.Struct, gc=False):
    """The lines of one event so far. `first`: the cells of its first line, in the order of `Assembly.first_columns`."""

    key: str
    row: int
    first: list[Cell]
    contents: list[str]
    rows: list[int]
    lines: list[list[str]]
    """For each `lines` of the map, an object a line."""
    sums: list[Decimal]
    """For each `sum` of the map, its value so far; NaN when a line has no number."""


class Pieces(dict[Cell, str]):
    """Cell -> its piece of JSON, made when first asked for."""

    def __init__(self, name: str, value: Value, dialect: Dialect) -> None:
        super().__init__()
        self._prefix = _quoted(name) + ":" if name else ""
        self._value = value
        self._dialect = dialect

    def __missing__(self, cell: Cell) -> str:
        if len(self) >= CELLS_REMEMBERED_MAX:
            self.clear()
        try:
            text = json_of(cell, self._value, self._dialect)
        except Unusable:
            piece = UNUSABLE
        else:
            piece = "" if text is None else f"{self._prefix}{text},"
        self[cell] = piece
        return piece


class Numbers(dict[Cell, Decimal | None]):
    """Cell -> its exact number; None when missing, NaN when unusable."""

    def __init__(self, value: Value, dialect: Dialect) -> None:
        super().__init__()
        self._value = value
        self._dialect = dialect

    def __missing__(self, cell: Cell) -> Decimal | None:
        if len(self) >= CELLS_REMEMBERED_MAX:
            self.clear()
        try:
            number = decimal_of(cell, self._value, self._dialect)
        except Unusable:
            number = NOT_A_NUMBER
        self[cell] = number
        return number


class Tests(dict[Cell, bool]):
    """Cell -> whether a condition holds."""

    def __init__(self, condition: Condition, dialect: Dialect) -> None:
        super().__init__()
        self.column = condition.column
        self._test = test_of(condition, dialect)

    def __missing__(self, cell: Cell) -> bool:
        if len(self) >= CELLS_REMEMBERED_MAX:
            self.clear()
        self[cell] = holds = self._test(cell)
        return holds


class Assembly:
    """A map's rules compiled for a file's dialect."""

    def __init__(self, plan: ImportMap, dialect: Dialect) -> None:
        """Compile; nothing of the file is read."""
        self.dialect = dialect
        self.first_columns: list[str] = []
        self._line_writers: dict[Node, int] = {}
        self._line_makers: list[Callable[[Batch], list[str]]] = []
        self._summed: dict[Value, int] = {}
        self._sum_makers: list[Callable[[Batch], list[Decimal | None]]] = []
        self.rules = [CompiledRule(rule, self) for rule in plan.events]

    def line_objects(self, batch: Batch) -> list[list[str]]:
        """Return, for each `lines` of the map, the object of each line of the batch."""
        return [make(batch) for make in self._line_makers]

    def line_numbers(self, batch: Batch) -> list[list[Decimal]]:
        """Return, for each `sum` of the map, the number of each line of the batch; NaN where there is none."""
        return [[NOT_A_NUMBER if number is None else number for number in make(batch)] for make in self._sum_makers]

    def first_cell(self, column: str) -> int:
        """Return the place of a column among the first line's cells that groups keep."""
        if column not in self.first_columns:
            self.first_columns.append(column)
        return self.first_columns.index(column)

    def piece(self, name: str, inner: Value | Node) -> Piece:
        """Return the writer of one member of an event's JSON."""
        if isinstance(inner, Node):
            return _object_piece(name, [self.piece(key, member) for key, member in inner.members])
        if inner.column is not None:
            return self._column_piece(name, inner)
        if inner.constant is not None:
            fixed = f"{_quoted(name)}:{inner.constant},"
            return lambda _group: fixed
        if inner.lines is not None:
            return self._lines_piece(name, inner.lines)
        if inner.count:
            prefix = _quoted(name) + ":"
            return lambda group: f"{prefix}{len(group.rows)},"
        return self._number_piece(name, inner)

    def _column_piece(self, name: str, value: Value) -> Piece:
        assert value.column is not None
        place = self.first_cell(value.column)
        pieces = Pieces(name, value, self.dialect)
        return lambda group: pieces[group.first[place]]

    def _lines_piece(self, name: str, node: Node) -> Piece:
        if node not in self._line_writers:
            self._line_writers[node] = len(self._line_makers)
            self._line_makers.append(self._line_maker(node))
        place = self._line_writers[node]
        prefix = _quoted(name) + ":["
        return lambda group: f"{prefix}{','.join(group.lines[place])}],"

    def _number_piece(self, name: str, value: Value) -> Piece:
        number = self._number(value)
        prefix = _quoted(name) + ":"

        def write(group: Group) -> str:
            found = number(group)
            if found is None:
                return ""
            return UNUSABLE if found.is_nan() else f"{prefix}{number_json(-found if value.negate else found)},"

        return write

    def _number(self, value: Value) -> Callable[[Group], Decimal | None]:
        if value.sum is not None:
            if value.sum not in self._summed:
                self._summed[value.sum] = len(self._sum_makers)
                self._sum_makers.append(self._number_maker(value.sum))
            place = self._summed[value.sum]
            return lambda group: group.sums[place]
        factors = [(self.first_cell(one.column or ""), Numbers(one, self.dialect)) for one in value.multiply]
        return lambda group: _product([numbers[group.first[place]] for place, numbers in factors])

    def _line_maker(self, node: Node) -> Callable[[Batch], list[str]]:
        """Return a function that writes an object for each line of a batch."""
        makers = [self._line_member(name, inner) for name, inner in node.members]

        def make(batch: Batch) -> list[str]:
            return ["{" + "".join(pieces)[:-1] + "}" for pieces in zip(*(one(batch) for one in makers), strict=True)]

        return make

    def _line_member(self, name: str, inner: Value | Node) -> Callable[[Batch], list[str]]:
        prefix = _quoted(name) + ":"
        if isinstance(inner, Node):
            objects = self._line_maker(inner)
            return lambda batch: [f"{prefix}{one}," for one in objects(batch)]
        if inner.constant is not None:
            return lambda batch: [f"{prefix}{inner.constant},"] * len(batch)
        if inner.column is not None:
            column, pieces = inner.column, Pieces(name, inner, self.dialect)
            return lambda batch: [pieces[cell] for cell in batch.columns[column]]
        numbers = self._number_maker(inner)
        return lambda batch: [_number_text(prefix, number) for number in numbers(batch)]

    def _number_maker(self, value: Value) -> Callable[[Batch], list[Decimal | None]]:
        """Return a function that gives a number for each line of a batch."""
        if value.column is not None:
            column, numbers = value.column, Numbers(value, self.dialect)
            return lambda batch: [numbers[cell] for cell in batch.columns[column]]
        factors = [self._number_maker(one) for one in value.multiply]
        sign = -1 if value.negate else 1

        def make(batch: Batch) -> list[Decimal | None]:
            one, other, *more = [factor(batch) for factor in factors]
            products = [None if a is None or b is None else a * b for a, b in zip(one, other, strict=True)]
            for further in more:
                products = [None if a is None or b is None else a * b for a, b in zip(products, further, strict=True)]
            return products if sign == 1 else [None if a is None else -a for a in products]

        return make


class CompiledRule:
    """One event of the map, ready to write its JSON from a group."""

    def __init__(self, rule: EventRule, assembly: Assembly) -> None:
        """Compile the rule; the columns it needs are noted in `assembly`."""
        self.rule = rule
        self._when = [_first_test(one, assembly) for one in rule.when]
        self._unless = [_first_test(one, assembly) for one in rule.unless]
        self._time = assembly.piece("timestamp", rule.timestamp)
        self._who = Who(rule, assembly)
        self._name = assembly.piece("event" if rule.type == "track" else "name", rule.name) if rule.name else None
        pieces = [
            assembly.piece(name, value)
            for name, value in (("groupId", rule.group_id), ("previousId", rule.previous_id))
            if value is not None
        ]
        pieces += [assembly.piece(name, node) for name, node in self._objects(rule)]
        self._pieces = pieces
        self._head = f'{{"type":"{rule.type}",'
        self.identity = f"{rule.type}\x00{rule.name.constant or rule.name.column if rule.name else ''}".encode()

    def fits(self, group: Group) -> bool:
        """Say whether `when` holds and `unless` does not."""
        if not all(test(group) for test in self._when):
            return False
        return not (self._unless and all(test(group) for test in self._unless))

    def write(self, group: Group, message_id: str) -> str:
        """Return the event's JSON; it contains UNUSABLE when a cell can't be used, a time or a person is missing."""
        time = self._time(group) or UNUSABLE
        who = self._who.write(group) or UNUSABLE
        name = self.name(group)
        rest = "".join([piece(group) for piece in self._pieces])
        return f'{self._head}{name}"messageId":"{message_id}",{time}{who}{rest}'[:-1] + "}"

    def name(self, group: Group) -> str:
        """Return `"event":"...",`; UNUSABLE when a track has none."""
        name = self._name(group) if self._name else ""
        return UNUSABLE if not name and self.rule.type == "track" else name

    def has_time(self, group: Group) -> bool:
        """Say whether the timestamp's cell is filled in."""
        return bool(self._time(group))

    def has_person(self, group: Group) -> bool:
        """Say whether somebody is named, or need not be."""
        return bool(self._who.write(group))

    @staticmethod
    def _objects(rule: EventRule) -> list[tuple[str, Node]]:
        others = tuple((name, value) for name, value in rule.identifiers if name not in ("user_id", "anonymous_id"))
        library = Node((("name", Value(constant='"stammgast import"')),))
        context = Node((("library", library), *rule.context.members))
        is_person_event = rule.type == "identify"
        traits = Node((*others, *rule.traits.members) if is_person_event else rule.traits.members)
        if rule.type in ("identify", "group"):
            context = context if is_person_event or not others else Node((*context.members, ("traits", Node(others))))
            return [("traits", traits), ("context", context)]
        if others or traits.members:
            context = Node((*context.members, ("traits", Node((*others, *traits.members)))))
        return [("properties", rule.properties), ("context", context)]


class Who:
    """The part of an event that says whose it is."""

    def __init__(self, rule: EventRule, assembly: Assembly) -> None:
        self._subject = rule.subject
        self._dialect = assembly.dialect
        self._named = [
            (name, assembly.first_cell(value.column or ""), value) for name, value in rule.identifiers if value.column
        ]
        self._known: dict[tuple[Cell, ...], str] = {}

    def write(self, group: Group) -> str:
        """Return `"userId":"...",` and the like; empty when nobody is named and somebody must be."""
        if self._subject == "none":
            return '"subject":"none",'
        cells = tuple([group.first[place] for _, place, _ in self._named])
        written = self._known.get(cells)
        if written is None:
            if len(self._known) >= CELLS_REMEMBERED_MAX:
                self._known.clear()
            self._known[cells] = written = self._written(cells)
        return written

    def _written(self, cells: tuple[Cell, ...]) -> str:
        try:
            found = {
                name: text
                for (name, _, value), cell in zip(self._named, cells, strict=True)
                if (text := identifier_of(cell, value, self._dialect)) is not None
            }
        except Unusable:
            return UNUSABLE
        if not found:
            return '"subject":"none",' if self._subject == "optional" else ""
        return _who_json(found)


def _who_json(found: dict[str, str]) -> str:
    wire = ""
    if "user_id" in found:
        wire += f'"userId":{_quoted(found["user_id"])},'
    if "anonymous_id" in found:
        wire += f'"anonymousId":{_quoted(found["anonymous_id"])},'
    if not wire:
        # The API wants one of the two; equal identifiers get equal ids, and identity itself goes by the identifier.
        name, text = min(found.items())
        wire = f'"anonymousId":"import-{digest128(name.encode(), text.lower().encode()).hex()}",'
    return wire


def _first_test(condition: Condition, assembly: Assembly) -> Callable[[Group], bool]:
    place = assembly.first_cell(condition.column)
    tests = Tests(condition, assembly.dialect)
    return lambda group: tests[group.first[place]]


def _object_piece(name: str, pieces: Sequence[Piece]) -> Piece:
    prefix = _quoted(name) + ":{"

    def write(group: Group) -> str:
        inner = "".join([piece(group) for piece in pieces])
        return f"{prefix}{inner[:-1]}}}," if inner else ""

    return write


def _product(factors: Sequence[Decimal | None]) -> Decimal | None:
    product = Decimal(1)
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


def _number_text(prefix: str, number: Decimal | None) -> str:
    if number is None:
        return ""
    return UNUSABLE if number.is_nan() else f"{prefix}{number_json(number)},"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
