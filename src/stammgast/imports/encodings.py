"""Telling a file's encoding from its bytes: by a mark at the start, by valid UTF-8, else by which letters make words.

Of the encodings with one byte a letter nothing is certain; they are told apart by what stands beside each letter. Small
files hold a handful of umlauts, too few for statistics of languages, but a capital in the middle of a word or a
mathematical sign between two letters is a witness all the same.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable
from typing import IO, Literal

import msgspec

Sureness = Literal["sure", "likely", "unsure"]
SCANNED_BYTES_MAX = 64 * 1024 * 1024
BLOCK_BYTES = 1024 * 1024
WITNESSES_MAX = 2_000
"""Places with letters beyond ASCII that are looked at; more change nothing."""
AROUND = 12
WESTERN = ("cp1252", "mac_roman", "cp850", "iso8859-15")
ONE_BYTE = (*WESTERN, "cp1250", "cp1251", "cp1254")
CHOICES = ("utf-8", *ONE_BYTE, "utf-16")
"""What a person can choose from."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WEIGHTS = {**dict.fromkeys("áàâíóúñçëïîôûåæœãõ", 2.4), **dict.fromkeys("éèê", 2.8), **dict.fromkeys("äöüÄÖÜß", 3.2)}
"""What a letter speaks for an encoding, by how often names and words of Western Europe have it."""
_MARKS_OF_TEXT = frozenset(
    "\u20ac\u00a3\u00a7\u00b0\u201e\u201c\u201d\u201a\u2018\u2019\u00ab\u00bb\u2039\u203a\u2013\u2014\u2026\u2022\u00b7"
    "\u00a9\u00ae\u2122\u00b4\u00a0\u00b2\u00b3\u00bd\u00bc\u00b5\u00d7"
)
_AFTER_WORDS = frozenset("\u00b2\u00b3\u00bd\u00bc\u00b5\u00d7")
_PRIOR = {
    "cp1252": 0.2,
    "mac_roman": 0.0,
    "cp850": -0.1,
    "iso8859-15": 0.1,
    "cp1250": -0.4,
    "cp1251": -0.4,
    "cp1254": -0.5,
}
FEW = 3
"""Places with letters below which a rare encoding is a guess."""
_SAME = 0.35
"""Scores a letter that differ by less tell nothing apart."""


class EncodingGuess(msgspec.Struct, frozen=True):
    """An encoding by Python's name and how sure it is. `examples`: encoding -> words of the file read in it."""

    encoding: str
    sureness: Sureness
    examples: dict[str, str] = {}


def guess_encoding(file: IO[bytes]) -> EncodingGuess:
    """Return the encoding of the bytes, looking at the first 64 MB of them."""
    start = file.read(BLOCK_BYTES)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return EncodingGuess(name, "sure")
    if (wide := _wide(start)) is not None:
        return EncodingGuess(wide, "likely")
    scan = _Scan()
    scan.take(start)
    scanned = len(start)
    while scanned < SCANNED_BYTES_MAX and not scan.is_settled and (block := file.read(BLOCK_BYTES)):
        scan.take(block)
        scanned += len(block)
    if scanned < SCANNED_BYTES_MAX and not scan.is_settled:
        scan.end()
    if not scan.invalid:
        return EncodingGuess("utf-8", "sure")
    if scan.valid > 2 * scan.invalid:
        return EncodingGuess("utf-8", "likely", _examples(scan.witnesses))
    return guess_one_byte(scan.witnesses, is_mac=b"\r" in start and b"\n" not in start)


def guess_one_byte(witnesses: Iterable[bytes], *, is_mac: bool = False) -> EncodingGuess:
    r"""Return which of the encodings with one byte a letter reads these pieces of text best.

    `is_mac`: lines end as old Macs end them.

    >>> guess_one_byte([b"M\x9fller", b"Wei\xa7"]).encoding, guess_one_byte([b"M\xfcller"]).encoding
    ('mac_roman', 'cp1252')
    """
    pieces = list(witnesses)
    scores = {name: _score(pieces, name) + _PRIOR[name] for name in ONE_BYTE}
    if is_mac:
        scores["mac_roman"] += 1.5
    best, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    same = _read(pieces, best) == _read(pieces, second)
    is_clear = same or (scores[best] - scores[second] > _SAME and (best == "cp1252" or len(pieces) >= FEW))
    return EncodingGuess(best, "likely" if is_clear else "unsure", _examples(pieces))


