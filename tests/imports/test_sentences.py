"""Why a line can't be used, in the reader's language."""

import pytest

from stammgast.imports import sentences
from stammgast.imports.manifest import MANIFEST
from stammgast.imports.sentences import recognised
from stammgast.kernel.i18n import load_translators

GERMAN = load_translators([MANIFEST.folder / "locale"])["de"]


@pytest.mark.parametrize(
    ("detail", "german"),
    [
        ("Price: 'free' is no number", "Price: 'free' ist keine Zahl"),
        ("It has 3 cells, the file has 8 columns", "Sie hat 3 Zellen, die Datei hat 8 Spalten"),
        (
            "When: '31.2.' is no time of the form %d.%m.; Price is empty, and the sum needs it",
            "When: '31.2.' ist keine Zeit der Form %d.%m.; Price ist leer, und die Summe braucht es",
        ),
        ("""Odd: 'a; b\\'s: c' is no number""", """Odd: 'a; b\\'s: c' ist keine Zahl"""),
        ("File is empty", "File ist leer"),
        ("Input data was truncated", "Input data was truncated"),
    ],
)
def test_a_refusals_detail_is_translated_but_for_what_the_file_says(detail, german):
    assert recognised(detail) == detail
    assert GERMAN.gettext(recognised(detail)) == german


TEMPLATES = [text for name, text in vars(sentences).items() if name.isupper() and name[0] != "_" and name != "JOINT"]
FACTS = {"text": "'7'", "form": "%d", "column": "A", "columns": "A, B", "encoding": "utf-8"}
FACTS |= dict.fromkeys(("actual", "expected", "row", "size", "limit"), 7)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_sentence_is_recognised_and_has_german(template):
    said = template.format(**FACTS)
    told = f"Price: {said}" if template.startswith("{text}") else said
    assert GERMAN.gettext(recognised(told)) == told.replace(said, GERMAN.gettext(template).format(**FACTS)) != told
