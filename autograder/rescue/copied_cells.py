"""Cells that were copied, marks and all."""

from __future__ import annotations

from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum

from .marks import grade_id
from .repairs import note


class CopiedCells(NbGraderPreprocessor):
    """Of cells with one name keep the last that the learner changed, else the last; the others become plain cells.

    A copy of a cell carries its name with it. The learner's answer may stand in the original or in the copy, and the
    other of the two is often left as it was handed out.
    """

    def preprocess(self, nb, resources):
        chosen = {}
        for index, cell in enumerate(nb.cells):
            name = grade_id(cell)
            if name and (name not in chosen or _is_changed(cell) or not _is_changed(nb.cells[chosen[name]])):
                chosen[name] = index
        for index, cell in enumerate(nb.cells):
            if (name := grade_id(cell)) and chosen[name] != index:
                note(nb, "CopiedCells", f"The cell '{name}' was there more than once; one of them is graded.", name)
                del cell.metadata["nbgrader"]
        return nb, resources


def _is_changed(cell) -> bool:
    return compute_checksum(cell) != cell.metadata.nbgrader.get("checksum")
