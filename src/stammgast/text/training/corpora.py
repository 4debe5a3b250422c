"""Read the texts that heads may be trained on, and texts for `evaluate`. Layouts are those of their publishers.

Only sets whose licence allows it are named here; see the model card.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

from stammgast.text.contracts import UnreadableTrainingText

_SHEETS = Path(__file__).parent.parent / "sheets"


class Labelled(NamedTuple):
    """A text and the numbers of its labels (one or several, by the corpus' own list)."""

    text: str
    labels: tuple[int, ...]


class Rated(NamedTuple):
    """A text and the mean of its human ratings, -4 to 4."""

    text: str
    rating: float


def _lines(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    except OSError as error:
        raise UnreadableTrainingText(path=path, kind="text", problem=error.strerror or str(error)) from error
    # Not splitlines: tweets hold separators of their own.
    return text.removesuffix("\n").split("\n")


def read_tweets(folder: Path, language: str, part: str) -> list[Labelled]:
    """Read XLM-T sentiment tweets: 0 negative, 1 neutral, 2 positive. `part` is train or val."""
    texts = _lines(folder / "xlmt_sentiment" / f"{language}_{part}_text.txt")
    labels = _lines(folder / "xlmt_sentiment" / f"{language}_{part}_labels.txt")
    return [Labelled(text, (int(label),)) for text, label in zip(texts, labels, strict=True)]


def read_comments(folder: Path, grouping: str, file: str) -> list[Labelled]:
    """Read GoEmotions comments, `grouping` original (28 labels) or ekman (7)."""
    rows = [line.split("\t") for line in _lines(folder / "goemotions" / grouping / file)]
    return [Labelled(row[0], tuple(int(label) for label in row[1].split(","))) for row in rows]


def read_labels(folder: Path, grouping: str) -> list[str]:
    """Read the names of GoEmotions' labels, by number."""
    return [line.strip() for line in _lines(folder / "goemotions" / grouping / "labels.txt") if line.strip()]


def read_ratings(folder: Path) -> list[Rated]:
    """Read the human ratings behind VADER: tweets and snippets of product reviews."""
    files = ("tweets_GroundTruth.txt.gz", "amazonReviewSnippets_GroundTruth.txt.gz")
    rows = [line.split("\t", 2) for file in files for line in _lines(folder / "vader" / file)]
    return [Rated(row[2], float(row[1])) for row in rows]


def read_sheet(name: str) -> list[Labelled]:
    """Read one of our own sheets of customers' sentences, written for this project in German and English.

    >>> {row.labels for row in read_sheet("urgency")} == {(0,), (1,)}
    True
    """
    rows = [line.split("\t") for line in _lines(_SHEETS / f"{name}.tsv")]
    return [Labelled(row[1], (int(row[0]),)) for row in rows]
