"""Telling how a text file separates its cells: delimiter, quote, lines before the heading, whether there is a heading."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from stammgast.imports.encodings import Sureness

DELIMITERS = (";", ",", "\t", "|")
SAMPLE_RECORDS = 400
PREAMBLE_MAX = 40
_SEP_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_VALUE = re.compile(
    r".*[^@\s]@[^@\s]+\.\w+.*|\s*(?:[-+]?\d[\d.,' ]*[.,]\d+|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*|\d{5,}|true|false)\s*",
    re.IGNORECASE | re.DOTALL,
)
"""What is a cell's value and no column's name: an address, a number with decimals, a date, a long number."""
CLEARLY = 0.9


class Dialect(msgspec.Struct, frozen=True):
    """How cells are separated. `has_heading`: whether the line after `skip_lines` names the columns.

    `share`: of the sample's lines, how many have as many cells as most.
    """

    delimiter: str
    quote: str
    escape: str
    skip_lines: int
    has_heading: bool
    share: float
    sureness: Sureness
    has_sep_line: bool = False


def guess_dialect(lines: Sequence[str], *, delimiter: str = "", quote: str = "", escape: str = "") -> Dialect:
    r"""Return how these first lines of a file separate their cells; what is given is taken as it is.

    >>> found = guess_dialect(["sep=;\n", "a;b\n", "1,5;x\n", "2,5;y\n"])
    >>> found.delimiter, found.skip_lines, found.has_heading
    (';', 1, True)
    """
    said = _SEP_LINE.fullmatch(lines[0]) if lines else None
    start = 1 if said else 0
    body = lines[start:]
    quotes = quote or _quote_of(body)
    escapes = [escape] if escape else ["", "\\"] if any("\\" + quotes in line for line in body) else [""]
    wanted = [delimiter] if delimiter else [said[1]] if said else list(DELIMITERS)
    tried = [_trial(body, one, quotes, mark) for one in wanted for mark in escapes]
    best = max(tried, key=lambda trial: trial.score)
    rivals = [trial for trial in tried if trial.dialect.delimiter != best.dialect.delimiter and trial.score > 0]
    is_clear = best.dialect.share >= CLEARLY and all(trial.score < best.score / 2 for trial in rivals)
    sureness: Sureness = "sure" if delimiter or said or is_clear else "likely" if best.score > 0 else "unsure"
    skip_lines = best.dialect.skip_lines + start
    return msgspec.structs.replace(
        best.dialect, skip_lines=skip_lines, sureness=sureness, has_sep_line=said is not None
    )


class _Trial(msgspec.Struct):
    score: float
    dialect: Dialect


def _trial(lines: Sequence[str], delimiter: str, quote: str, escape: str) -> _Trial:
    """Read the sample with one delimiter and return how much it looks like a table."""
    records, starts = _records(lines, delimiter, quote, escape)
    filled = [(len(record), place) for place, record in enumerate(records) if any(cell.strip() for cell in record)]
    if not filled:
        return _Trial(0.0, Dialect(delimiter, quote, escape, 0, has_heading=True, share=0.0, sureness="unsure"))
    widths = Counter(width for width, _ in filled if width > 1)
    width = max(widths, key=lambda one: (widths[one], -_first(filled, one))) if widths else 1
    heading = _heading(records, filled, width)
    has_heading = heading is not None
    first = heading if heading is not None else _first(filled, width)
    after = [one for one, place in filled if place >= first]
    share = sum(one == width for one in after) / len(after)
    below = len(after) / len(filled)
    score = share * (1.0 if has_heading else 0.4) * below if width > 1 else 0.0
    # With one column there is nothing to separate; the commonest delimiter is as good as any.
    score = score or (0.001 if delimiter == "," else 0.0)
    return _Trial(score, Dialect(delimiter, quote, escape, starts[first], has_heading, share, "likely"))


def _records(lines: Sequence[str], delimiter: str, quote: str, escape: str) -> tuple[list[list[str]], list[int]]:
    """Return the sample's records, and how many lines stand before each."""
    reader = csv.reader(iter(lines), **reading(delimiter, quote, escape))
    records: list[list[str]] = []
    starts: list[int] = []
    before = 0
    for record in reader:
        records.append(record)
        starts.append(before)
        before = reader.line_num
        if len(records) >= SAMPLE_RECORDS:
            break
    return records, starts


def reading(delimiter: str, quote: str, escape: str) -> dict[str, Any]:
    """Return the options of Python's CSV reader."""
    return {
        "delimiter": delimiter,
        "quotechar": quote,
        "escapechar": escape or None,
        "doublequote": not escape,
    }


def _first(filled: Iterable[tuple[int, int]], width: int) -> int:
    return next((place for one, place in filled if one == width), 0)


def _heading(records: Sequence[Sequence[str]], filled: Sequence[tuple[int, int]], width: int) -> int | None:
    """Return the place of the line that names the columns, None when the first that could is one of values."""
    for one, place in filled:
        if place > PREAMBLE_MAX:
            return None
        if one == width:
            return (
                place
                if looks_like_heading(
                    records[place], [records[at] for size, at in filled if size == width and at > place]
                )
                else None
            )
    return None


def looks_like_heading(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether cells name columns. A value may be a name (a year); not when the cells below it are like it.

    >>> looks_like_heading(["Name", "2024"], [["Ann", "3"]]), looks_like_heading(["a@b.de", "7"], [["c@d.de", "8"]])
    (True, False)
    """
    if not any(cell.strip() for cell in cells):
        return False
    for place, cell in enumerate(cells):
        if _VALUE.fullmatch(cell):
            others = [line[place] for line in below[:20] if line[place].strip()]
            if not others or sum(bool(_VALUE.fullmatch(one)) for one in others) > len(others) / 2:
                return False
    return True


def _quote_of(lines: Sequence[str]) -> str:
    """Return the single quote where cells stand in such and double ones are not used, else the double one."""
    text = "".join(lines)
    singles = len(re.findall(r"(?:^|[;,\t|])'[^'\r\n]*'(?=[;,\t|\r\n])", text, re.MULTILINE))
    doubles = text.count('"')
    return "'" if singles > len(lines) and doubles < len(lines) / 4 else '"'
