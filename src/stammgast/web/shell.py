"""The shell: what every page knows about who is looking, in which language and zone, at which brand."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request

from stammgast.kernel.i18n import LANGUAGES, Formats, Translator, preferred_language
from stammgast.kernel.ids import BrandId
from stammgast.kernel.settings import Settings
from stammgast.web.contracts import BrandChoice, CompanyFacts, Household, Person, Theme
from stammgast.web.cookies import BRAND_COOKIE, LANGUAGE_COOKIE, THEME_COOKIE
from stammgast.web.guards import person_or_none
from stammgast.web.numbers import whole

AnyRequest = Request[Any, Any, Any]
BRAND_PARAMETER = "brand"


@dataclass(frozen=True)
class Shell:
    """One request's surroundings; `current_shell()` inside templates, `shell` as their variable."""

    person: Person | None
    company: CompanyFacts
    brands: Sequence[BrandChoice]
    brand: BrandId | None
    """The chosen brand, None for all; somebody bound to brands always looks at one of theirs."""
    theme: Theme
    translator: Translator
    formats: Formats
    path: str
    query: str
    csrf: str
    is_fragment: bool

    @property
    def language(self) -> str:
        """`en` or `de`."""
        return self.translator.language

    @cached_property
    def here(self) -> str:
        """The address of this page with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def url_with(self, **changed: object) -> str:
        """Return this page's address with other query parameters; None takes one away."""
        kept = [(name, value) for name, value in parse_qsl(self.query, keep_blank_values=True) if name not in changed]
        new = [(name, str(value)) for name, value in changed.items() if value is not None]
        query = urlencode(kept + new)
        return f"{self.path}?{query}" if query else self.path

    def is_here(self, path: str) -> bool:
        """Say whether this page is `path` or lies below it."""
        return self.path == path or (path != "/" and self.path.startswith(path + "/"))


_CURRENT: ContextVar[Shell] = ContextVar("shell")


def current_shell() -> Shell:
    """Return the shell of the page being rendered."""
    return _CURRENT.get()


def set_current_shell(shell: Shell) -> None:
    """Make `shell` the one that templates of this task speak through."""
    _CURRENT.set(shell)


def make_shell(
    request: AnyRequest, settings: Settings, household: Household, translators: dict[str, Translator], csrf: str
) -> Shell:
    """Return the surroundings of a request."""
    person = person_or_none(request)
    company = household.company()
    brands = _own_brands(person, household.brands()) if person else ()
    return Shell(
        person=person,
        company=company,
        brands=brands,
        brand=_chosen_brand(request, brands, is_bound=bool(person and person.brands)),
        theme=_theme(request, person),
        translator=translators[language_of(request, settings)],
        formats=Formats(language_of(request, settings), (person.zone if person else "") or company.zone),
        path=request.url.path,
        query=request.url.query,
        csrf=csrf,
        is_fragment=is_fragment(request),
    )


def language_of(request: AnyRequest, settings: Settings) -> str:
    """Return the language for a request: the person's choice, this browser's choice, what it asks for, the setting."""
    person = person_or_none(request)
    chosen = (person.language if person else "") or request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return preferred_language(request.headers.get("accept-language", "")) or settings.language


def asked_brand(request: AnyRequest) -> BrandId | None:
    """Return the brand that is asked for, None for all: the address says, else what was chosen last.

    It may be one that does not exist, or that is not theirs: pages go by `Shell.brand`.
    """
    text = request.query_params.get(BRAND_PARAMETER)
    if text is None:
        text = request.cookies.get(BRAND_COOKIE, "")
    number = whole(text)
    return BrandId(number) if number else None


def is_fragment(request: AnyRequest) -> bool:
    """Say whether htmx asks, for a part of a page."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def _own_brands(person: Person, brands: Sequence[BrandChoice]) -> Sequence[BrandChoice]:
    return [one for one in brands if one.id in person.brands] if person.brands else brands


def _chosen_brand(request: AnyRequest, brands: Sequence[BrandChoice], *, is_bound: bool) -> BrandId | None:
    brand = asked_brand(request)
    if any(one.id == brand for one in brands):
        return brand
    return brands[0].id if is_bound else None


def _theme(request: AnyRequest, person: Person | None) -> Theme:
    chosen = person.theme if person else request.cookies.get(THEME_COOKIE, "auto")
    return "light" if chosen == "light" else "dark" if chosen == "dark" else "auto"
