import msgspec
import numpy as np
import pytest

from bench.intents import INTENTS
from bench.text_bench import intent_texts, topic_agreement
from stammgast.text import (
    TopicSet,
    assign_topics,
    discover_topics,
    embed,
    merge_topics,
    pin_topic,
    similar,
    split_topic,
    unpin_topic,
)
from stammgast.text.contracts import TooFewTexts, TooFewTopicMembers, UnknownTopic
from stammgast.text.topics.clusters import group_directions
from stammgast.text.topics.words import typical_words

TEXTS = intent_texts()
EMBEDDINGS = embed(TEXTS)


@pytest.fixture(scope="module")
def found():
    return discover_topics(TEXTS, embeddings=EMBEDDINGS)


def rows_of(found, topic):
    return [i for i, one in enumerate(found.assignments) if one.topic == topic]


def test_the_same_intent_in_two_languages_is_one_topic(found):
    agreement = topic_agreement([one.topic for one in found.assignments])
    assert agreement.recall >= 0.75
    assert agreement.precision >= 0.6


def test_the_same_texts_give_the_same_topics(found):
    assert discover_topics(TEXTS, embeddings=EMBEDDINGS) == found


def test_topics_are_named_by_words_of_both_languages(found):
    names = " ".join(topic.name for topic in found.topics.topics).lower()
    for word in ("pin", "contactless", "kontaktlos", "password", "wechselkurs", "refund"):
        assert word in names
    assert all({"de", "en"} <= set(topic.words) for topic in found.topics.topics)


def test_names_are_not_words_that_every_text_has(found):
    words = {word.lower() for topic in found.topics.topics for words in topic.words.values() for word in words[:3]}
    assert not words & {"ich", "meine", "the", "and", "nicht", "not", "wird", "can"}


def test_topics_keep_their_identity_when_texts_are_added(found):
    new = ["Die Suppe war kalt und versalzen.", "The pasta was cold and tasteless.", "Das Steak war zäh wie Leder.",
           "Our soup arrived cold.", "Das Essen im Restaurant war ungenießbar.", "The restaurant served us raw chicken.",
           "Der Salat war welk und das Brot alt.", "The dessert was stale and dry.", "Nudeln verkocht, Soße ohne Geschmack.",
           "The waiter brought the wrong meal.", "Das Schnitzel war verbrannt.", "My steak was burnt."]  # fmt: skip
    more = discover_topics([*TEXTS[:40], *new], known=found.topics)
    old = {topic.number: topic for topic in found.topics.topics}
    for topic in more.topics.topics:
        if topic.number in old:
            assert (topic.name, topic.centre, topic.reach) == (
                old[topic.number].name,
                old[topic.number].centre,
                old[topic.number].reach,
            )
    assert set(old) <= {topic.number for topic in more.topics.topics}
    fresh = {one.topic for one in more.assignments[40:]} - set(old) - {None}
    assert fresh
    assert min(fresh) >= found.topics.next_number


def test_assigning_gives_most_texts_the_topic_they_formed(found):
    again = assign_topics(found.topics, TEXTS, embeddings=EMBEDDINGS)
    same = [a.topic == b.topic for a, b in zip(again, found.assignments, strict=True)]
    assert sum(same) / len(same) > 0.85


def test_a_text_about_something_else_has_no_topic(found):
    (far,) = assign_topics(found.topics, ["Photosynthese findet in den Chloroplasten der Pflanzen statt."])
    assert far.topic is None


def test_texts_without_words_have_no_topic(found):
    assert [one.topic for one in assign_topics(found.topics, ["", "4711"])] == [None, None]


def test_merging_keeps_the_first_number_and_never_gives_the_other_again(found):
    into, other = found.topics.topics[0].number, found.topics.topics[1].number
    merged = merge_topics(found.topics, into, other)
    assert merged.topic(into).size == found.topics.topic(into).size + found.topics.topic(other).size
    assert merged.topic(into).name == found.topics.topic(into).name
    assert merged.next_number == found.topics.next_number
    with pytest.raises(UnknownTopic):
        merged.topic(other)
    members = [*rows_of(found, into), *rows_of(found, other)]
    again = assign_topics(merged, [TEXTS[i] for i in members], embeddings=EMBEDDINGS[members])
    assert sum(one.topic == into for one in again) / len(members) > 0.8


