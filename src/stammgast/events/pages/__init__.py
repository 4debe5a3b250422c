"""Pages of the events module: quarantine and what is set aside, event rules and channel rules."""

from __future__ import annotations

from stammgast.events.pages import catalogue, channels, quarantine, schemas, set_aside

ROUTES = (*catalogue.ROUTES, *channels.ROUTES, *quarantine.ROUTES, *schemas.ROUTES, *set_aside.ROUTES)
