"""Figures: named, defined numbers about customers and business, which boards, targets and alerts ask for by name.

A module puts `runtime.Figure`s into its manifest; whoever needs one calls `asking.ask_figure` and need not know whose it is.
(What the installation says about its own health is a `Metric`.)
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stammgast.kernel.errors import NotFound


class Unit(StrEnum):
    """What a figure's value counts. Money is in units of the currency that `FigureAnswer.currency` names; shares run from 0 to 1."""

    COUNT = "count"
    SHARE = "share"
    POINTS = "points"
    MONEY = "money"
    SECONDS = "seconds"


class Direction(StrEnum):
    """Which way is good."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


class FigureNotFound(NotFound):
    """There is no figure {name}. A module that is not installed may have brought it."""

    code = "not_found"


class FigureQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: `start <= time < end` in ms UTC, days and weeks in `zone` (an IANA name).

    `filters` are (dimension, value) that must all hold; `breakdown` is a dimension, or empty for one row of everything.
    """

    start: int
    end: int
    zone: str = "UTC"
    filters: tuple[tuple[str, str], ...] = ()
    breakdown: str = ""


class FigureValue(msgspec.Struct, frozen=True, kw_only=True):
    """One number: `value` is None when `n` things are too few to say anything, which is never told as 0.

    `interval` holds 95 % of what the value may truly be; None for what is counted in full and has none.
    """

    key: str = ""
    """The breakdown's value; empty without one."""
    value: float | None
    n: int
    interval: tuple[float, float] | None = None


class FigureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure came to. `version` is that of the definition by which it was worked out."""

    version: int
    rows: tuple[FigureValue, ...]
    currency: str = ""
    note: str = ""
    """A sentence (marked) on what the reader must know: still being counted anew, one day is missing."""