class _Scan:
    """How many letters beyond ASCII are valid UTF-8 and how many bytes are not, and pieces of text around the latter."""

    def __init__(self) -> None:
        self.valid = self.invalid = 0
        self.witnesses: list[bytes] = []
        self._rest = b""

    @property
    def is_settled(self) -> bool:
        """Whether more of the file would tell nothing new."""
        return len(self.witnesses) >= WITNESSES_MAX

    def take(self, block: bytes) -> None:
        """Look at one more block; a letter may be cut by its end."""
        if block.isascii() and not self._rest:
            return
        block = self._rest + block
        try:
            text, used = codecs.utf_8_decode(block, "strict", False)
            self.valid += used - len(text)
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(block, "surrogateescape", False)
            escaped = len(_ESCAPED.findall(text))
            self.invalid += escaped
            self.valid += sum(map(len, _BEYOND.findall(text))) - escaped
            self._note(block)
        self._rest = block[used:]

    def _note(self, block: bytes) -> None:
        for found in _BYTES_BEYOND.finditer(block):
            if self.is_settled:
                return
            self.witnesses.append(block[max(0, found.start() - AROUND) : found.end() + AROUND])

    def end(self) -> None:
        """A letter that was begun and not ended before the file's end is none."""
        self.invalid += len(self._rest)
        if self._rest:
            self.witnesses.append(self._rest)


_ESCAPED = re.compile("[\udc80-\udcff]")
_BEYOND = re.compile(r"[^\x00-\x7f]+")
_BYTES_BEYOND = re.compile(rb"[\x80-\xff]+(?:[^\r\n;,\t|\x80-\xff]{0,6}[\x80-\xff]+)*")


def _wide(start: bytes) -> str | None:
    """Return UTF-16 without a mark: every other byte of Western text is zero."""
    sample = start[:4000]
    if len(sample) < 4:  # noqa: PLR2004 - two letters
        return None
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.6 and even < 0.1:  # noqa: PLR2004 - far from what any text with one byte a letter has
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.1 else None  # noqa: PLR2004


def _read(pieces: Iterable[bytes], encoding: str) -> list[str]:
    return [piece.decode(encoding, "replace") for piece in pieces]


def _score(pieces: list[bytes], encoding: str) -> float:
    """Return how well the pieces read, a letter: about 3 is good, below 0 nonsense."""
    total, letters = 0.0, 0
    for text in _read(pieces, encoding):
        for place, letter in enumerate(text):
            if letter.isascii():
                continue
            letters += 1
            before = text[place - 1] if place else " "
            after = text[place + 1] if place + 1 < len(text) else " "
            total += _points(letter, before, after)
    return total / letters if letters else 0.0


def _points(letter: str, before: str, after: str) -> float:
    if letter == "\ufffd" or unicodedata.category(letter) == "Cc":
        return -10.0
    in_word = before.isalpha() and after.isalpha()
    if not letter.isalpha():
        return _points_of_sign(letter, before, after, in_word=in_word)
    if "\u0400" <= letter <= "\u04ff":
        # Cyrillic letters stand among their like.
        return -4.0 if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()) else 2.2
    points = _WEIGHTS.get(letter, 1.5)
    if letter.isupper() and before.islower():
        points -= 7.0
    if letter.islower() and letter != "ß" and before.isupper() and after.isupper():
        points -= 4.0
    if letter == "ß" and not before.isalpha():
        points -= 5.0
    if not before.isascii() and before.isalpha() and not after.isascii() and after.isalpha():
        points -= 4.0
    return points


def _points_of_sign(letter: str, before: str, after: str, *, in_word: bool) -> float:
    if letter == "\u2019" and in_word:
        return 2.0
    if in_word:
        return -5.0
    if letter == "€":
        return -2.0 if after.isalpha() else 3.0
    if letter in _MARKS_OF_TEXT:
        return 0.5 if before.isalpha() and letter in _AFTER_WORDS else 1.5
    return -4.0


def _examples(pieces: list[bytes]) -> dict[str, str]:
    """Return a few words of the file as each encoding reads them, to choose by."""
    told: dict[str, str] = {}
    for name in ("utf-8", *ONE_BYTE):
        words: dict[str, None] = {}
        for text in _read(pieces[:40], name):
            found = [word for word in re.findall(r"[^\s;,|\"']+", text) if not word.isascii()]
            words.update(dict.fromkeys(found[:1]))
        told[name] = ", ".join(list(words)[:3])
    return told
