"""Finding the names of files in what waits to be taken in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_NAMES = re.compile(rb"[0-9a-f]{64}")


def mentioned(names: Collection[str], bodies: Iterable[bytes]) -> set[str]:
    """Return which of some files are named in any of the bodies, wherever it is.

    >>> mentioned(["ab" * 32, "cd" * 32], [b'{"file": "' + b"cd" * 32 + b'"}']) == {"cd" * 32}
    True
    """
    wanted = {name.encode(): name for name in names}
    return {wanted[found] for body in bodies for found in _NAMES.findall(body) if found in wanted}
