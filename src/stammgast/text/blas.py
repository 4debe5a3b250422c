"""How many cores matrix products may use. Small ones lose by sharing: cores that wait for each other burn time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    import numpy as np  # noqa: F401 (the controller knows the libraries loaded when it is made)

    return ThreadpoolController()


def cores(count: int) -> AbstractContextManager[object]:
    """Return a context in which numpy's matrix products use at most `count` cores, in the whole process."""
    limit: AbstractContextManager[object] = _controller().limit(limits=count, user_api="blas")
    return limit
