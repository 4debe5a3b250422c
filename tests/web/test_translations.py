import re

import pytest
from babel.messages.pofile import read_po

from stammgast.kernel.i18n import LANGUAGES, Formats, Phrase, Translator, load_translators
from tools import translations

MODULES = translations.modules()
FIELDS = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


@pytest.mark.parametrize("module", MODULES)
def test_every_string_of_a_module_has_a_german_translation(module):
    assert translations.missing(module) == {}


@pytest.mark.parametrize("module", MODULES)
def test_translations_keep_the_facts_of_their_strings(module):
    for message in translations.catalog_of(module):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if message.id and all(texts):
            wanted = {field for source in sources for field in FIELDS.findall(source)}
            assert {field for text in texts for field in FIELDS.findall(text)} == wanted, message.id


@pytest.mark.parametrize("module", MODULES)
def test_german_is_polite_and_calm(module):
    for message in translations.catalog_of(module):
        text = str(message.string)
        if message.id:
            assert not re.search(r"!(?![rs]\})", text), text
            assert not re.search(r"\b(du|dein|deine|dich|dir|klick)\b", text, re.IGNORECASE), text


def test_the_check_finds_a_string_that_has_no_translation(tmp_path, monkeypatch):
    (tmp_path / "inn" / "templates" / "inn").mkdir(parents=True)
    (tmp_path / "inn" / "templates" / "inn" / "page.html").write_text(
        '{{ _("Rooms") }} {{ ngettext("%(num)s bed", "%(num)s beds", 2) }} {% do ui.button(_("Book")) %}'
    )
    (tmp_path / "inn" / "words.py").write_text(
        'from x import marked as _\nA = _("Key")\nB = Phrase("up to {n}", n=1)\n'
    )
    (tmp_path / "web").mkdir()
    monkeypatch.setattr(translations, "SOURCE", tmp_path)
    assert set(translations.missing("inn")) == {"Rooms", ("%(num)s bed", "%(num)s beds"), "Book", "Key", "up to {n}"}
    count, unused = translations.update("inn")
    assert (count, unused) == (5, [])
    with (tmp_path / "inn" / "locale" / "de.po").open("rb") as file:
        assert len([message for message in read_po(file) if message.id]) == 5
    assert len(translations.missing("inn")) == 5  # added, but still empty


def test_plurals_and_phrases_are_translated(tmp_path):
    (tmp_path / "de.po").write_text(
        'msgid "%(num)s bed"\nmsgid_plural "%(num)s beds"\nmsgstr[0] "%(num)s Bett"\nmsgstr[1] "%(num)s Betten"\n\n'
        'msgid "at most {most}"\nmsgstr "höchstens {most}"\n\n#, fuzzy\nmsgid "Room"\nmsgstr "Raum"\n',
        encoding="utf-8",
    )
    german = load_translators([tmp_path])["de"]
    assert [german.ngettext("%(num)s bed", "%(num)s beds", n) for n in (0, 1, 2)] == [
        "%(num)s Betten", "%(num)s Bett", "%(num)s Betten",
    ]  # fmt: skip
    assert german.gettext(Phrase("at most {most}", most=3)) == "höchstens 3"
    assert german.gettext("Room") == "Room"  # a fuzzy translation is not one
    assert Translator("en").ngettext("one", "many", 1) == "one"


def test_every_language_can_write_every_kind_of_value():
    for language in LANGUAGES:
        formats = Formats(language, "Europe/Berlin")
        assert formats.number(1234.5)
        assert formats.money(-1_500_000, "EUR")
        assert formats.relative(0, now_millis=90_000)
        assert "2023" in formats.exact(1_700_000_000_000)
        assert formats.percent(0.5)
        assert formats.size(10)
        assert formats.duration(61)
        assert formats.weekday(6)
