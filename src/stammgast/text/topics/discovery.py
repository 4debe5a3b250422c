"""Find topics in texts, add to topics found before without disturbing them, split one by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from stammgast.text.contracts import TooFewTexts, TooFewTopicMembers
from stammgast.text.encoder import Encoder, Vectors
from stammgast.text.language import detect_languages
from stammgast.text.normalise import for_encoder, is_readable
from stammgast.text.reading import embed
from stammgast.text.topics.clusters import group_directions
from stammgast.text.topics.model import Assignment, Topic, TopicSet, nearest, shifted
from stammgast.text.topics.words import topic_name, typical_words

_FEWEST_TEXTS = 10
_SMALLEST_TOPIC = 3
_SHIFT_TEXTS = 20
"""A language's mean embedding is trusted from this many texts on."""
_REACH_QUANTILE = 0.05
_LEAST_REACH = 0.2


class Discovery(msgspec.Struct, frozen=True):
    """Topics, and the one of each text given, in order."""

    topics: TopicSet
    assignments: tuple[Assignment, ...]


class _Texts(msgspec.Struct, frozen=True):
    texts: list[str]
    languages: list[str | None]
    directions: Vectors


def discover_topics(
    texts: Sequence[str],
    *,
    known: TopicSet | None = None,
    embeddings: Vectors | None = None,
    seed: int = 0,
    count: int | None = None,
    encoder: Encoder | None = None,
) -> Discovery:
    """Return topics across all languages of `texts`, and each text's topic.

    With `known` topics, texts within their reach join them; only the rest forms new ones. A known topic keeps its
    number, name, centre and reach, so that charts over time compare like with like. Topics of fewer than three texts
    are not made. `count` asks for so many new topics instead of the best fit. Without `known`, raises TooFewTexts
    below ten texts with words. The same texts and seed give the same topics.
    """
    prepared = [for_encoder(text) for text in texts]
    readable = [i for i, text in enumerate(prepared) if is_readable(text)]
    if known is None and len(readable) < _FEWEST_TEXTS:
        raise TooFewTexts(needed=_FEWEST_TEXTS, given=len(readable))
    vectors = embed(texts, encoder=encoder) if embeddings is None else embeddings
    languages = [reading.code for reading in detect_languages(texts)]
    old = known or TopicSet(shifts=_shifts(vectors, languages, readable))
    data = _Texts(list(texts), languages, shifted(vectors, languages, old.shifts))
    rest = [i for i, found in enumerate(nearest(old, data.directions)) if found.topic is None and i in set(readable)]
    groups = _groups(data, rest, seed, count) if len(rest) >= _FEWEST_TEXTS else []
    new = tuple(_described(data, groups, old.next_number))
    found = msgspec.structs.replace(old, topics=old.topics + new, next_number=old.next_number + len(new))
    assignments = _with_members(_assignments(found, data, set(readable)), data, groups, new)
    return Discovery(topics=_grown(found, assignments, {topic.number for topic in old.topics}), assignments=assignments)


def assign_topics(
    known: TopicSet, texts: Sequence[str], *, embeddings: Vectors | None = None, encoder: Encoder | None = None
) -> list[Assignment]:
    """Return the topic of each text, in order; changes nothing. Texts without words have none."""
    vectors = embed(texts, encoder=encoder) if embeddings is None else embeddings
    languages = [reading.code for reading in detect_languages(texts)]
    data = _Texts(list(texts), languages, shifted(vectors, languages, known.shifts))
    readable = {i for i, text in enumerate(texts) if is_readable(for_encoder(text))}
    return list(_assignments(known, data, readable))


