"""Docs that the code can check: an undocumented setting, command, route or term fails here."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from stammgast.kernel.settings import described_settings
from tools import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_generated_reference_is_up_to_date(name):
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "Run `make docs`"


def test_every_setting_has_a_sentence_of_help():
    for name, _variable, _default, text in described_settings():
        assert text.endswith((".", ")")), name
        assert len(text.split()) >= 4, name


def test_every_command_says_what_it_does():
    parts = reference.commands_page().split("\n## ")[1:]
    assert len(parts) >= 10
    for part in parts:
        assert re.search(r"\n  [A-Z][^\n]+", part), f"{part.splitlines()[0]} has no help"


def test_every_endpoint_outside_the_management_api_is_documented():
    from stammgast.app import manifests
    from stammgast.events.http import _ENDPOINTS, _PIXELS

    paths = (
        {path for one in manifests() for mount in one.mounts for path in mount.paths} | set(_ENDPOINTS) | set(_PIXELS)
    )
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not re.search(rf"{re.escape(path)}(?![\w/])", text)] == []


def glossary():
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| `([\w.]+)` \|$", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE
    )
    return [(term.strip(), symbol) for term, _meaning, symbol in rows]


def test_the_glossary_has_terms_in_alphabetical_order():
    terms = [term for term, _symbol in glossary()]
    assert len(terms) >= 15
    assert terms == sorted(terms, key=str.casefold)


@pytest.mark.parametrize(("term", "symbol"), glossary())
def test_every_term_of_the_glossary_is_tied_to_its_symbol(term, symbol):
    module, _, name = f"stammgast.{symbol}".rpartition(".")
    try:
        found = import_module(module)
    except ModuleNotFoundError:
        module, _, owner = module.rpartition(".")
        found = getattr(import_module(module), owner)
    assert hasattr(found, name) or name in getattr(found, "__annotations__", {}), f"{term}: there is no {symbol}"


def anchors_of(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.replace("`", "").lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_docs_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        aimed = (page.parent / path).resolve() if path else page
        assert aimed.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors_of(aimed), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_make_target_that_the_docs_name_exists(page):
    text = page.read_text(encoding="utf-8")
    commands = set(re.findall(r"^## `([^`]+)`", reference.commands_page(), re.MULTILINE))
    for words in re.findall(r"(?:^|[`$ /])stammgast ((?:[a-z][a-z-]* ?){1,2})", text, re.MULTILINE):
        first, *more = words.split()
        if f"stammgast {first}" in commands:
            has_own = any(one.startswith(f"stammgast {first} ") for one in commands)
            assert not (has_own and more) or f"stammgast {first} {more[0]}" in commands, words
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for target in re.findall(r"[`$ ]make ([a-z-]+)[` \n]", text):
        if f"`make {target}" in text:
            assert target in targets, f"make {target}"


def test_the_readme_shows_the_snippet_that_a_source_offers():
    from stammgast.events.tracker.serving import browser_snippet

    snippet = browser_snippet("http://127.0.0.1:8400", "YOUR_WRITE_KEY").strip()
    assert snippet in (ROOT / "README.md").read_text(encoding="utf-8")
