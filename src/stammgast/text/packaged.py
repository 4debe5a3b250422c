"""The packaged encoder, one a process."""

from __future__ import annotations

from functools import cache

from stammgast.text.encoder import Encoder


@cache
def default_encoder(threads: int = 1) -> Encoder:
    """Return the packaged encoder, loaded at the first call (about 1.5 s) and shared from then on.

    `threads` is the number of cores its matrix products may use.
    """
    from stammgast.text.use_encoder import UseEncoder

    return UseEncoder(threads=threads)
