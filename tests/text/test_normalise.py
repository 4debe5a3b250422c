import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.text.normalise import MAX_CHARACTERS, clauses, for_encoder, is_readable, unescape
from stammgast.text.plain_speech import in_plain_speech
from stammgast.text.symbols import spell_out


def test_escapes_of_transport_are_undone():
    assert for_encoder(r"caf\u00e9 &amp; \"bar\"") == 'café & "bar"'
    assert unescape(r"\ud83d\ude00") == "  "


def test_links_mentions_and_addresses_do_not_reach_the_encoder():
    assert for_encoder("@bahn schreib an a.b@c.de oder https://t.co/xyz") == "schreib an oder http"


def test_emoji_and_emoticons_are_spelt_out():
    assert for_encoder("Danke 👍🏽❤️ :-)") == "Danke great love happy"
    assert for_encoder("Schade :(") == "Schade sad"
    assert "beer mug" in for_encoder("🍺")


@pytest.mark.parametrize(
    ("written", "word"),
    [
        *[
            (f"{eyes}{nose}{mouth}", "happy")
            for eyes in ":;=xX"
            for nose in ("", "-", "'")
            for mouth in (")", "]", "DD")
        ],
        *[
            (f"{eyes}{nose}{mouth}", "sad")
            for eyes in (":", ";", "=", ">:")
            for nose in ("", "-", "'")
            for mouth in "(["
        ],
        ("(:", "happy"),
        ("^^", "happy"),
        ("<3", "love"),
    ],
)
def test_every_emoticon_is_spelt_out(written, word):
    assert spell_out(f"so {written} da").split() == ["so", word, "da"]


def test_a_time_or_a_bracket_is_no_emoticon():
    assert for_encoder("von 8:30 (ab 8) bis 10:00") == "von 8:30 (ab 8) bis 10:00"


def test_shouted_words_are_calmed_and_short_names_kept():
    assert for_encoder("Der ICE war PÜNKTLICH") == "Der ICE war pünktlich"
    assert for_encoder("SEHR GUT!!!!!!") == "sehr gut!!!"


def test_long_texts_keep_beginning_and_end():
    read = for_encoder("Anfang " + "wort " * 5000 + "Ende")
    assert read.startswith("Anfang")
    assert read.endswith("Ende")
    assert len(read) <= MAX_CHARACTERS + 1


def test_clauses_end_at_sentences_and_before_contrast():
    assert clauses("Alles gut. Nur das Essen war kalt") == ["Alles gut.", "Nur das Essen war kalt"]
    assert clauses("The room was fine but the bed was hard") == ["The room was fine", "but the bed was hard"]


@given(st.text(max_size=300))
def test_clauses_lose_no_word(text):
    prepared = for_encoder(text)
    assert " ".join(clauses(prepared)).split() == prepared.split()


@given(st.text(max_size=300))
def test_normalising_takes_any_text(text):
    assert isinstance(is_readable(for_encoder(text)), bool)


def test_understatements_are_said_plainly_in_their_own_language_only():
    assert in_plain_speech("leider nicht schlecht", "de") == "leider gut"
    assert in_plain_speech("keine schlechte Idee", "de") == "gute Idee"
    assert in_plain_speech("it wasn't bad", "en") == "it was good"
    assert in_plain_speech("not bad at all", "de") == "not bad at all"
    assert in_plain_speech("gar nicht schlecht", "en") == "gar nicht schlecht"
    assert in_plain_speech("gar nicht schlecht", None) == "gar nicht schlecht"


def test_denied_praise_is_said_plainly():
    assert in_plain_speech("Ich bin überhaupt nicht zufrieden", "de") == "Ich bin unzufrieden"
    assert in_plain_speech("wirklich nicht gut", "de") == "schlecht"
    assert in_plain_speech("I'm not very happy with it", "en") == "I'm  unhappy with it"
    assert in_plain_speech("they weren't helpful", "en") == "they were unhelpful"


def test_other_denials_are_left_alone():
    for text, language in (
        ("nicht nur schlecht", "de"),
        ("nicht heute", "de"),
        ("not just bad", "en"),
        ("not only good", "en"),
    ):
        assert in_plain_speech(text, language) == text
