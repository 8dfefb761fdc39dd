"""nbgrader's marks on cells, and what was handed out."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor


def grade_id(cell) -> str | None:
    """nbgrader's name of `cell`; None if it has none."""
    return (cell.metadata.get("nbgrader") or {}).get("grade_id")


class Released(NbGraderPreprocessor):
    """A step that needs to know what was handed out: the cells of this notebook in the gradebook."""

    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
            solutions = {cell.name for cell in notebook.solution_cells}
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
            released = {}
            for cell in notebook.source_cells:
                metadata = {"schema_version": 3, "task": False, "grade_id": cell.name, "locked": cell.locked,
                            "grade": cell.name in points, "solution": cell.name in solutions,
                            "cell_type": cell.cell_type, "checksum": cell.checksum}
                if cell.name in points:
                    metadata["points"] = points[cell.name]
                released[cell.name] = (metadata, cell.source)
        return self.put_right(nb, released), resources

    def put_right(self, nb, released: dict[str, tuple[dict, str]]):
        """`nb` after this step; `released` is name -> (metadata, text) of the cells that were handed out."""
        raise NotImplementedError


def new_cell(kind: str, text: str, metadata: dict, id_: str | None = None):
    """A cell of this kind."""
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(text, metadata=metadata, **({"id": id_} if id_ else {}))
