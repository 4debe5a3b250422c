"""The demo: an installation that nobody uses yet gets a person to log in as."""

from __future__ import annotations

from stammgast.kernel.ids import new_secret
from stammgast.kernel.processes.run_dir import read_small, write_small
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import create_user, has_people
from stammgast.workspace.contracts import Actor

EMAIL = "alice@demo.example.com"
TOLD = "demo.login"
BY = Actor("command", 0, "up --demo")


def demo_login(runtime: Runtime) -> str | None:
    """Return how to log in to the demo, making its person where nobody can log in yet; None in a real installation.

    The password is made once and kept beside the other secrets of the run folder.
    """
    told = runtime.settings.run_dir / TOLD
    login = read_small(told)
    if login is None and not has_people(runtime):
        password = new_secret("")[:16]
        create_user(runtime, BY, email=EMAIL, name="Alice Demo", role="administrator", password=password)
        login = f"Log in as {EMAIL} with the password {password}"
        write_small(told, login + "\n", mode=0o600)
    return login
