"""A small installation with the shell and the workspace only, filled with a few things, served on a port.

python tests/web/small_house.py DATA PORT
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from litestar.testing import TestClient

from stammgast.kernel.history import open_history
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import load_settings
from stammgast.kernel.state import open_state
from stammgast.web.app import make_app
from stammgast.web.cookies import SESSION_COOKIE
from stammgast.web.manifest import MANIFEST as WEB
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.manifest import MANIFEST as WORKSPACE

BY = Actor("command", 0, "tests")
PASSWORD = "a calm evening at the inn"
EMAIL = "alice@inn.test"


def open_house(data: Path, *more, **given) -> Runtime:
    settings = load_settings({}, data=data, **given)
    control = open_state(settings, "control")
    manifests = (WEB, WORKSPACE, *more)
    control.migrate([folder for one in manifests if (folder := one.subfolder("migrations", "control"))])
    return Runtime(settings, manifests, control, open_state(settings, "customers"), open_history(settings), "web")


def furnish(runtime: Runtime) -> None:
    api.create_user(runtime, BY, email=EMAIL, name="Alice Wirtin", role="administrator", password=PASSWORD)
    api.create_user(runtime, BY, email="bob@inn.test", name="Bob Kellner", role="agent")
    api.change_company(runtime, BY, name="Gasthof Löwe", zone="Europe/Berlin", first_weekday=0, currency="EUR")
    brand = api.create_brand(runtime, BY, "Löwe Catering")
    api.create_source(runtime, BY, "Onlineshop", kind="browser", allowed_origins=["https://shop.example"])
    api.create_source(runtime, BY, "Kassensystem Filiale Schwabing und Maxvorstadt", brand=brand.id, rate_limit=500)
    api.add_staff_rule(runtime, BY, "email_domain", "inn.example")
    api.create_token(runtime, BY, "Kassenabgleich", "analyst")


def csrf_in(answer):
    """Return the form token of a page."""
    return re.search(r'name="csrf" content="(\w+)"', answer.text).group(1)


class Visitor:
    """A browser without scripts: keeps cookies and fills in forms as pages give them."""

    def __init__(self, app, language="en"):
        self.client = TestClient(app, base_url="http://inn.example")
        self.client.headers["Accept-Language"] = language

    def get(self, path, **headers):
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path, form, page="/login", **headers):
        fields = {"_csrf": csrf_in(self.client.get(page)), **form}
        return self.client.post(path, data=fields, headers=headers, follow_redirects=False)

    def enter(self, runtime, email):
        """Be logged in, without the tenth of a second that a password takes."""
        found = api.user_by_email(runtime, email)
        self.client.cookies.set(SESSION_COOKIE, api.begin_session(runtime, found.id), domain="inn.example")
        return self

    def log_in(self, email, password=PASSWORD):
        answer = self.post("/login", {"email": email, "password": password})
        assert answer.status_code == 303, answer.text
        return self


async def serve(data: Path, port: int) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    runtime = open_house(data, port=port)
    if not api.has_people(runtime):
        furnish(runtime)
    await Server(make_app(runtime), address="127.0.0.1", port=port, interface=Interfaces.ASGI).serve()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
