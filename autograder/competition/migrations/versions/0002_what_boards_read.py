"""An index that holds what boards read of entries"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("ix_entries_ranked", "entries",
                    ["competition", "team_id", "at", "state", "improved", "shown", "public", "private", "final"])


def downgrade() -> None:
    op.drop_index("ix_entries_ranked", "entries")
