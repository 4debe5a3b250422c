import numpy as np
import pytest

from bench.intents import INTENTS
from stammgast.text import Correction, learn
from stammgast.text.contracts import TooFewCorrections

CHOSEN = ("refund", "change_pin", "app_login")


def corrections(language):
    return [Correction(text, name) for name in CHOSEN for text in INTENTS[name][language]]


@pytest.fixture(scope="module")
def head():
    return learn(corrections(0))


def test_what_is_learnt_in_german_is_known_in_english(head):
    given = head.predict([one.text for one in corrections(1)])
    right = [label == one.label for (label, _), one in zip(given, corrections(1), strict=True)]
    assert sum(right) / len(right) >= 0.85


def test_probabilities_are_in_the_order_of_the_labels_and_sum_to_one(head):
    probabilities = head.probabilities(["Wie ändere ich meine PIN?"])
    assert head.labels == tuple(sorted(CHOSEN))
    assert head.labels[int(probabilities[0].argmax())] == "change_pin"
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_learning_again_gives_the_same(head):
    again = learn(corrections(0))
    assert np.array_equal(again.weights, head.weights)
    assert again.estimated_macro_f1 == head.estimated_macro_f1


def test_the_estimate_is_a_share(head):
    assert 0.5 < head.estimated_macro_f1 <= 1


def test_two_labels_work_and_no_texts_give_no_labels():
    two = learn([one for one in corrections(0) if one.label != "refund"])
    assert two.predict(["Ich habe meine Geheimzahl vergessen"])[0][0] == "change_pin"
    assert two.predict([]) == []


def test_too_few_corrections_are_refused():
    with pytest.raises(TooFewCorrections, match="at least 5 corrections"):
        learn(corrections(0)[:8])
    with pytest.raises(TooFewCorrections):
        learn([])
