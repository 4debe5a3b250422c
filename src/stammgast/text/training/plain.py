"""Plain praise and blame of a shop's everyday things, made from patterns in German and English.

Tweets, the only labelled German feelings, hardly ever say "Die Beratung war wunderbar" and mean it. These sentences
are ours; tests use other ones.
"""

from __future__ import annotations

from typing import NamedTuple

from stammgast.text.training.corpora import Labelled

_NEGATIVE, _POSITIVE = 0, 2


class _Patterns(NamedTuple):
    subjects: tuple[str, ...]
    links: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]


_GERMAN = _Patterns(
    subjects=("Der Service", "Die Beratung", "Das Personal", "Die Lieferung", "Der Kundendienst", "Das Zimmer",
              "Die Qualität", "Das Frühstück", "Der Verkäufer", "Die App", "Das Gerät"),
    links=("war", "ist", "fand ich"),
    good=("toll", "wunderbar", "hervorragend", "super", "sehr freundlich", "schnell", "erstklassig", "perfekt",
          "sehr angenehm", "prima", "ausgezeichnet", "einwandfrei", "klasse"),
    bad=("schlecht", "furchtbar", "unfreundlich", "viel zu langsam", "katastrophal", "miserabel", "defekt",
         "unverschämt", "enttäuschend", "eine Zumutung", "mangelhaft", "schmutzig", "nicht gut"),
)  # fmt: skip
_ENGLISH = _Patterns(
    subjects=("The service", "Your advice", "The staff", "The delivery", "Customer support", "The room",
              "The quality", "Breakfast", "The salesman", "The app", "The device"),
    links=("was", "is", "felt"),
    good=("great", "wonderful", "outstanding", "super", "very friendly", "fast", "first class", "perfect",
          "very pleasant", "lovely", "excellent", "flawless", "brilliant"),
    bad=("bad", "dreadful", "unfriendly", "far too slow", "catastrophic", "miserable", "defective",
         "outrageous", "disappointing", "an imposition", "poor", "dirty", "not good"),
)  # fmt: skip


def plain_sentences() -> list[Labelled]:
    """Return the sentences, 0 negative and 2 positive: each subject with each word, the link changing.

    >>> plain_sentences()[0]
    Labelled(text='Der Service war toll.', labels=(2,))
    """
    return [
        Labelled(f"{subject} {patterns.links[(i + k) % 3]} {word}.", (label,))
        for patterns in (_GERMAN, _ENGLISH)
        for words, label in ((patterns.good, _POSITIVE), (patterns.bad, _NEGATIVE))
        for i, subject in enumerate(patterns.subjects)
        for k, word in enumerate(words)
    ]
