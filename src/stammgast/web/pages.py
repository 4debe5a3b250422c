"""Pages: `render` a template with its shell. What a module needs to show something to people."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import Translator, load_translators
from stammgast.kernel.runtime import HomePanel, NavigationEntry, Runtime
from stammgast.web.access import AccessTable, may_open
from stammgast.web.contracts import Household, Person
from stammgast.web.cookies import BRAND_COOKIE, SAFE_METHODS, VISIT_COOKIE, csrf_of, mask_token
from stammgast.web.guards import person_of
from stammgast.web.navigation import NavigationGroup, group_navigation
from stammgast.web.shell import BRAND_PARAMETER, AnyRequest, Shell, is_fragment, make_shell, set_current_shell
from stammgast.web.static import StaticFiles
from stammgast.web.templating import make_environment

if TYPE_CHECKING:
    from stammgast.kernel.ports.shown import CustomerPanel
    from stammgast.kernel.runtime import SearchProvider, SubjectPanel

FLASH_COOKIE = "sg_flash"
TOLD_STATE = "tells_a_secret"
"""Set in a request's state once its page shows a secret (`web.told`)."""
YEAR_SECONDS = 31_536_000
REFUSED = 400


@dataclass(frozen=True)
class PageMaker:
    """What rendering needs, made once for the process from all manifests."""

    environment: Environment
    static: StaticFiles
    translators: Mapping[str, Translator]
    navigation: Sequence[NavigationEntry]
    home_panels: Sequence[HomePanel]
    search: Sequence[SearchProvider]
    subject_panels: Sequence[SubjectPanel] = ()
    customer_panels: Sequence[CustomerPanel] = ()

    def groups_for(self, person: Person | None, access: AccessTable) -> Sequence[NavigationGroup]:
        """Return the navigation as this person may use it."""
        return group_navigation(self.navigation, person, access)

    def panels_for(self, person: Person, access: AccessTable) -> Sequence[HomePanel]:
        """Return the panels of the home page that this person may see."""
        return [panel for panel in self.home_panels if may_open(access, person, panel.path)]


def make_page_maker(runtime: Runtime) -> PageMaker:
    """Gather templates, static files, translations and navigation of all modules."""
    manifests = runtime.manifests
    static = StaticFiles({one.name: folder for one in manifests if (folder := one.subfolder("static"))})
    templates = {one.name: folder for one in manifests if (folder := one.subfolder("templates"))}
    return PageMaker(
        environment=make_environment(templates, static),
        static=static,
        translators=load_translators(f for one in manifests if (f := one.subfolder("locale"))),
        navigation=[entry for one in manifests for entry in one.navigation],
        home_panels=sorted((panel for one in manifests for panel in one.home_panels), key=lambda panel: panel.order),
        search=[provider for one in manifests for provider in one.search],
        subject_panels=sorted(
            (panel for one in manifests for panel in one.subject_panels), key=lambda panel: panel.order
        ),
        customer_panels=sorted(
            (panel for one in manifests for panel in one.customer_panels), key=lambda panel: panel.order
        ),
    )


def runtime_of(request: AnyRequest) -> Runtime:
    """Return the open installation a request belongs to."""
    runtime: Runtime = request.app.state["runtime"]
    return runtime


def access_of(request: AnyRequest) -> AccessTable:
    """Return who may do what here."""
    table: AccessTable = request.app.state["access"]
    return table


def customer_panels(request: AnyRequest) -> list[CustomerPanel]:
    """Return the panels of other modules on the page of a customer that whoever is asking may see, in their order."""
    access, person = access_of(request), person_of(request)
    found = runtime_of(request).service(PageMaker).customer_panels
    return [one for one in found if may_open(access, person, one.path)]


def shell_of(request: AnyRequest) -> Shell:
    """Return the request's shell, made once: language, zone, formats, brand, person."""
    kept = request.scope["state"].get("shell")
    if isinstance(kept, Shell):
        return kept
    runtime = runtime_of(request)
    maker = runtime.service(PageMaker)
    shell = make_shell(request, runtime.settings, runtime.service(Household), dict(maker.translators), _csrf(request))
    request.scope["state"]["shell"] = shell
    return shell


