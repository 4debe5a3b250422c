"""Keeps the German beside the English: `python -m tools.translations` adds what is new to every module's de.po, empty.

Run it after changing texts, fill in what is empty, and drop what it reports as unused.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from stammgast.kernel.errors import StammgastError

SOURCE = Path(__file__).parents[1] / "src" / "stammgast"
KEYWORDS = {"_": None, "marked": None, "gettext": None, "ngettext": (1, 2), "Phrase": None}
WORDS_OF = {"web": ("web", "kernel")}
"""Module -> folders whose marked strings stand in its file, when that is not only its own."""
ERRORS_OF = {
    "web": ("stammgast.kernel.errors", "stammgast.kernel.ports", "stammgast.kernel.blobs", "stammgast.web"),
    "workspace": ("stammgast.workspace",),
}
"""Module -> Python packages whose refusals people read on pages; the words of kernel stand in web's file."""

MessageId = str | tuple[str, ...]


def modules() -> list[str]:
    """Return the modules that show something to people."""
    return sorted(one.name for one in SOURCE.iterdir() if (one / "templates").is_dir() or (one / "locale").is_dir())


def strings_of(module: str) -> dict[MessageId, str]:
    """Return each marked string of a module (a pair where there is a plural) and where it stands."""
    found: dict[MessageId, str] = {}
    for path in (one for folder in WORDS_OF.get(module, (module,)) for one in sorted((SOURCE / folder).rglob("*"))):
        method = {".html": "jinja2.ext:babel_extract", ".py": "python"}.get(path.suffix)
        if method is None or "migrations" in path.parts:
            continue
        options = {"trimmed": "true", "extensions": "jinja2.ext.do", "newstyle_gettext": "true"}
        for line, message, _comments, _context in extract_from_file(method, path, KEYWORDS, options=options):
            found.setdefault(_id_of(message), f"{path.relative_to(SOURCE)}:{line}")
    for template, place in _error_sentences(ERRORS_OF.get(module, ())):
        found.setdefault(template, place)
    found.pop("", None)
    return found


def catalog_of(module: str) -> Catalog:
    """Return the German catalog of a module, empty when there is none yet."""
    path = SOURCE / module / "locale" / "de.po"
    if not path.exists():
        return Catalog(locale="de", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="de")


def missing(module: str) -> dict[MessageId, str]:
    """Return the strings without a whole German translation here, or (for what modules share) in the shell's file."""
    shared = {} if module == "web" else _translated(catalog_of("web"))
    known = _translated(catalog_of(module)) | shared
    return {message: place for message, place in strings_of(module).items() if _first(message) not in known}


def update(module: str) -> tuple[int, list[str]]:
    """Write the module's de.po with empty places for what is new; return how many, and what is no longer used."""
    catalog, strings, wanting = catalog_of(module), strings_of(module), missing(module)
    for message, place in wanting.items():
        if message not in catalog:
            catalog.add(message, locations=[(place.rpartition(":")[0], int(place.rpartition(":")[2]))])
    used = {_first(message) for message in strings}
    unused = [_first(message.id) for message in catalog if message.id and _first(message.id) not in used]
    path = SOURCE / module / "locale" / "de.po"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, no_location=True, omit_header=False, width=110, sort_output=True)
    return len(wanting), unused


def _translated(catalog: Catalog) -> dict[str, object]:
    def is_whole(text: object) -> bool:
        return all(text) if isinstance(text, (tuple, list)) else bool(text)

    return {
        _first(message.id): message.string
        for message in catalog
        if message.id and not message.fuzzy and is_whole(message.string)
    }


def _id_of(message: object) -> MessageId:
    if isinstance(message, (tuple, list)):
        return tuple(str(one) for one in message[:2]) if len(message) > 1 and message[1] else str(message[0] or "")
    return str(message or "")


def _first(message: MessageId | object) -> str:
    return str(message[0]) if isinstance(message, (tuple, list)) else str(message)


def _error_sentences(packages: Iterable[str]) -> Iterator[tuple[str, str]]:
    for package in packages:
        for name in _python_modules(package):
            import_module(name)
        for kind in _subclasses(StammgastError):
            if (kind.__module__ + ".").startswith(package + "."):
                yield inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " "), f"{kind.__module__}:1"


def _python_modules(package: str) -> Iterator[str]:
    found = import_module(package)
    yield package
    for folder in getattr(found, "__path__", ()):
        for path in Path(folder).rglob("*.py"):
            if "migrations" not in path.parts and path.stem not in {"__init__", "commands"}:
                yield ".".join((package, *path.relative_to(folder).with_suffix("").parts))


def _subclasses(kind: type[StammgastError]) -> Iterator[type[StammgastError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def main() -> None:
    """Update every module's file, and tell."""
    for module in modules():
        count, unused = update(module)
        sys.stdout.write(f"{module}: {count} to translate, unused: {unused}\n")


if __name__ == "__main__":
    main()