def split_topic(
    known: TopicSet,
    number: int,
    texts: Sequence[str],
    *,
    parts: int = 2,
    seed: int = 0,
    embeddings: Vectors | None = None,
    encoder: Encoder | None = None,
) -> TopicSet:
    """Return the set with topic `number` split by its `texts` into `parts`.

    The largest part keeps the number and name, the others get numbers of their own. Raises UnknownTopic, and
    TooFewTopicMembers below three texts a part.
    """
    topic = known.topic(number)
    needed = _SMALLEST_TOPIC * parts
    if len(texts) < needed:
        raise TooFewTopicMembers(topic=number, needed=needed, given=len(texts))
    vectors = embed(texts, encoder=encoder) if embeddings is None else embeddings
    languages = [reading.code for reading in detect_languages(texts)]
    data = _Texts(list(texts), languages, shifted(vectors, languages, known.shifts))
    groups = group_directions(data.directions, seed, parts)
    members = [np.flatnonzero(groups == group).tolist() for group in range(int(groups.max()) + 1)]
    made = _described(data, members, known.next_number)
    first = msgspec.structs.replace(made[0], number=number, name=topic.name, is_pinned=topic.is_pinned)
    others = tuple(msgspec.structs.replace(one, number=known.next_number + i) for i, one in enumerate(made[1:]))
    kept = tuple(first if one.number == number else one for one in known.topics)
    return msgspec.structs.replace(known, topics=kept + others, next_number=known.next_number + len(others))


def _shifts(vectors: Vectors, languages: list[str | None], readable: list[int]) -> dict[str, tuple[float, ...]]:
    counts = Counter(code for i in readable if (code := languages[i]))
    return {
        code: tuple(vectors[[i for i in readable if languages[i] == code]].mean(axis=0).tolist())
        for code, count in sorted(counts.items())
        if count >= _SHIFT_TEXTS
    }


def _groups(data: _Texts, rest: list[int], seed: int, count: int | None) -> list[list[int]]:
    labels = group_directions(data.directions[rest], seed, count)
    groups = [[rest[i] for i in np.flatnonzero(labels == label)] for label in range(int(labels.max()) + 1)]
    return [group for group in groups if len(group) >= _SMALLEST_TOPIC]


def _with_members(
    assignments: Sequence[Assignment], data: _Texts, groups: list[list[int]], topics: Sequence[Topic]
) -> tuple[Assignment, ...]:
    """Return the assignments with the texts that formed a topic in it, even those just beyond its reach."""
    out = list(assignments)
    for group, topic in zip(groups, topics, strict=True):
        close = data.directions[group] @ np.array(topic.centre, np.float32)
        for row, similarity in zip(group, close.tolist(), strict=True):
            out[row] = Assignment(topic=topic.number, similarity=similarity)
    return tuple(out)


def _described(data: _Texts, groups: list[list[int]], first_number: int) -> list[Topic]:
    """Return a topic for each group of rows, numbered on from `first_number`."""
    of: list[int | None] = [None] * len(data.texts)
    for offset, group in enumerate(groups):
        for row in group:
            of[row] = first_number + offset
    words = typical_words(data.texts, data.languages, of)
    topics = []
    for offset, group in enumerate(groups):
        number = first_number + offset
        centre = data.directions[group].mean(axis=0)
        centre /= max(float(np.linalg.norm(centre)), 1e-9)
        reach = float(np.quantile(data.directions[group] @ centre, _REACH_QUANTILE))
        own = words.get(number, {})
        sizes = Counter(code for row in group if (code := data.languages[row]))
        topics.append(
            Topic(
                number=number,
                name=topic_name(own, sizes) or str(number),
                words=own,
                centre=tuple(centre.tolist()),
                reach=max(reach, _LEAST_REACH),
                size=len(group),
            )
        )
    return topics


def _assignments(known: TopicSet, data: _Texts, readable: set[int]) -> tuple[Assignment, ...]:
    none = Assignment(topic=None, similarity=0.0)
    return tuple(one if i in readable else none for i, one in enumerate(nearest(known, data.directions)))


def _grown(found: TopicSet, assignments: Sequence[Assignment], old: set[int]) -> TopicSet:
    """Return the set with sizes as assigned: old topics grow by their new texts, new ones count theirs."""
    counts = Counter(one.topic for one in assignments if one.topic is not None)
    topics = tuple(
        msgspec.structs.replace(topic, size=counts[topic.number] + (topic.size if topic.number in old else 0))
        for topic in found.topics
    )
    return msgspec.structs.replace(found, topics=topics)
