import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.text import EMOTIONS, SentimentClass, analyse
from stammgast.text.heads import packaged_heads

NEGATIVE, POSITIVE = SentimentClass.NEGATIVE, SentimentClass.POSITIVE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Das Essen war nicht gut.", NEGATIVE),
        ("Das Essen war gar nicht schlecht.", POSITIVE),
        ("leider nicht schlecht", POSITIVE),
        ("Ich bin mit dem Kundendienst überhaupt nicht zufrieden.", NEGATIVE),
        ("Ich kann mich nicht beschweren.", POSITIVE),
        ("The food was not good.", NEGATIVE),
        ("not bad at all", POSITIVE),
        ("I was not disappointed at all with my purchase.", POSITIVE),
        ("I am not happy with this.", NEGATIVE),
    ],
)
def test_negation_is_understood(read, text, label):
    assert read(text).sentiment.label is label


@pytest.mark.parametrize(
    ("weak", "strong"),
    [("Das war gut.", "Das war wirklich absolut großartig!"), ("It was good.", "It was absolutely fantastic!")],
)
def test_strong_praise_scores_at_least_as_high_as_weak(read, weak, strong):
    assert read(strong).sentiment.score >= read(weak).sentiment.score - 0.05


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("👍", POSITIVE),
        ("😍😍", POSITIVE),
        ("😡😡😡", NEGATIVE),
        ("Mein Paket 😭", NEGATIVE),
        ("Mein Paket 😍", POSITIVE),
    ],
)
def test_emoji_speak(read, text, label):
    assert read(text).sentiment.label is label


def test_capitals_do_not_turn_praise_into_blame(read):
    assert read("SEHR GUTER SERVICE, VIELEN DANK").sentiment.label is POSITIVE
    assert read("VERY GOOD SERVICE, THANK YOU").sentiment.label is POSITIVE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Super nete Bedinung, gerne wider!", POSITIVE),
        ("Absolut entäuscht, nie wider", NEGATIVE),
        ("realy freindly staff, loved it", POSITIVE),
        ("terible servise, very dissapointed", NEGATIVE),
    ],
)
def test_spelling_mistakes_are_forgiven(read, text, label):
    assert read(text).sentiment.label is label


@pytest.mark.parametrize(
    "text",
    [
        "Die Beratung war wunderbar, aber die Lieferung war eine Katastrophe.",
        "I love the room but the food was absolutely disgusting.",
    ],
)
def test_praise_and_blame_together_are_mixed_not_neutral(read, text):
    sentiment = read(text).sentiment
    assert sentiment.label is SentimentClass.MIXED
    assert sentiment.confidence >= 0.5


def test_mixed_languages_are_read(read):
    reading = read("I love the new app, vielen Dank an das ganze Team!")
    assert reading.language.code in {"de", "en"}
    assert reading.sentiment.label is POSITIVE


@pytest.mark.parametrize(
    "text", ["", " \n\t", "4711", "https://example.org/schlecht", "@firma", "€ 12,50", "...", "\u200d\ufe0f"]
)
def test_what_says_nothing_has_no_feelings(read, text):
    reading = read(text)
    assert reading.sentiment is None
    assert reading.urgency is None
    assert reading.emotions == ()


def test_very_long_texts_are_read_by_beginning_and_end(read):
    long = (
        "Wunderbarer Service, vielen Dank! "
        + "Das Paket wurde geliefert. " * 3000
        + "Wirklich toll, sehr gerne wieder!"
    )
    reading = read(long)
    assert reading.language.code == "de"
    assert reading.sentiment.score > 0


@pytest.mark.parametrize(
    "text",
    [
        "Отличный сервис, большое спасибо!",
        "サービスがとても良かったです、ありがとう",
        "¡Excelente servicio, muchas gracias!",
        "Ottimo servizio, grazie mille!",
    ],
)
def test_praise_in_other_languages_and_scripts_is_heard(read, text):
    assert read(text).sentiment.label is POSITIVE


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Ich bin so wütend, das ist eine Unverschämtheit!", "anger"),
        ("This makes me so angry, I hate it!", "anger"),
        ("Ich habe große Angst, dass mein Geld weg ist.", "fear"),
        ("I am scared that my data was stolen.", "fear"),
        ("Das freut mich riesig, vielen Dank!", "joy"),
        ("Thank you so much, this made my day!", "joy"),
        ("Ich bin sehr traurig über den Verlust.", "sadness"),
        ("Wow, damit hatte ich überhaupt nicht gerechnet!", "surprise"),
        ("The bathroom was disgusting.", "disgust"),
    ],
)
def test_emotions_are_found_in_german_and_english(read, text, emotion):
    assert emotion in {one.emotion for one in read(text).emotions}


def test_several_emotions_may_be_present_and_come_the_surest_first():
    readings = analyse(["Thank you so much, wow, I did not expect that!", "Ich bin wütend und traurig zugleich."])
    assert any(len(reading.emotions) > 1 for reading in readings)
    for reading in readings:
        sureness = [one.confidence for one in reading.emotions]
        assert sureness == sorted(sureness, reverse=True)


@pytest.mark.parametrize(
    ("text", "is_urgent"),
    [
        ("Bitte sofort die Kreditkarte sperren, sie wurde gestohlen!", True),
        ("Wir brauchen heute noch einen Techniker, der Keller steht unter Wasser.", True),
        ("My pills have not come and I need them today, please hurry.", True),
        ("Vielen Dank für den schönen Abend, wir kommen gerne wieder.", False),
        ("Could you tell me which colours the jacket comes in?", False),
    ],
)
def test_urgency_is_told(read, text, is_urgent):
    assert read(text).urgency.is_urgent is is_urgent


def test_german_never_meets_english_words():
    text = "Die Beratung war freundlich und die Lieferung pünktlich"
    before = analyse([text])[0]
    shouting = msgspec.structs.replace(packaged_heads(), word_table=packaged_heads().word_table + 5)
    assert analyse([text], heads=shouting)[0] == before
    english = "The advice was friendly and delivery on time"
    assert analyse([english], heads=shouting)[0] != analyse([english])[0]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_a_reading_within_bounds(text):
    (reading,) = analyse([text])
    assert 0 <= reading.language.confidence <= 1
    if reading.sentiment:
        assert -1 <= reading.sentiment.score <= 1
        assert 0 <= reading.sentiment.confidence <= 1
        assert 0.5 <= reading.urgency.confidence <= 1
        assert {one.emotion for one in reading.emotions} <= set(EMOTIONS)


def test_neighbours_and_order_do_not_change_a_reading():
    texts = [
        "Danke!",
        "Das war schlecht.",
        "",
        "Where is my order?",
        "Das Zimmer war toll, aber das Essen war widerlich.",
    ]
    together = analyse(texts)
    for text, reading in zip(texts, together, strict=True):
        (alone,) = analyse([text])
        assert alone.language == reading.language
        if reading.sentiment:
            assert alone.sentiment.label is reading.sentiment.label
            assert np.isclose(alone.sentiment.score, reading.sentiment.score, atol=1e-3)


def test_no_texts_give_no_readings():
    assert analyse([]) == []
