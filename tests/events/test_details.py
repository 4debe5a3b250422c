"""Why an event waits in the quarantine, in German."""

import pytest

from stammgast.events.contracts import PROPERTY_TYPES, EventSchema
from stammgast.events.manifest import MANIFEST
from stammgast.events.pages.details import detail_words
from stammgast.events.schemas import schema_problem
from stammgast.kernel.i18n import load_translators

GERMAN = load_translators([MANIFEST.folder / "locale"])["de"]


@pytest.mark.parametrize(
    ("detail", "german"),
    [
        ("properties.total is missing", "total fehlt"),
        ("properties.Name must be a number, not a string", "Name muss eine Zahl sein, nicht ein Text"),
        ("40000 bytes", "40000 Byte"),
        ("'wrong'", "'wrong'"),
    ],
)
def test_a_detail_is_translated_but_for_what_the_sender_wrote(detail, german):
    assert GERMAN.gettext(detail_words(detail)) == german


@pytest.mark.parametrize("kind", [one for one in PROPERTY_TYPES if one != "any"])
@pytest.mark.parametrize("value", ["x", 1, 1.5, True, [], {}])
def test_whatever_a_schema_complains_about_can_be_translated(kind, value):
    problem = schema_problem(EventSchema("E", (("p", kind),)), {"p": value})
    if problem is not None:
        told = GERMAN.gettext(detail_words(problem))
        assert told.startswith("p muss ")
        assert "must" not in told
        assert " not " not in told
