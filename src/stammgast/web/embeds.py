"""Pages that other sites show in a frame: `/embed/WRITE KEY/...`, brought by manifests (`Manifest.embeds`).

The write key says whose page it is: only the sites of its source may frame it, none when the source names no site. Nobody is
logged in there: cookies and tokens are taken off what comes in, and no cookie goes out. Every other page refuses frames.
"""

from __future__ import annotations

from typing import Any

from litestar import Router
from litestar.types import HTTPScope

from stammgast.kernel.runtime import Runtime

PREFIX = "/embed/"
NO_SITES = "'none'"
_CREDENTIALS = (b"cookie", b"authorization")


def embed_router(runtime: Runtime) -> Router:
    """Return the pages of all modules that may be framed; each handler may take `write_key`."""
    handlers: list[Any] = [route for manifest in runtime.manifests for route in manifest.embeds]
    return Router(path=PREFIX + "{write_key:str}", route_handlers=handlers)


def write_key_of(path: str) -> str:
    """Return the write key in an address.

    >>> write_key_of("/embed/sgk_1/survey/7")
    'sgk_1'
    """
    return path.removeprefix(PREFIX).partition("/")[0]


def without_credentials(scope: HTTPScope) -> HTTPScope:
    """Return a request as somebody sends it who carries nothing."""
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in _CREDENTIALS]
    return {**scope, "headers": kept}


def frame_ancestors(sites: tuple[str, ...]) -> str:
    """Return what may frame the page, in the words of CSP level 3 (section 6.4.2)."""
    return " ".join(sites) or NO_SITES
