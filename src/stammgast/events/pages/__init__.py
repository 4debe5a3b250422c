"""Pages of the events module: import, channel rules and the demo shop."""

from __future__ import annotations

from stammgast.events.demo import shop
from stammgast.events.pages import channels, imports

ROUTES = (*imports.ROUTES, *channels.ROUTES, *shop.ROUTES)
