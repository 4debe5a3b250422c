"""The measured quality of the packaged heads on texts they were not trained on. `make bench` shows the references beside."""

from bench.text_bench import SENTIMENTS
from stammgast.text import EMOTIONS, evaluate
from stammgast.text.evaluation import Labelled
from stammgast.text.heads import packaged_heads
from stammgast.text.training.corpora import read_comments, read_tweets


def sentiment(folder, language):
    rows = read_tweets(folder, language, "val")
    return evaluate("sentiment", [Labelled(row.text, frozenset({SENTIMENTS[row.labels[0]]})) for row in rows])


def test_german_sentiment_reaches_its_target(shared_data):
    assert sentiment(shared_data("xlmt_sentiment").parent, "german").macro_f1 >= 0.66


def test_english_sentiment_reaches_its_target(shared_data):
    assert sentiment(shared_data("xlmt_sentiment").parent, "english").macro_f1 >= 0.64


def test_emotions_reach_their_target(shared_data):
    rows = read_comments(shared_data("goemotions").parent, "ekman", "dev.tsv")
    result = evaluate("emotion", [Labelled(row.text, frozenset(EMOTIONS[i] for i in row.labels)) for row in rows])
    assert result.macro_f1 >= 0.53
    assert min(score.f1 for score in result.classes) > 0.35


def test_confidence_of_sentiment_is_calibrated(shared_data):
    from stammgast.text import analyse

    folder = shared_data("xlmt_sentiment").parent
    rows = [row for language in ("german", "english") for row in read_tweets(folder, language, "val")]
    readings = analyse([row.text for row in rows])
    plain = [
        (r.sentiment, SENTIMENTS[row.labels[0]])
        for r, row in zip(readings, rows, strict=True)
        if r.sentiment and r.sentiment.label != "mixed"
    ]
    sure = [s.label == true for s, true in plain if s.confidence >= 0.7]
    unsure = [s.label == true for s, true in plain if s.confidence < 0.5]
    stated = sum(s.confidence for s, _ in plain) / len(plain)
    measured = sum(s.label == true for s, true in plain) / len(plain)
    assert abs(stated - measured) < 0.05  # n = 648: a standard error of 0.019
    assert sum(sure) / len(sure) > sum(unsure) / len(unsure) + 0.15


def test_the_packaged_arrays_are_small_and_belong_to_the_packaged_encoder():
    from stammgast.text.heads import PACKAGED
    from stammgast.text.use_encoder import UseEncoder

    assert PACKAGED.stat().st_size < 3_000_000
    assert packaged_heads().encoder_name == UseEncoder.name
