from __future__ import annotations

from pathlib import Path

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Manifest, NavigationEntry, Task
from stammgast.web.contracts import Household
from stammgast.workspace import api
from stammgast.workspace.commands import COMMANDS
from stammgast.workspace.http import CONTROLLERS
from stammgast.workspace.pages import ROUTES
from stammgast.workspace.people_http import CONTROLLERS as PEOPLE_CONTROLLERS

MANIFEST = Manifest(
    name="workspace",
    folder=Path(__file__).parent,
    routes=(*ROUTES, *CONTROLLERS, *PEOPLE_CONTROLLERS),
    navigation=(
        NavigationEntry("home", _("Home"), "/", "home", order=0),
        NavigationEntry("connect", _("Sources"), "/connect/sources", "source", order=10),
        NavigationEntry("settings", _("Company"), "/settings/company", "settings", order=10),
        NavigationEntry("settings", _("Brands"), "/settings/brands", "brand", order=20),
        NavigationEntry("settings", _("Staff traffic"), "/settings/staff", "staff", order=30),
        NavigationEntry("settings", _("People and roles"), "/settings/people", "customers", order=40),
        NavigationEntry("settings", _("Teams"), "/settings/teams", "customers", order=45),
        NavigationEntry("settings", _("API tokens"), "/settings/tokens", "key", order=50),
        NavigationEntry("settings", _("Audit log"), "/settings/audit", "audit", order=60),
        NavigationEntry("settings", _("Management API"), "/api", "api", order=70),
        NavigationEntry("settings", _("About"), "/settings/about", "info", order=80),
    ),
    commands=COMMANDS,
    services={Household: api.household},
    tasks=(
        Task("workspace.token_use", "web", 60, api.write_token_use),
        Task("workspace.sweep", "web", 3600, api.sweep),
    ),
)
