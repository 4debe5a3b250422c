import gzip
import random

import numpy as np
import pytest
from typer.testing import CliRunner

from stammgast.text import EMOTIONS, analyse
from stammgast.text.commands import text_commands
from stammgast.text.contracts import DamagedHeads, UnreadableTrainingText
from stammgast.text.heads import PACKAGED, pack, packaged_heads, unpack
from stammgast.text.training.fits import fit_blend
from stammgast.text.training.network import Targets, train_trunk
from stammgast.text.training.train import train

FINE = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise", "love")
WORDS = {"anger": "furious rage", "disgust": "disgusting filthy", "fear": "scared afraid", "joy": "happy wonderful",
         "neutral": "table number", "sadness": "sad crying", "surprise": "wow unexpected", "love": "love adore"}  # fmt: skip
FEELINGS = (
    ("schlimm und traurig", "awful and sad"),
    ("am Montag um acht", "on Monday at eight"),
    ("sehr schön", "very nice"),
)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Tiny corpora in the layouts of the real ones."""
    folder, chance = tmp_path_factory.mktemp("corpora"), random.Random(4)
    fine = [(f"{WORDS[FINE[i % 8]]} {chance.randint(1, 999)}", i % 8) for i in range(160)]
    for grouping, names in (("original", FINE), ("ekman", EMOTIONS)):
        home = folder / "goemotions" / grouping
        home.mkdir(parents=True)
        (home / "labels.txt").write_text("\n".join(names))
        rows = [f"{text}\t{label if grouping == 'original' or label < 7 else 3}\tid" for text, label in fine]
        (home / "train.tsv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    (folder / "xlmt_sentiment").mkdir()
    for place, language in enumerate(("german", "english")):
        labels = [i % 3 for i in range(30)]
        texts = [f"{FEELINGS[label][place]} {chance.randint(1, 999)}" for label in labels]
        (folder / "xlmt_sentiment" / f"{language}_train_text.txt").write_text("\n".join(texts) + "\n")
        (folder / "xlmt_sentiment" / f"{language}_train_labels.txt").write_text("\n".join(map(str, labels)) + "\n")
    (folder / "vader").mkdir()
    ratings = "\n".join(f"{i}\t{(-2.5, 2.5)[i % 2]}\t{('terrible', 'lovely')[i % 2]} thing {i}" for i in range(40))
    for name in ("tweets_GroundTruth.txt.gz", "amazonReviewSnippets_GroundTruth.txt.gz"):
        (folder / "vader" / name).write_bytes(gzip.compress(ratings.encode()))
    return folder


def test_training_tells_its_progress_and_its_heads_read_what_they_were_taught(corpora):
    seen = []
    heads = unpack(pack(train(corpora, on_progress=lambda stage, done, total: seen.append((stage, done <= total)))))
    assert list(dict(seen)) == [
        "comments",
        "ratings",
        "feelings",
        "requests",
        "trunk",
        "emotions",
        "sentiment",
        "urgency",
    ]
    assert all(fits for _, fits in seen)
    good, bad = analyse(["Die Beratung war hervorragend.", "The room was dirty."], heads=heads)
    assert (good.sentiment.label, bad.sentiment.label) == ("positive", "negative")
    assert analyse(["I am scared and afraid of this"], heads=heads)[0].emotions[0].emotion == "fear"


def test_training_twice_gives_the_same_trunk():
    chance = np.random.default_rng(1)
    x = chance.standard_normal((300, 20)).astype(np.float32)
    targets = Targets((x[:, :4] > 0).astype(np.float32), np.ones((300, 4), np.float32))
    first, second = (train_trunk(x, targets, 5, lambda _done, _total: None) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first.inner, train_trunk(x, targets, 6, lambda _done, _total: None).inner)


def test_blended_probabilities_are_calibrated():
    chance = np.random.default_rng(2)
    logit = chance.normal(-2, 2, (20_000, 1)).astype(np.float32)
    truth = (chance.random((20_000, 1)) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    # The trunk says twice the logit, as if too sure; the words say nothing.
    blend = fit_blend(2 * logit, np.zeros_like(logit), truth)
    assert blend.weights[0, 0, 0] == pytest.approx(0.5, abs=0.03)
    assert blend.weights[0, 2, 0] == pytest.approx(0, abs=0.06)


def test_a_missing_corpus_is_named(tmp_path):
    result = CliRunner().invoke(text_commands, ["train", str(tmp_path), "--out", str(tmp_path / "heads.npz")])
    assert isinstance(result.exception, UnreadableTrainingText)
    assert "goemotions" in str(result.exception)


def test_packing_is_lossless_once_packed_and_gives_the_same_bytes():
    heads = packaged_heads()
    assert pack(heads) == PACKAGED.read_bytes()


def test_damaged_heads_are_refused_with_what_to_do():
    with pytest.raises(DamagedHeads, match="Install Stammgast again"):
        unpack(PACKAGED.read_bytes()[:1000])
