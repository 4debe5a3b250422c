"""The workspace's pages: coming in, home, sources, settings."""

from __future__ import annotations

from stammgast.workspace.pages import company, entry, home, people, sources, tokens

ROUTES = (*entry.ROUTES, *home.ROUTES, *sources.ROUTES, *company.ROUTES, *people.ROUTES, *tokens.ROUTES)
