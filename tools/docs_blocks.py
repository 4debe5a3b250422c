"""The code blocks of README and docs, as they stand there: for the tests that run them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``?([^`]+)``?")


@dataclass(frozen=True)
class Block:
    """One fenced block. `page` is relative to the repository, `line` that of its first line."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Where it stands, for a reader."""
        return f"{self.page}:{self.line} {self.language}"


def all_blocks() -> list[Block]:
    """Return every fenced block, page by page."""
    return [block for page in PAGES for block in _blocks_of(page)]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Block(
            str(page.relative_to(ROOT)), line, found["language"], textwrap.dedent(found["text"]).rstrip("\n") + "\n"
        )


def prose_of(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def code_in_prose(page: Path) -> list[str]:
    """Return what stands between backticks in a page's prose, each once."""
    return list(dict.fromkeys(" ".join(found.split()) for found in _CODE.findall(prose_of(page))))