def test_merging_a_topic_with_itself_changes_nothing(found):
    assert merge_topics(found.topics, 1, 1) == found.topics


def test_splitting_keeps_the_number_for_the_largest_part(found):
    number = found.topics.topics[0].number
    rows = rows_of(found, number)
    split = split_topic(found.topics, number, [TEXTS[i] for i in rows], embeddings=EMBEDDINGS[rows])
    assert split.topic(number).name == found.topics.topic(number).name
    assert len(split.topics) == len(found.topics.topics) + 1
    assert split.next_number == found.topics.next_number + 1
    assert split.topic(number).size + split.topic(found.topics.next_number).size == len(rows)


def test_splitting_needs_enough_texts(found):
    with pytest.raises(TooFewTopicMembers):
        split_topic(found.topics, 1, ["a", "b"])


def test_a_pinned_topic_keeps_the_name_given_to_it(found):
    pinned = pin_topic(found.topics, 1, "Karten")
    assert pinned.topic(1).name == "Karten"
    more = discover_topics(TEXTS, known=pinned, embeddings=EMBEDDINGS)
    assert more.topics.topic(1).name == "Karten"
    assert more.topics.topic(1).is_pinned
    assert not unpin_topic(more.topics, 1).topic(1).is_pinned


def test_topics_survive_being_stored(found):
    stored = msgspec.msgpack.encode(found.topics)
    assert msgspec.msgpack.decode(stored, type=TopicSet) == found.topics


def test_too_few_texts_are_refused_and_say_so():
    with pytest.raises(TooFewTexts, match="at least 10 texts"):
        discover_topics(["Danke", "4711"])


def test_a_number_of_topics_can_be_asked_for():
    asked = discover_topics(TEXTS, embeddings=EMBEDDINGS, count=12)
    assert len(asked.topics.topics) == 12


def test_groups_far_apart_are_found_whatever_the_seed():
    chance = np.random.default_rng(3)
    points = np.repeat(np.eye(16, dtype=np.float32)[:4], 25, axis=0) + chance.normal(0, 0.05, (100, 16)).astype(
        np.float32
    )
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for seed in (0, 1):
        groups = group_directions(points, seed)
        assert [len(set(groups[at : at + 25])) for at in (0, 25, 50, 75)] == [1, 1, 1, 1]
        assert len(set(groups)) == 4


def test_many_texts_are_grouped_by_a_sample(monkeypatch):
    import stammgast.text.topics.clusters as module

    monkeypatch.setattr(module, "_MOST_AT_ONCE", 60)
    points = np.repeat(np.eye(8, dtype=np.float32)[:3], 50, axis=0)
    points += np.random.default_rng(0).normal(0, 0.03, points.shape).astype(np.float32)
    groups = group_directions(points / np.linalg.norm(points, axis=1, keepdims=True), seed=5)
    assert [len(set(groups[at : at + 50])) for at in (0, 50, 100)] == [1, 1, 1]


def test_typical_words_prefer_phrases_and_skip_what_all_topics_share():
    texts = ["Guten Tag, die letzte Rechnung ist falsch", "Guten Tag, letzte Rechnung doppelt", "Guten Tag, das Zimmer war laut",
             "Guten Tag, mein Zimmer war schmutzig"]  # fmt: skip
    words = typical_words(texts, ["de"] * 4, [1, 1, 2, 2])
    assert words[1]["de"][0] == "letzte Rechnung"
    assert words[2]["de"][0] in {"Zimmer", "Zimmer war"}
    assert "Guten" not in " ".join(words[1]["de"] + words[2]["de"])


def test_search_by_meaning_finds_the_intent_across_languages():
    matches = similar("Jemand hat meine Geldbörse mit der Karte gestohlen", EMBEDDINGS, most=6)
    names = [list(INTENTS)[match.index // 16] for match in matches]
    assert names.count("lost_card") >= 4
    assert {match.index % 16 >= 8 for match in matches} == {True, False}
    assert [m.similarity for m in matches] == sorted((m.similarity for m in matches), reverse=True)


def test_search_honours_the_least_similarity_and_empty_collections():
    assert similar("Karte", EMBEDDINGS, least=0.999) == []
    assert similar("Karte", EMBEDDINGS[:0]) == []
    assert similar(EMBEDDINGS[5], EMBEDDINGS, most=1)[0].index == 5
