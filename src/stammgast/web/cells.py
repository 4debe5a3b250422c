"""Cells of CSV files we write: a spreadsheet must not take what a customer typed for a formula."""

from __future__ import annotations

import re

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?")


def safe_cell(text: str) -> str:
    """Return `text` so that no spreadsheet runs it: an apostrophe is put before a formula; numbers stay numbers.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("-12.50"), safe_cell("-1+cmd|x"), safe_cell("Ann")
    ("'=HYPERLINK(1)", '-12.50', "'-1+cmd|x", 'Ann')
    """
    if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text
