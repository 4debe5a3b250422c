"""The pages of what leaves the house."""

from __future__ import annotations

from stammgast.outgoing.pages import subscription

ROUTES = subscription.ROUTES
