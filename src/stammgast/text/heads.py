"""The small arrays on top of the encoder: what was learnt, packed, read once, and applied in plain numpy.

A trunk (one hidden layer) learnt 27 emotions, their groups and valence at once; its outputs, its hidden layer and the
encoder's features together feed sentiment. Emotions of English texts also hear hashed words; texts in other languages
never do. `training` makes these arrays; `docs/reference/model-card.md` says from what.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stammgast.text.contracts import EMOTIONS, DamagedHeads
from stammgast.text.ngrams import BUCKETS, Buckets, weighted_sums

EMBEDDING_SCALE = np.float32(22.0)
"""Embeddings have length 1 over 512 numbers: this brings one number to a spread of about 1, as features have."""
SENTIMENT_ROUTES = {"de": 1, "en": 2}
COMMON_WORD_LANGUAGES = ("de", "en")
PACKAGED = Path(__file__).parent / "heads" / "use-multilingual-3.npz"

Array = NDArray[np.float32]


class Heads(msgspec.Struct, frozen=True):
    """Everything learnt. Shapes: x = 512 + 1280 inputs, h = hidden, a = auxiliary outputs, 7 emotions.

    The sentiment arrays have nine columns: three classes for other languages, German, English.

    `emotion_blend` (2, 3, 7): for texts [other, English]: weight of the trunk's logit, of the words' logit, and bias.
    `common_words` (2, BUCKETS): the share of German and of English training texts that have a word.
    `emotion_threshold` (2, 7): the probability from which an emotion counts as present.
    """

    encoder_name: str
    feature_mean: Array
    feature_scale: Array
    trunk_in: Array
    trunk_bias: Array
    aux_hidden: Array
    aux_direct: Array
    aux_bias: Array
    sentiment_in: Array
    sentiment_aux: Array
    sentiment_hidden: Array
    sentiment_bias: Array
    word_rarity: Array
    word_table: Array
    common_words: Array
    emotion_blend: Array
    emotion_threshold: Array
    urgency_in: Array
    urgency_bias: Array


class TrunkOutput(NamedTuple):
    """Inputs (n, x), auxiliary logits (n, a) and hidden activations (n, h) of n texts."""

    x: Array
    aux: Array
    hidden: Array


AUX_EMOTIONS = slice(0, 7)
"""Ekman's groups come first among the auxiliary outputs; see `training.labels`."""


def inputs(heads_mean: Array, heads_scale: Array, embedding: Array, features: Array) -> Array:
    """Return the trunk's inputs: the scaled embedding beside the standardised features."""
    return np.concatenate([embedding * EMBEDDING_SCALE, (features - heads_mean) / heads_scale], axis=1)


def run_trunk(heads: Heads, embedding: Array, features: Array) -> TrunkOutput:
    """Return what the trunk makes of embeddings (n, 512) and features (n, 1280)."""
    x = inputs(heads.feature_mean, heads.feature_scale, embedding, features)
    hidden = np.maximum(x @ heads.trunk_in + heads.trunk_bias, 0)
    aux = hidden @ heads.aux_hidden + x @ heads.aux_direct + heads.aux_bias
    return TrunkOutput(x, aux, hidden)


def sentiment_routes(languages: Sequence[str | None]) -> NDArray[np.int64]:
    """Return which column block of the sentiment arrays speaks for each language: 0 other, 1 German, 2 English."""
    return np.array([SENTIMENT_ROUTES.get(language or "", 0) for language in languages], np.int64)


def sentiment_probabilities(heads: Heads, trunk: TrunkOutput, route: NDArray[np.int64]) -> Array:
    """Return (n, 3) calibrated probabilities of negative, neutral, positive."""
    logits: Array = (
        trunk.x @ heads.sentiment_in + trunk.aux @ heads.sentiment_aux + trunk.hidden @ heads.sentiment_hidden
    )
    logits += heads.sentiment_bias
    return softmax(logits.reshape(len(logits), -1, 3)[np.arange(len(logits)), route])


def emotion_probabilities(heads: Heads, trunk: TrunkOutput, words: Buckets, is_english: NDArray[np.bool_]) -> Array:
    """Return (n, 7) calibrated probabilities in the order of `EMOTIONS`; several may be high at once."""
    route = is_english.astype(np.int64)
    blend = heads.emotion_blend[route]
    logits = trunk.aux[:, AUX_EMOTIONS] * blend[:, 0] + blend[:, 2]
    if is_english.any():
        logits = logits + weighted_sums(words, heads.word_rarity, heads.word_table) * blend[:, 1]
    return sigmoid(logits)


def urgency_probabilities(heads: Heads, embedding: Array) -> Array:
    """Return (n,) calibrated probabilities that a text is urgent."""
    return sigmoid(embedding @ heads.urgency_in + heads.urgency_bias)[:, 0]


def sigmoid(logits: Array) -> Array:
    """Return the logistic function of each number."""
    result: Array = (1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))).astype(np.float32)
    return result


def softmax(logits: Array) -> Array:
    """Return probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = raised / raised.sum(axis=-1, keepdims=True)
    return result


@cache
def packaged_heads() -> Heads:
    """Return the heads shipped with Stammgast, read at the first call.

    Raises DamagedHeads when the file is not what `pack` writes.
    """
    return unpack(PACKAGED.read_bytes())


def pack(heads: Heads) -> bytes:
    """Return the heads as a compressed npz with arrays in half precision; the same heads give the same bytes."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in heads.__struct_fields__:
            value = getattr(heads, name)
            array = np.frombuffer(value.encode(), np.uint8) if isinstance(value, str) else value.astype(np.float16)
            buffer = io.BytesIO()
            np.save(buffer, array)
            # A fixed date: the bytes depend on the numbers alone.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (2020, 1, 1, 0, 0, 0)), buffer.getvalue(), zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def unpack(packed: bytes) -> Heads:
    """Return the heads that `pack` packed. Raises DamagedHeads."""
    import io
    import zipfile

    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in Heads.__struct_fields__}
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise DamagedHeads(problem=str(error)) from error
    name = arrays.pop("encoder_name").tobytes().decode()
    heads = Heads(encoder_name=name, **{key: value.astype(np.float32) for key, value in arrays.items()})
    if heads.word_table.shape != (BUCKETS, len(EMOTIONS)):
        raise DamagedHeads(problem="the table of words has another shape")
    return heads
