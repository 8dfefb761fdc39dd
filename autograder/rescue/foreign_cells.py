"""Cells pasted from another lesson."""

from __future__ import annotations

from .marks import Released, grade_id
from .repairs import note


class ForeignCells(Released):
    """A cell pasted from another lesson, or with damaged marks, becomes a plain cell."""

    def put_right(self, nb, released):
        for cell in nb.cells:
            if "nbgrader" in cell.metadata and grade_id(cell) not in released:
                note(nb, "ForeignCells", f"A cell '{str(grade_id(cell))[:80]}' is not of this notebook and is not graded.")
                del cell.metadata["nbgrader"]
        return nb
