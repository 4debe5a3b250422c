"""The engine: lines of a file to events ready to be sent, in the file's order, always the same for the same file and map.

Message ids are made of the map's name, the rule, the lines' content and, for equal lines, which occurrence it is. So the
same file sent twice adds nothing, and lines that the source itself has twice stay two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby

import msgspec

from stammgast.imports import sentences
from stammgast.imports.assembly import MARK, Assembly, CompiledRule, Group
from stammgast.imports.columns import check_columns, named_columns
from stammgast.imports.contracts import ImportMap, MadeEvent, Refusal
from stammgast.imports.explain import explain
from stammgast.imports.survey import Survey, kept_lines
from stammgast.imports.tables import Batch, Table
from stammgast.kernel.ids import digest128

EVENT_BYTES_MAX = 1_000_000
"""COLLECTION.md: imports may hold 1 MB an event."""
LINE_SEPARATOR = "\x1e"


class Engine:
    """One run over one file. `rows` grows while `events` is read; refusals go to `refuse` as they are found."""

    def __init__(self, table: Table, plan: ImportMap, survey: Survey, refuse: Callable[[Refusal], None]) -> None:
        """Compile the map for the file. Raises UnknownColumn."""
        check_columns(table, plan)
        self.rows = 0
        self._names: Counter[str] = Counter()
        self._table = table
        self._plan = plan
        self._survey = survey
        self._refuse = refuse
        self._assembly = Assembly(plan, table.dialect)
        self._rule_ids = _rule_ids(self._assembly.rules)
        self._prefix = plan.name.encode()
        self._occurrences: Counter[int] = Counter()
        self._open: dict[str, Group] = {}
        self._current: str | None = None
        self._runs_left = dict(survey.runs)

    def events(self) -> Iterator[MadeEvent]:
        """Yield the events in the order in which they are complete."""
        wanted = tuple(dict.fromkeys(column for column, _ in named_columns(self._plan)))
        take = self._grouped if self._plan.group else self._single
        for batch in kept_lines(self._table, self._plan, wanted, contents=True, refuse=self._refuse):
            for group in take(batch):
                yield from self._made(group)
            self.rows += len(batch)
        for group in self._open.values():
            yield from self._made(group)

    def names(self) -> Counter[str]:
        """Return how many events of each name were made; nameless ones count under their type."""
        told: Counter[str] = Counter()
        for piece, count in self._names.items():
            is_piece = piece.startswith('"')
            told[next(iter(msgspec.json.decode(f"{{{piece[:-1]}}}").values())) if is_piece else piece] += count
        return told

    def _single(self, batch: Batch) -> Iterator[Group]:
        """Yield each line as a group of its own."""
        first = [batch.columns[name] for name in self._assembly.first_columns]
        lines = self._assembly.line_objects(batch)
        numbers = self._assembly.line_numbers(batch)
        for index, row in enumerate(batch.rows):
            yield Group(
                key="",
                row=row,
                first=[cells[index] for cells in first],
                contents=[batch.contents[index]],
                rows=[row],
                lines=[[one[index]] for one in lines],
                sums=[one[index] for one in numbers],
            )

    def _grouped(self, batch: Batch) -> Iterator[Group]:
        """Yield the groups whose last line has been read; the others stay open."""
        first = [batch.columns[name] for name in self._assembly.first_columns]
        lines = self._assembly.line_objects(batch)
        numbers = self._assembly.line_numbers(batch)
        end = 0
        for cell, run in groupby(batch.columns[self._plan.group]):
            start, end = end, end + sum(1 for _ in run)
            key = cell or ""
            if key != self._current:
                yield from self._ended_run()
                self._current = key
            if not key:
                self._refuse_keyless(batch, range(start, end))
                continue
            group = self._open.get(key)
            if group is None:
                empty = [Decimal(0)] * len(numbers)
                cells = [column[start] for column in first]
                group = Group(key, batch.rows[start], cells, [], [], [[] for _ in lines], empty)
                self._open[key] = group
            _extend(group, batch, slice(start, end), lines, numbers)

    def _ended_run(self) -> Iterator[Group]:
        """Yield the group whose lines just ended, unless more of its lines stand elsewhere."""
        key = self._current
        if not key:
            return
        name = hash(key)
        if name in self._runs_left:
            self._runs_left[name] -= 1
            if self._runs_left[name] > 0:
                return
        yield self._open.pop(key)

    def _refuse_keyless(self, batch: Batch, places: range) -> None:
        for place in places:
            shown = self._table.shown(batch.contents[place])
            self._refuse(
                Refusal(batch.rows[place], "missing_group", sentences.EMPTY.format(column=self._plan.group), shown)
            )

    def _made(self, group: Group) -> Iterator[MadeEvent]:
        content = LINE_SEPARATOR.join(group.contents)
        occurrence = self._occurrence(content)
        fitting = [pair for pair in zip(self._assembly.rules, self._rule_ids, strict=True) if pair[0].fits(group)]
        if not fitting:
            self._refuse_all(group, "no_event", sentences.NO_EVENT)
        for rule, rule_id in fitting:
            made = digest128(self._prefix, rule_id, content.encode(), occurrence)
            event = self._event(group, rule, f"import-{made.hex()}")
            if event is None:
                return
            yield event

    def _event(self, group: Group, rule: CompiledRule, message_id: str) -> MadeEvent | None:
        text = rule.write(group, message_id)
        if MARK in text:
            for refusal in explain(group, rule.rule, self._table):
                self._refuse(refusal)
            return None
        body = text.encode()
        if len(body) > EVENT_BYTES_MAX:
            self._refuse_all(
                group, "event_too_large", sentences.TOO_LARGE.format(size=len(body), limit=EVENT_BYTES_MAX)
            )
            return None
        self._names[rule.name(group) or rule.rule.type] += 1
        return MadeEvent(message_id, body, group.row)

    def _occurrence(self, content: str) -> bytes:
        """Return which of several equal lines this is, as bytes; a group occurs once by its nature."""
        if self._plan.group:
            return b"0"
        name = hash(content)
        if name not in self._survey.repeated:
            return b"0"
        self._occurrences[name] += 1
        return str(self._occurrences[name] - 1).encode()

    def _refuse_all(self, group: Group, reason: str, detail: str) -> None:
        for row, content in zip(group.rows, group.contents, strict=True):
            self._refuse(Refusal(row, reason, detail, self._table.shown(content)))


def _extend(group: Group, batch: Batch, part: slice, lines: list[list[str]], numbers: list[list[Decimal]]) -> None:
    """Add a run of lines to the group."""
    group.contents += batch.contents[part]
    group.rows += batch.rows[part]
    for index, objects in enumerate(lines):
        group.lines[index] += objects[part]
    for index, column in enumerate(numbers):
        group.sums[index] = sum(column[part], group.sums[index])


def _rule_ids(rules: list[CompiledRule]) -> list[bytes]:
    """Return a name for each rule that stays when other rules are added: its type and event, and which of equal ones."""
    seen: Counter[bytes] = Counter()
    names: list[bytes] = []
    for rule in rules:
        names.append(rule.identity + b"\x00%d" % seen[rule.identity])
        seen[rule.identity] += 1
    return names
