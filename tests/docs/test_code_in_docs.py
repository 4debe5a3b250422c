"""Whatever the docs write as code is checked against the real thing: commands by the command line's own parser, requests
by the routes, settings by the settings, SQL by the engine's parser. What can be run is run in tests/e2e/test_docs_as_written.py."""

import re
import shlex

import pytest
import typer

from stammgast.cli import make_cli
from stammgast.kernel.settings import described_settings
from tools.docs_blocks import PAGES, ROOT, all_blocks, code_in_prose, prose_of

CLI = typer.main.get_command(make_cli())
SHELL = [block for block in all_blocks() if block.language == "sh"]
TOLD_ELSEWHERE = {"STAMMGAST_CONFIG", "STAMMGAST_WRITE_KEY"}
"""Variables that are no settings: where the settings file is, and what one command reads."""


def commands_in(line):
    """Yield the arguments of each call of `stammgast` in a line of shell."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    if words and re.fullmatch(r"(.*/)?stammgast", words[0]):
        end = next((place for place, word in enumerate(words) if word in {">", "|", "&&"}), len(words))
        yield words[1:end]


def parse(command, arguments, name="stammgast"):
    """Let the command line read arguments without doing anything; raises what it would refuse them with."""
    context = command.make_context(name, list(arguments))
    if hasattr(command, "commands"):
        found, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(inner, rest, found)


def is_only_named(arguments):
    """Say whether these words only name a command, as in "run `stammgast import`"."""
    command = CLI
    for word in arguments:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            return False
    return True


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_the_command_line_takes_every_command_of_a_block(block):
    for line in block.text.replace("\\\n", " ").splitlines():
        if "stammgast" in line:
            for arguments in commands_in(line):
                parse(CLI, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_command_line_takes_every_command_in_the_prose(page):
    for code in code_in_prose(page):
        if code.startswith("stammgast ") or "/stammgast " in code:
            for arguments in commands_in(code):
                if not is_only_named(arguments):
                    parse(CLI, arguments)


@pytest.mark.parametrize(
    "wrong", ["stammgast import x --nope", "stammgast imports x", "A=1 .venv/bin/stammgast up --port"]
)
def test_a_command_that_does_not_exist_would_be_found(wrong):
    ((*arguments,),) = commands_in(wrong)
    with pytest.raises(Exception, match=r"No such|requires an argument"):
        parse(CLI, arguments)


@pytest.fixture(scope="module")
def routes():
    """Every (method, path) that something answers; `{}` stands for what varies."""
    from stammgast.events.http import _ENDPOINTS, _PIXELS
    from tools.reference import access

    found = {
        ("GET", path) for path in (*_PIXELS, "/v1/projects/{}/settings", "/analytics.js", "/analytics-next/bundles/...")
    }
    found |= {("GET", path) for path in ("/healthz", "/readyz", "/metrics")} | {("POST", path) for path in _ENDPOINTS}
    return found | {(route.method, re.sub(r"\{[^}]*\}", "{}", route.path)) for route in access()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_request_that_the_docs_name_is_answered(page, routes):
    for code in code_in_prose(page):
        named = re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s?]+)(\?.*)?", code)
        if named:
            asked = re.sub(r"\{[^}]*\}", "{}", named[2])
            assert (named[1], asked) in routes, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_the_docs_name_exists(page):
    known = {variable for _name, variable, _default, _text in described_settings()} | TOLD_ELSEWHERE
    named = set(re.findall(r"\bSTAMMGAST_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_stands_in_fences_that_name_its_language_so_that_it_can_be_checked(page):
    prose = prose_of(page)
    assert "```" not in prose
    indented = re.findall(r"^\n(?: {4}|\t)(?![ *\-0-9|]).*$", prose, re.MULTILINE)
    assert not indented
    assert all(block.language for block in all_blocks() if block.page == str(page.relative_to(ROOT)))
