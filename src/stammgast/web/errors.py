"""Refusals at the edge: problem details (RFC 9457) for programs, sentences that help for people."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.response import Redirect

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.guards import LoginNeeded, NotForBound
from stammgast.web.pages import error_text, render, runtime_of
from stammgast.web.shell import AnyRequest, is_fragment

LOG = logging.getLogger("stammgast.web")
API = "/api"
SERVER_ERRORS = 500


class PageNotFound(StammgastError):
    """There is nothing at this address. It may have been moved, or the link is not whole."""

    status = 404
    code = "not_found"


class WrongRequest(StammgastError):
    """The request can't be read: {detail}."""


class NumberTooLarge(StammgastError):
    """The request holds a number or a text that no store can keep: a number beyond 64 bits, or a NUL character."""

    code = "not_storable"


class OwnFailure(StammgastError):
    """Something failed on our side. Nothing was changed. Try again; if it stays, the log of the web process says more."""

    status = 500
    code = "internal"
    retry = True


class Problem(msgspec.Struct, omit_defaults=True):
    """What the API answers to a refused request (RFC 9457, media type application/problem+json)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str = ""
    errors: list[dict[str, Any]] = []


def answer_refusal(request: AnyRequest, problem: StammgastError) -> Response[Any]:
    """Answer a refusal in the form that fits who asks: problem details, a sentence for htmx, or a page."""
    if is_api(request):
        return _as_problem(problem)
    if isinstance(problem, LoginNeeded):
        return _to_login(request)
    if is_fragment(request):
        return Response(error_text(request, problem), status_code=problem.status, media_type=MediaType.TEXT)
    return render(request, "web/error.html", status=problem.status, problem=problem, title=_title(problem))


def answer_http_exception(request: AnyRequest, problem: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses: unknown addresses, wrong methods, bodies that do not fit."""
    if isinstance(problem, NotFoundException):
        return answer_refusal(request, PageNotFound())
    if problem.status_code >= SERVER_ERRORS:
        return answer_failure(request, problem)
    refusal = WrongRequest(detail=problem.detail.rstrip("."))
    if is_api(request):
        extra = problem.extra if isinstance(problem, ValidationException) and isinstance(problem.extra, list) else []
        return _as_problem(refusal, status=problem.status_code, errors=extra)
    answer = answer_refusal(request, refusal)
    answer.status_code = problem.status_code
    return answer


def answer_failure(request: AnyRequest, problem: Exception) -> Response[Any]:
    """Answer a bug: log it with its trace, tell nothing of the inside."""
    # The path, without the query: it may hold what somebody searched for.
    LOG.error("request failed", exc_info=problem, extra={"method": request.method, "path": request.url.path})
    return answer_refusal(request, OwnFailure())


def answer_overflow(request: AnyRequest, problem: Exception) -> Response[Any]:
    """Answer what a database could not even be asked: what it was given came from whoever asks."""
    LOG.warning("request not storable", exc_info=problem, extra={"method": request.method, "path": request.url.path})
    return answer_refusal(request, NumberTooLarge())


def is_api(request: AnyRequest) -> bool:
    """Say whether a program asks."""
    path = request.url.path
    return path.startswith(API + "/") and "text/html" not in request.headers.get("accept", "")


def _as_problem(
    problem: StammgastError, *, status: int | None = None, errors: list[dict[str, Any]] | None = None
) -> Response[Any]:
    status = status or problem.status
    content = Problem(
        type=f"urn:stammgast:problem:{problem.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=problem.message,
        code=problem.code,
        field=str(problem.facts.get("field", "")),
        errors=errors or [],
    )
    headers = {"www-authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["retry-after"] = str(problem.facts.get("seconds", 5))
    body = msgspec.json.encode(content)
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def _to_login(request: AnyRequest) -> Response[Any]:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = (
        f"/login?next={quote(here, safe='/')}" if request.method == "GET" and not is_fragment(request) else "/login"
    )
    if is_fragment(request):
        return Response("", status_code=401, headers={"hx-redirect": "/login"}, media_type=MediaType.TEXT)
    return Redirect(target, status_code=303)


def _title(problem: StammgastError) -> str:
    if isinstance(problem, NotForBound):
        return _("Only for all brands together")
    titles = {
        403: _("Not for your role"),
        404: _("Nothing here"),
        410: _("Link no longer valid"),
        429: _("A little too fast"),
        500: _("This did not work"),
        503: _("Not available right now"),
    }
    return titles.get(problem.status, _("This could not be done"))


__all__ = ["Problem", "answer_failure", "answer_http_exception", "answer_refusal", "runtime_of"]
