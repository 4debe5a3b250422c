"""Pages of the events module: quarantine, event rules and channel rules."""

from __future__ import annotations

from stammgast.events.pages import catalogue, channels, quarantine, schemas

ROUTES = (*catalogue.ROUTES, *channels.ROUTES, *quarantine.ROUTES, *schemas.ROUTES)
