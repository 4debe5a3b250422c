"""Topics and what people do to them by hand: merge, pin. A topic's number is its identity and is never given again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from stammgast.text.contracts import UnknownTopic
from stammgast.text.encoder import Vectors


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    `centre` are the numbers of a direction of length 1; `reach` the least cosine similarity at which a text belongs;
    `size` the number of texts it was last found or updated with. `words` are typical words and phrases by language,
    the most typical first. A pinned topic keeps its name, and no finding of topics moves it.
    """

    number: int
    name: str
    words: Mapping[str, tuple[str, ...]]
    centre: tuple[float, ...]
    reach: float
    size: int
    is_pinned: bool = False


class TopicSet(msgspec.Struct, frozen=True):
    """All topics, and what is needed to compare new texts with them.

    `shifts` is the mean embedding of each language's texts: subtracting it takes out of a text what it shares with
    all others of its language. `next_number` is greater than every number ever given.
    """

    topics: tuple[Topic, ...] = ()
    shifts: Mapping[str, tuple[float, ...]] = {}
    next_number: int = 1

    def topic(self, number: int) -> Topic:
        """Return the topic with this number. Raises UnknownTopic."""
        for topic in self.topics:
            if topic.number == number:
                return topic
        raise UnknownTopic(topic=number)


class Assignment(msgspec.Struct, frozen=True):
    """The topic of a text, None where no topic is near, and the cosine similarity with the nearest."""

    topic: int | None
    similarity: float


def shifted(vectors: Vectors, languages: Sequence[str | None], shifts: Mapping[str, Sequence[float]]) -> Vectors:
    """Return embeddings (n, width) less their language's mean, of length 1 again; unknown languages stay as they are."""
    out = vectors.copy()
    for code, shift in shifts.items():
        rows = np.array([language == code for language in languages], bool)
        out[rows] -= np.array(shift, np.float32)
    result: Vectors = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return result


def similarities(known: TopicSet, directions: Vectors) -> NDArray[np.float32]:
    """Return (n, number of topics) cosine similarities of shifted embeddings with the topics, in their order."""
    centres = np.array([topic.centre for topic in known.topics], np.float32)
    return directions @ centres.T if len(centres) else np.zeros((len(directions), 0), np.float32)


def nearest(known: TopicSet, directions: Vectors) -> list[Assignment]:
    """Return the nearest topic of each shifted embedding, where it is within the topic's reach."""
    if not known.topics:
        return [Assignment(topic=None, similarity=0.0) for _ in directions]
    close = similarities(known, directions)
    reach = np.array([topic.reach for topic in known.topics])
    within = np.where(close >= reach, close, -2.0)
    assignments = []
    for row, inside in zip(close, within, strict=True):
        best = int(inside.argmax())
        if inside[best] < -1:
            assignments.append(Assignment(topic=None, similarity=float(row.max())))
        else:
            assignments.append(Assignment(topic=known.topics[best].number, similarity=float(row[best])))
    return assignments


def merge_topics(known: TopicSet, into: int, other: int) -> TopicSet:
    """Return the set with topic `other` merged into topic `into`, which keeps its number and name.

    The centre is the mean of both by size, the reach the wider one. Raises UnknownTopic.
    """
    kept, gone = known.topic(into), known.topic(other)
    if into == other:
        return known
    sizes = np.array([max(kept.size, 1), max(gone.size, 1)], np.float32)
    mean = sizes @ np.array([kept.centre, gone.centre], np.float32)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    languages = {**gone.words, **kept.words}
    words = {code: _together(kept.words.get(code, ()), gone.words.get(code, ())) for code in languages}
    # Both old centres must stay within reach, or texts of either would fall out of the merged topic.
    apart = min(float(mean @ np.array(centre, np.float32)) for centre in (kept.centre, gone.centre))
    merged = msgspec.structs.replace(
        kept,
        words=words,
        centre=tuple(mean.tolist()),
        reach=min(kept.reach, gone.reach) * apart,
        size=kept.size + gone.size,
    )
    topics = tuple(merged if topic.number == into else topic for topic in known.topics if topic.number != other)
    return msgspec.structs.replace(known, topics=topics)


def _together(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first[:4], *second[:4], *first[4:], *second[4:]]))


def pin_topic(known: TopicSet, number: int, name: str | None = None) -> TopicSet:
    """Return the set with topic `number` pinned, and named `name` if given. Raises UnknownTopic."""
    topic = known.topic(number)
    pinned = msgspec.structs.replace(topic, is_pinned=True, name=name or topic.name)
    return msgspec.structs.replace(known, topics=tuple(pinned if one.number == number else one for one in known.topics))


def unpin_topic(known: TopicSet, number: int) -> TopicSet:
    """Return the set with topic `number` no longer pinned; it keeps its name. Raises UnknownTopic."""
    loose = msgspec.structs.replace(known.topic(number), is_pinned=False)
    return msgspec.structs.replace(known, topics=tuple(loose if one.number == number else one for one in known.topics))
