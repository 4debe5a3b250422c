"""Alembic's environment; the revisions themselves lie in each module's own `migrations` folder."""
