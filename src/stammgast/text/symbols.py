"""Emoji and emoticons as words, so that a text encoder that knows only words feels them too.

The tables are our own. Words are English because the encoder shares one space between languages; they are never
matched against the text's own words, so this is no lexicon.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS_BY_EMOJI = {
    "😂": "haha", "🤣": "haha", "😆": "haha", "😍": "love it", "🥰": "love it", "😘": "kiss", "😚": "kiss",
    "❤": "love", "♥": "love", "♡": "love", "💕": "love", "💙": "love", "💚": "love", "💛": "love", "💜": "love",
    "😊": "happy", "☺": "happy", "😁": "happy", "😃": "happy", "😄": "happy", "😀": "happy", "🙂": "happy",
    "😎": "cool", "😉": "wink", "😜": "silly", "🤩": "amazing", "🎉": "celebrate", "🥳": "celebrate",
    "👍": "great", "👌": "perfect", "👏": "bravo", "🙌": "hooray", "💪": "strong", "🙏": "thank you", "⭐": "star",
    "👎": "bad", "😡": "angry", "😠": "angry", "🤬": "angry", "😤": "annoyed", "🙄": "annoyed", "😒": "annoyed",
    "😑": "annoyed", "😩": "exhausted", "😫": "exhausted", "😴": "sleepy", "😢": "sad", "😭": "crying", "😔": "sad",
    "😞": "disappointed", "😟": "worried", "😦": "worried", "☹": "sad", "🙁": "sad", "😕": "confused", "💔": "heartbroken",
    "😱": "shocked", "😨": "scared", "😰": "scared", "😳": "embarrassed", "😮": "surprised", "😲": "surprised",
    "🤢": "disgusting", "🤮": "disgusting", "🤔": "thinking", "😏": "smirk", "💩": "crap", "🤦": "facepalm", "🤷": "whatever",
}  # fmt: skip
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\U0001f300-\U0001faff]")
_INVISIBLE = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_EMOTICON = re.compile(
    r"(?P<happy>(?<!\w)[:;=xX]['-]?[)\]D]+(?!\w)|(?<!\w)\(:(?!\w)|\^\^)"
    r"|(?P<sad>(?<!\w)>?[:;=]['-]?[(\[]+(?!\w))"
    r"|(?P<love>(?<!\w)<3(?!\w))"
)
_TWO_OF_AN_EMOTICON = re.compile(r"[:;=xX(^<][-':()\[\]D^3]")
"""Every emoticon has such a pair: looking for it is ten times quicker than for the emoticons."""


def _emoji_in_words(match: re.Match[str]) -> str:
    emoji = match[0]
    return f" {_WORDS_BY_EMOJI.get(emoji) or unicodedata.name(emoji, '').lower()} "


def spell_out(text: str) -> str:
    """Return `text` with emoji and emoticons written as words.

    Emoji without an entry of their own get Unicode's name. Skin tones and joiners are dropped.

    >>> spell_out("Danke 👍🏽 :-)").split()
    ['Danke', 'great', 'happy']
    """
    if _TWO_OF_AN_EMOTICON.search(text):
        text = _EMOTICON.sub(lambda found: f" {found.lastgroup} ", text)
    if text.isascii():
        return text
    return _EMOJI.sub(_emoji_in_words, _INVISIBLE.sub("", text))