def render(
    request: AnyRequest, template: str, /, *, status: int = 200, keeps_nothing: bool = False, **context: Any
) -> Response[str]:
    """Return a page or a fragment: `template` is `module/name.html`, `context` its variables.

    Templates also see `shell` (person, company, brand, language ...), `groups` (navigation) and `flash`. A form that has
    done something answers with `redirect`, so that a reload does not do it twice; only one that `keeps_nothing` and
    shows what was typed otherwise arranged may answer with a page.
    """
    assert request.method in SAFE_METHODS or status >= REFUSED or keeps_nothing or is_fragment(request), (
        f"{request.method} {request.url.path} answers with a page: a reload would do it again"
    )
    maker = runtime_of(request).service(PageMaker)
    shell = shell_of(request)
    set_current_shell(shell)
    text = maker.environment.get_template(template).render(
        shell=shell,
        groups=maker.groups_for(shell.person, access_of(request)),
        flash=_flash_text(request, shell),
        **context,
    )
    response = Response(text, status_code=status, media_type=MediaType.HTML)
    telling = request.scope["state"].get(TOLD_STATE)
    response.headers["cache-control"] = "no-store, no-transform" if telling else "no-store"
    response.headers["vary"] = "HX-Request, Cookie, Accept-Language"
    _keep_cookies(request, response, shell)
    return response


def panels_beside(request: AnyRequest, kind: str, subject: object) -> dict[str, Any]:
    """Return what modules show beside the timeline of a `customer` or an `account`, as variables of its page.

    `beside`: place -> (template, facts) in order; the template sees its facts as `panel`. `beside_styles`: style sheets.
    """
    beside: dict[str, list[tuple[str, Mapping[str, Any]]]] = {"head": [], "who": [], "now": []}
    styles: dict[str, None] = {}
    for one in runtime_of(request).service(PageMaker).subject_panels:
        facts = one.facts(request, subject) if one.subject == kind else None
        if facts is not None:
            beside[one.place].append((one.template, facts))
            if one.style:
                styles[one.style] = None
    return {"beside": beside, "beside_styles": list(styles)}


def redirect(path: str, *, flash: str = "", status: int = 303) -> Redirect:
    """Send the reader to another page after a form; `flash` (a `marked` string) is told there once."""
    answer = Redirect(path, status_code=status)  # type: ignore[arg-type]
    if flash:
        # Headers are Latin-1; the text is English and is translated where it is shown.
        answer.cookies.append(make_cookie(FLASH_COOKIE, flash.encode().hex(), seconds=60))
    return answer


def error_text(request: AnyRequest, problem: StammgastError) -> str:
    """Return what a refusal says in the reader's language."""
    return shell_of(request).translator.error(problem)


def translate(request: AnyRequest, text: str) -> str:
    """Return a `marked` string in the reader's language."""
    return shell_of(request).translator.gettext(text)


def secure_cookies(runtime: Runtime) -> bool:
    """Say whether cookies may only travel over TLS: when people reach us by https."""
    return runtime.settings.base_url.startswith("https://")


def _csrf(request: AnyRequest) -> str:
    person = request.scope.get("user")
    if isinstance(person, Person):
        return mask_token(person.csrf)
    visit = request.cookies.get(VISIT_COOKIE) or secrets.token_hex(20)
    request.scope["state"]["visit"] = visit
    return mask_token(csrf_of(visit))


def _keep_cookies(request: AnyRequest, response: Response[str], shell: Shell) -> None:
    secure = secure_cookies(runtime_of(request))
    visit = request.scope["state"].get("visit")
    if visit and request.cookies.get(VISIT_COOKIE) != visit:
        response.set_cookie(make_cookie(VISIT_COOKIE, visit, seconds=86_400, secure=secure))
    if FLASH_COOKIE in request.cookies and not shell.is_fragment:
        response.set_cookie(make_cookie(FLASH_COOKIE, "", seconds=0, secure=secure))
    if BRAND_PARAMETER in request.query_params and shell.person:
        response.set_cookie(make_cookie(BRAND_COOKIE, str(shell.brand or 0), seconds=YEAR_SECONDS, secure=secure))


def make_cookie(name: str, value: str, *, seconds: int, secure: bool = False, path: str = "/") -> Cookie:
    """Return a cookie that scripts can't read and other sites can't send along with a form."""
    return Cookie(name, value=value, path=path, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _flash_text(request: AnyRequest, shell: Shell) -> str:
    hidden = request.cookies.get(FLASH_COOKIE, "")
    if not hidden or shell.is_fragment:
        return ""
    try:
        text = bytes.fromhex(hidden).decode()
    except ValueError:
        return ""
    return shell.translator.gettext(text)
