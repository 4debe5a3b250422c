"""The pages of what leaves the house."""

from __future__ import annotations

from stammgast.outgoing.pages import deliveries, subscription, targets

ROUTES = (*targets.ROUTES, *deliveries.ROUTES, *subscription.ROUTES)
