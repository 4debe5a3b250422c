"""The one form in which a measurement is reported, and its table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    `target` is what was promised, in words; `reference` what was measured beside it, with its name; `ratio` how many times
    better than the reference (None without one); `holds` whether the target is met (None without a target).
    """

    what: str
    measured: float
    unit: str
    target: str = ""
    reference: str = ""
    ratio: float | None = None
    holds: bool | None = None


def print_table(rows: Iterable[Row], console: Console | None = None) -> None:
    """Print the rows as one table; nothing is judged here."""
    table = Table(title="Stammgast bench")
    for heading in ("What", "Target", "Reference"):
        table.add_column(heading, overflow="fold")
    for heading in ("Measured", "Ratio", "Holds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}x"
        holds = {None: "", True: "yes", False: "NO"}[row.holds]
        measured = f"{row.measured:.4g} {row.unit}"
        table.add_row(row.what, row.target, row.reference, measured, ratio, holds)
    (console or Console(width=160)).print(table)
