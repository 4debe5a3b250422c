"""Run the revisions over the connection that `State.migrate` hands in."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
# SQLite takes no part of DDL back by itself, so each revision is one transaction of its own.
context.configure(connection=connection, transaction_per_migration=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
