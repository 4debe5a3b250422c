"""What is told once (a new key, a one-time link): made by a form, shown on the page that the form leads to.

It travels sealed in a cookie of that page alone, so that no store ever holds it, a reload neither makes another one nor
loses it, and whoever logs in after on the same device can't read it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import msgspec
from litestar.response import Redirect

from stammgast.kernel import clock
from stammgast.kernel.sealing import Sealer, WrongSealingKey, open_sealer
from stammgast.web.guards import person_of
from stammgast.web.pages import TOLD_STATE, make_cookie, redirect, runtime_of, secure_cookies
from stammgast.web.shell import AnyRequest

TOLD_COOKIE = "sg_told"
TOLD_SECONDS = 600
"""How long the page goes on showing it."""


class _Told(msgspec.Struct, array_like=True):
    secret: str
    path: str
    ends_at: int


def telling(request: AnyRequest) -> Callable[..., Redirect]:
    """Return `tell(path, secret, flash="")`, the answer that leads to the page `path`, which asks `told_here`.

    Call it before the secret is made: it opens the sealing key, and raises UnreadableSealingKey while nothing is lost.
    """
    sealer, purpose = _sealer(request), _purpose(request)

    def tell(path: str, secret: str, flash: str = "") -> Redirect:
        told = _Told(secret, path, clock.now_millis() + TOLD_SECONDS * 1000)
        text = base64.urlsafe_b64encode(sealer.seal(msgspec.json.encode(told), purpose)).decode()
        answer = redirect(path, flash=flash)
        secure = secure_cookies(runtime_of(request))
        answer.cookies.append(make_cookie(TOLD_COOKIE, text, seconds=TOLD_SECONDS, secure=secure, path=path))
        return answer

    return tell


def told_here(request: AnyRequest) -> str:
    """Return what was told to this person on this page in the last ten minutes, else nothing.

    The page is then sent so that nobody compresses it: what it reflects must not betray the secret by its length.
    """
    sealed = request.cookies.get(TOLD_COOKIE)
    if not sealed:
        return ""
    try:
        plain = _sealer(request).unseal(base64.urlsafe_b64decode(sealed), _purpose(request))
        told = msgspec.json.decode(plain, type=_Told)
    except (binascii.Error, ValueError, WrongSealingKey, msgspec.DecodeError):
        return ""
    if told.path != request.url.path or told.ends_at <= clock.now_millis():
        return ""
    request.scope["state"][TOLD_STATE] = True
    return told.secret


def _sealer(request: AnyRequest) -> Sealer:
    return open_sealer(runtime_of(request).settings)


def _purpose(request: AnyRequest) -> str:
    person = person_of(request)
    return f"told once to {person.kind} {person.id}"
