"""Blocks of columns from the history as whole NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

# Times travel as integers, which turns a million of them into an array without a million Python objects.
COLUMN_FORMATS = {"DateTime": "int", "DateTime64": "int", "Date": "int", "Date32": "int"}
# NumPy's NaT is the smallest integer.
_NOT_A_TIME = np.iinfo(np.int64).min
_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


class ColumnType(Protocol):
    """What the driver says about a column."""

    base_type: str
    nullable: bool


def joined_columns(
    names: Sequence[str], types: Sequence[ColumnType], blocks: Sequence[Sequence[Sequence[Any]]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Return one array a column; without blocks, empty arrays."""
    columns = {}
    for place, (name, kind) in enumerate(zip(names, types, strict=True)):
        pieces = [_array(block[place], kind) for block in blocks]
        columns[name] = np.concatenate(pieces) if pieces else _array((), kind)
    return columns


def _array(values: Sequence[Any], kind: ColumnType) -> np.ndarray[Any, Any]:
    if kind.base_type in {"DateTime", "DateTime64", "Date", "Date32"}:
        return _times(values, kind)
    if kind.base_type.startswith(("Int", "UInt", "Float")) and kind.base_type[-3:] not in {"128", "256"}:
        if kind.nullable:
            return np.array(values, dtype=np.float64)
        return np.asarray(values, dtype=kind.base_type.lower())
    if kind.base_type == "Bool" and not kind.nullable:
        return np.asarray(values, dtype=np.bool_)
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def _times(values: Sequence[Any], kind: ColumnType) -> np.ndarray[Any, Any]:
    has_clock = kind.base_type.startswith("DateTime")
    unit = _UNITS[int(getattr(kind, "scale", 0) or 0)] if has_clock else "D"
    if kind.nullable:
        values = [_NOT_A_TIME if value is None else value for value in values]
    return np.asarray(values, dtype=np.int64).astype(f"datetime64[{unit}]")
