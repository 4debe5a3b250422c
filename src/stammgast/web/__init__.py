"""The shell of every page: application, templates, components, sessions, CSRF, charts and static files."""
