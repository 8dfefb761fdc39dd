"""Cells whose type was changed."""

from __future__ import annotations

from .marks import Released, grade_id, new_cell
from .repairs import note


class ChangedTypes(Released):
    """A code cell that was turned into Markdown or raw text is code again, and the other way round."""

    def put_right(self, nb, released):
        for index, cell in enumerate(nb.cells):
            if (name := grade_id(cell)) and cell.cell_type != (wanted := released[name][0]["cell_type"]):
                note(nb, "ChangedTypes", f"The cell '{name}' had become {cell.cell_type} and is {wanted} again.", name)
                nb.cells[index] = new_cell(wanted, cell.source, cell.metadata, cell.get("id"))
        return nb
