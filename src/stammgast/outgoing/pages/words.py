"""The words that all pages of what leaves the house need."""

from __future__ import annotations

from typing import Any

from stammgast.outgoing import words
from stammgast.outgoing.subscribing import purposes_of
from stammgast.outgoing.testing import TEST
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest


def words_of(request: AnyRequest) -> dict[str, Any]:
    """Return the words, as variables of a template."""
    purposes = {one.name: one.label for one in purposes_of(runtime_of(request)).values()}
    return {"words": words, "purposes": {**purposes, TEST: words.PURPOSE_TEST}}
