"""Coming in: the one-time link, the log-in, and how a person likes the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.datastructures import Cookie

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import LANGUAGES
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Theme
from stammgast.web.cookies import LANGUAGE_COOKIE, SESSION_COOKIE, THEME_COOKIE
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import anybody, person_of, person_or_none, requires
from stammgast.web.pages import redirect, render, runtime_of, secure_cookies
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api
from stammgast.workspace.company import known_zones
from stammgast.workspace.contracts import LinkSpent, User

YEAR_SECONDS = 31_536_000
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")


@get("/login", guards=[anybody()], sync_to_thread=True)
def show_login(request: AnyRequest) -> Response[Any]:
    """Show the log-in; before anybody can log in, say where the first link is."""
    if person_or_none(request):
        return redirect("/")
    if not api.has_people(runtime_of(request)):
        return _nobody_page(request)
    return render(request, "workspace/login.html", form=Form(), next=_local(request.query_params.get("next") or "/"))


@post("/login", guards=[anybody()], status_code=200, sync_to_thread=True)
def log_in(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Log in, and go where the person wanted to."""
    target = _local(form.text("next", "/"))
    try:
        secret = api.log_in(runtime_of(request), form.text("email"), form.secret("password"))
    except StammgastError as problem:
        refused = form.refused(problem)
        return render(request, "workspace/login.html", status=problem.status, form=refused, next=target)
    return _entered(request, secret, target)


@post("/logout", guards=[anybody()], status_code=303, sync_to_thread=True)
def log_out(request: AnyRequest) -> Response[Any]:
    """End this log-in."""
    api.log_out(runtime_of(request), request.cookies.get(SESSION_COOKIE, ""))
    answer = redirect("/login")
    answer.delete_cookie(SESSION_COOKIE)
    return answer


@get("/setup", guards=[anybody()], sync_to_thread=True)
def show_setup(request: AnyRequest) -> Response[Any]:
    """Show what a one-time link opens: the making of the first administrator, or the choice of a password."""
    link = request.query_params.get("link") or ""
    if not link and not api.has_people(runtime_of(request)):
        return _nobody_page(request)
    return _setup_page(request, link, Form(), api.person_of_link(runtime_of(request), link))


@post("/setup", guards=[anybody()], status_code=200, sync_to_thread=True)
def use_link(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make the first administrator, or set the invited person's password, and let them in."""
    runtime, link = runtime_of(request), form.text("link")
    invited = api.person_of_link(runtime, link)
    try:
        made = _use_link(request, form, link, invited)
    except LinkSpent:
        raise
    except StammgastError as problem:
        return _setup_page(request, link, form.refused(problem), invited, status=problem.status)
    return _entered(request, api.begin_session(runtime, made.id), "/")


def _use_link(request: AnyRequest, form: Form, link: str, invited: User | None) -> User:
    runtime, password = runtime_of(request), form.secret("password")
    if invited is not None:
        return api.use_entry_link(runtime, link, password=password)
    made = api.use_setup_link(runtime, link, email=form.text("email"), name=form.text("name"), password=password)
    if form.text("company"):
        known = api.company(runtime)
        api.change_company(
            runtime,
            api.actor_of(made),
            name=form.text("company"),
            zone=form.text("zone") or known.zone,
            first_weekday=known.first_weekday,
            currency=known.currency,
        )
    return made


@post("/preferences", guards=[anybody()], status_code=303, sync_to_thread=True)
def keep_preferences(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Change language or colours from the bar on top, for a person or for this browser."""
    person = person_or_none(request)
    language, theme = form.text("language"), form.text("theme")
    answer = redirect(_local(form.text("next", "/")))
    if person and person.kind == "user":
        api.change_preferences(
            runtime_of(request),
            person.id,
            language=language or person.language,
            theme=_theme(theme or person.theme),
            zone=person.zone,
        )
    if language in LANGUAGES:
        answer.set_cookie(_kept(request, LANGUAGE_COOKIE, language))
    if theme:
        answer.set_cookie(_kept(request, THEME_COOKIE, _theme(theme)))
    return answer


@get("/me", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def show_me(request: AnyRequest) -> Response[str]:
    """Show the person's own settings."""
    return _me_page(request, Form())


@post("/me", guards=[requires("viewer", bound="same")], status_code=200, sync_to_thread=True)
def change_me(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep the person's own settings, or the new password."""
    person = person_of(request)
    try:
        if form.text("what") == "password":
            old, new = form.secret("old_password"), form.secret("password")
            api.change_password(runtime_of(request), person.id, old=old, new=new)
            secret = api.begin_session(runtime_of(request), person.id)
            return _entered(request, secret, "/me", flash=_("Your password is changed. Other log-ins have ended."))
        api.change_preferences(
            runtime_of(request),
            person.id,
            language=form.text("language"),
            theme=_theme(form.text("theme")),
            zone=form.text("zone"),
        )
    except StammgastError as problem:
        return _me_page(request, form.refused(problem), status=problem.status)
    return redirect("/me", flash=_("Saved."))


def _me_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    return render(request, "workspace/me.html", status=status, form=form, zones=known_zones())


def _nobody_page(request: AnyRequest) -> Response[str]:
    command = runtime_of(request).settings.command("user link")
    return render(request, "workspace/no_people.html", command=command)


def _setup_page(request: AnyRequest, link: str, form: Form, invited: User | None, status: int = 200) -> Response[Any]:
    zones = known_zones()
    return render(request, "workspace/setup.html", status=status, link=link, form=form, invited=invited, zones=zones)


def _entered(request: AnyRequest, secret: str, target: str, flash: str = "") -> Response[Any]:
    answer = redirect(target, flash=flash)
    seconds = runtime_of(request).settings.session_hours * 3600
    answer.set_cookie(_kept(request, SESSION_COOKIE, secret, seconds=seconds))
    return answer


def _kept(request: AnyRequest, name: str, value: str, seconds: int = YEAR_SECONDS) -> Cookie:
    secure = secure_cookies(runtime_of(request))
    return Cookie(name, value=value, path="/", max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _theme(text: str) -> Theme:
    return next((one for one in THEMES if one == text), "auto")


def _local(target: str) -> str:
    """Return a path of ours; anything that leads elsewhere becomes the start page."""
    parts = urlsplit(target)
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if is_ours else "/"


ROUTES = (show_login, log_in, log_out, show_setup, use_link, keep_preferences, show_me, change_me)
