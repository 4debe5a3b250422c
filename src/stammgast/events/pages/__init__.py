"""Pages of the events module: import, quarantine, event rules, channel rules and the demo shop."""

from __future__ import annotations

from stammgast.events.demo import shop
from stammgast.events.pages import channels, imports, quarantine, schemas

ROUTES = (*imports.ROUTES, *channels.ROUTES, *quarantine.ROUTES, *schemas.ROUTES, *shop.ROUTES)
