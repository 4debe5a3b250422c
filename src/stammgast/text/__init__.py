"""Text analytics: language, sentiment, emotions, urgency, topics and search by meaning. Pure, no I/O.

Importing this is cheap: functions and models are loaded at their first use. What may be used from outside is named here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stammgast.text.contracts import (
        EMOTIONS,
        Correction,
        EmotionReading,
        LanguageReading,
        Match,
        Reading,
        SentimentClass,
        SentimentReading,
        UrgencyReading,
    )
    from stammgast.text.encoder import Encoder
    from stammgast.text.evaluation import Evaluation, evaluate
    from stammgast.text.language import detect_languages
    from stammgast.text.learning import LocalHead, learn
    from stammgast.text.packaged import default_encoder
    from stammgast.text.reading import analyse, embed
    from stammgast.text.search import similar
    from stammgast.text.topics.discovery import Discovery, assign_topics, discover_topics, split_topic
    from stammgast.text.topics.model import Assignment, Topic, TopicSet, merge_topics, pin_topic, unpin_topic

__all__ = [
    "EMOTIONS",
    "Assignment",
    "Correction",
    "Discovery",
    "EmotionReading",
    "Encoder",
    "Evaluation",
    "LanguageReading",
    "LocalHead",
    "Match",
    "Reading",
    "SentimentClass",
    "SentimentReading",
    "Topic",
    "TopicSet",
    "UrgencyReading",
    "analyse",
    "assign_topics",
    "default_encoder",
    "detect_languages",
    "discover_topics",
    "embed",
    "evaluate",
    "learn",
    "merge_topics",
    "pin_topic",
    "similar",
    "split_topic",
    "unpin_topic",
]

_HOMES = {
    "contracts": {"EMOTIONS", "Correction", "EmotionReading", "LanguageReading", "Match", "Reading", "SentimentClass",
                  "SentimentReading", "UrgencyReading"},
    "encoder": {"Encoder"},
    "packaged": {"default_encoder"},
    "evaluation": {"Evaluation", "evaluate"},
    "language": {"detect_languages"},
    "learning": {"LocalHead", "learn"},
    "reading": {"analyse", "embed"},
    "search": {"similar"},
    "topics.discovery": {"Discovery", "assign_topics", "discover_topics", "split_topic"},
    "topics.model": {"Assignment", "Topic", "TopicSet", "merge_topics", "pin_topic", "unpin_topic"},
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in when the name is first used."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"stammgast.text.{home}"), name)
    raise AttributeError(name)
