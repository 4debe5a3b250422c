"""How well readings agree with labels that people gave: overall, and class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from stammgast.text.contracts import EMOTIONS, Reading, SentimentClass
from stammgast.text.encoder import Encoder
from stammgast.text.heads import Heads
from stammgast.text.reading import analyse

Task = Literal["sentiment", "emotion", "language"]
_SIDE = 1 / 3


class Labelled(msgspec.Struct, frozen=True):
    """A text and its true labels: one for sentiment and language, one or several for emotion."""

    text: str
    labels: frozenset[str]


class ClassScore(msgspec.Struct, frozen=True):
    """Agreement on one label. `f1` is 0 where the label was never given rightly; `support` counts the true ones."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class Evaluation(msgspec.Struct, frozen=True):
    """Agreement on a task. `macro_f1` is the plain mean over `classes`; `exact` the share of wholly right texts."""

    task: Task
    texts: int
    macro_f1: float
    exact: float
    classes: tuple[ClassScore, ...]


def evaluate(
    task: Task, rows: Sequence[Labelled], *, encoder: Encoder | None = None, heads: Heads | None = None
) -> Evaluation | None:
    """Compare `analyse` with the labels of `rows`; None when there are none.

    Where "mixed" is not among the true labels, mixed readings count for the side their score leans to.

    >>> evaluate("language", []) is None
    True
    """
    if not rows:
        return None
    readings = analyse([row.text for row in rows], encoder=encoder, heads=heads)
    known = sorted({label for row in rows for label in row.labels})
    given = [_given(task, reading, known) for reading in readings]
    classes = tuple(_score(label, [row.labels for row in rows], given) for label in known)
    return Evaluation(
        task=task,
        texts=len(rows),
        macro_f1=sum(score.f1 for score in classes) / len(classes),
        exact=sum(row.labels == labels for row, labels in zip(rows, given, strict=True)) / len(rows),
        classes=classes,
    )


def _given(task: Task, reading: Reading, known: list[str]) -> frozenset[str]:
    if task == "language":
        return frozenset({reading.language.code or ""})
    if task == "emotion":
        return frozenset(emotion.emotion for emotion in reading.emotions if emotion.emotion in EMOTIONS)
    if reading.sentiment is None:
        return frozenset({SentimentClass.NEUTRAL})
    label = reading.sentiment.label
    if label is SentimentClass.MIXED and label not in known:
        label = _leaning(reading.sentiment.score)
    return frozenset({label.value})


def _leaning(score: float) -> SentimentClass:
    if abs(score) < _SIDE:
        return SentimentClass.NEUTRAL
    return SentimentClass.POSITIVE if score > 0 else SentimentClass.NEGATIVE


def _score(label: str, true: list[frozenset[str]], given: list[frozenset[str]]) -> ClassScore:
    right = sum(label in a and label in b for a, b in zip(true, given, strict=True))
    support = sum(label in labels for labels in true)
    named = sum(label in labels for labels in given)
    return ClassScore(
        label=label,
        precision=right / named if named else 0.0,
        recall=right / support if support else 0.0,
        f1=2 * right / (support + named) if right else 0.0,
        support=support,
    )
