"""Alembic's way into the database that :class:`autograder.competition.store.Store` has opened."""

from alembic import context

from autograder.competition.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
