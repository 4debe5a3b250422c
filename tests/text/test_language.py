import re

import pytest

from bench.intents import INTENTS
from bench.sentences import SENTENCES
from stammgast.text import detect_languages
from stammgast.text.automaton import language_probabilities, load_language_model
from stammgast.text.language import LANGUAGES
from stammgast.text.training.corpora import read_tweets

WORDS = re.compile(r"[^\W\d_]+")


def codes(*texts):
    return [reading.code for reading in detect_languages(texts)]


def test_sentences_of_five_words_are_told_in_seven_languages():
    pairs = [(text, code) for code, texts in SENTENCES.items() for text in texts]
    pairs += [
        (text, code)
        for both in INTENTS.values()
        for code, texts in zip(("de", "en"), both, strict=True)
        for text in texts
    ]
    pairs = [(text, code) for text, code in pairs if len(WORDS.findall(text)) >= 5]
    right = [code == true for code, (_, true) in zip(codes(*[text for text, _ in pairs]), pairs, strict=True)]
    assert len(pairs) > 250
    assert sum(right) / len(right) >= 0.99


def test_other_scripts_are_told():
    assert codes("Служба поддержки ответила очень быстро", "サービスがとても良かったです", "배송이 너무 늦었어요") == [
        "ru",
        "ja",
        "ko",
    ]
    assert codes("الخدمة كانت ممتازة جدا", "εξυπηρέτηση ήταν πολύ καλή", "客服态度非常好") == ["ar", "el", "zh"]


@pytest.mark.parametrize("text", ["", "   ", "4711", "12,50 €", "https://example.org/de/hilfe", "@bahn", "😡😡", "?!"])
def test_what_has_no_words_has_no_language(text):
    (reading,) = detect_languages([text])
    assert reading.code is None
    assert reading.confidence == 0


def test_links_and_mentions_do_not_decide():
    assert codes("@united Der Flug war https://www.example.com/english/welcome-to-our-website sehr angenehm") == ["de"]


def test_shouting_does_not_change_the_language():
    assert codes("WO BLEIBT MEINE BESTELLUNG BITTE", "WHERE IS MY ORDER PLEASE") == ["de", "en"]


def test_a_sentence_is_surer_than_a_word():
    word, sentence = detect_languages(["Karte", "Ich habe meine Karte verloren und brauche eine neue."])
    assert word.confidence < sentence.confidence
    assert sentence.confidence > 0.95


def test_walking_many_texts_at_once_scores_as_the_library_does():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    library.set_languages(LANGUAGES)
    texts = [text for texts in SENTENCES.values() for text in texts] + ["Wo?", "サービスがとても良かったです"]
    ours = language_probabilities(load_language_model(LANGUAGES), [text.encode() for text in texts])
    for text, row in zip(texts, ours, strict=True):
        code, confidence = library.classify(text)
        assert library.nb_classes[int(row.argmax())] == code
        assert row.max() == pytest.approx(confidence, abs=1e-4)


def test_no_texts_have_no_languages():
    assert detect_languages([]) == []


def test_tweets_in_german_and_english_are_mostly_told(shared_data):
    folder = shared_data("xlmt_sentiment").parent
    for language, code in (("german", "de"), ("english", "en")):
        texts = [row.text for row in read_tweets(folder, language, "val")]
        long = [text for text in texts if len(WORDS.findall(re.sub(r"@\w+|http\S*", "", text))) >= 5]
        assert codes(*long).count(code) / len(long) >= 0.95
