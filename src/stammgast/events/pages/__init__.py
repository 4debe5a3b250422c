"""Pages of the events module: import and channel rules."""

from __future__ import annotations

from stammgast.events.pages import channels, imports

ROUTES = (*imports.ROUTES, *channels.ROUTES)
