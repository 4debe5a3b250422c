"""What crosses the border of `text`: readings, topics, corrections, and the refusals a caller may meet."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stammgast.kernel.errors import StammgastError

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
"""Ekman's six and neutral, in the order of every array of emotions here."""


class SentimentClass(StrEnum):
    """How a text feels as a whole. Mixed is not neutral: it praises one thing and blames another."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    MIXED = "mixed"


class LanguageReading(msgspec.Struct, frozen=True):
    """The language a text is written in.

    `code` is ISO 639-1, or None where there is nothing to tell it by (a number, a link, emoji, an empty text).
    `confidence` is between 0 and 1, and 0 when `code` is None.
    """

    code: str | None
    confidence: float


class SentimentReading(msgspec.Struct, frozen=True):
    """How good or bad a text sounds.

    `score` runs from -1 (bad) to 1 (good): the probability of positive less that of negative. `confidence` is the
    calibrated probability of `label`; for mixed, the lesser of the two sides' probabilities.
    """

    label: SentimentClass
    score: float
    confidence: float


class EmotionReading(msgspec.Struct, frozen=True):
    """One emotion found in a text, with its calibrated probability."""

    emotion: str
    confidence: float


class UrgencyReading(msgspec.Struct, frozen=True):
    """Whether somebody should look at this today. `confidence` is the calibrated probability of `is_urgent`."""

    is_urgent: bool
    confidence: float


class Reading(msgspec.Struct, frozen=True):
    """Everything `analyse` reads from one text.

    `sentiment` and `urgency` are None and `emotions` is empty where there are no words to read: "nothing said" is
    not "neutral". `emotions` is sorted, the surest first, and may hold several.
    """

    language: LanguageReading
    sentiment: SentimentReading | None
    emotions: tuple[EmotionReading, ...]
    urgency: UrgencyReading | None


class Correction(msgspec.Struct, frozen=True):
    """One text and the label that a person says is right."""

    text: str
    label: str


class Match(msgspec.Struct, frozen=True):
    """A text near a query: its place in the searched array, and the cosine similarity (-1 to 1)."""

    index: int
    similarity: float


class TooFewCorrections(StammgastError):
    """Learning needs at least {needed} corrections of each of two or more labels. Label more texts, then try again."""

    status = 422


class TooFewTexts(StammgastError):
    """Finding topics needs at least {needed} texts with words in them; there are {given}."""

    status = 422


class UnknownTopic(StammgastError):
    """There is no topic {topic}. It may have been merged into another one: read the topics anew."""

    status = 404


class TooFewTopicMembers(StammgastError):
    """Topic {topic} cannot be split: it needs at least {needed} texts, and {given} were given."""

    status = 422


class UnreadableTrainingText(StammgastError):
    """{path} cannot be read as {kind}: {problem}."""

    status = 422


class DamagedHeads(StammgastError):
    """The packaged text heads are damaged or of another version ({problem}). Install Stammgast again, or run `train`."""

    status = 500
