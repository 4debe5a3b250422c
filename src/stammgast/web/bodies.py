"""The one place where bodies of the interface's and the API's requests are read: decoders must not fall over them."""

from __future__ import annotations

from typing import Any

from litestar import Request

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.nesting import DEPTH_MAX, is_too_deep


class NestedTooDeep(StammgastError):
    """The JSON is nested deeper than {limit} levels."""

    code = "nested_too_deep"


class CheckedRequest(Request[Any, Any, Any]):
    """A request whose JSON can be decoded."""

    async def body(self) -> bytes:
        """Return the body. Raises NestedTooDeep."""
        body = await super().body()
        if "form" not in self.headers.get("content-type", "") and is_too_deep(body):
            raise NestedTooDeep(limit=DEPTH_MAX)
        return body
