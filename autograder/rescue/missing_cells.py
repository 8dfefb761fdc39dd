"""Tests that were deleted."""

from __future__ import annotations

from .marks import Released, grade_id, new_cell
from .repairs import note


class MissingCells(Released):
    """A deleted tests cell is put back at the end, where everything that the learner defined is known."""

    def put_right(self, nb, released):
        present = {grade_id(cell) for cell in nb.cells}
        for name, (metadata, text) in released.items():
            if name not in present and metadata["grade"]:
                note(nb, "MissingCells", f"The cell '{name}' was deleted and is put back at the end.", name)
                nb.cells.append(new_cell(metadata["cell_type"], text, {"nbgrader": dict(metadata)}))
        return nb
