"""Put a submission right before it is graded: one small step per class, each for one thing that learners really do.

Without these steps a copied cell stops nbgrader's whole batch, and a cell pasted from another lesson loses a learner
all points. A step changes marks and types, never what the learner wrote. `nbgrader_config.py` says in which order.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum
from traitlets import Integer

from dla_widgets.verdict import MIME


def grade_id(cell) -> str | None:
    """nbgrader's name of `cell`; None if it has none."""
    return (cell.metadata.get("nbgrader") or {}).get("grade_id")


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
                self.log.warning("Cell '%s' is there more than once; one of them is graded", name)
                del cell.metadata["nbgrader"]
        return nb, resources


def _is_changed(cell) -> bool:
    return compute_checksum(cell) != cell.metadata.nbgrader.get("checksum")


class _Released(NbGraderPreprocessor):
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


class ForeignCells(_Released):
    """A cell pasted from another lesson, or with damaged marks, becomes a plain cell."""

    def put_right(self, nb, released):
        for cell in nb.cells:
            if "nbgrader" in cell.metadata and grade_id(cell) not in released:
                self.log.warning("Cell '%s' is not of this notebook and is not graded", grade_id(cell))
                del cell.metadata["nbgrader"]
        return nb


class ChangedTypes(_Released):
    """A code cell that was turned into Markdown or raw text is code again, and the other way round."""

    def put_right(self, nb, released):
        for index, cell in enumerate(nb.cells):
            if (name := grade_id(cell)) and cell.cell_type != (wanted := released[name][0]["cell_type"]):
                self.log.warning("Cell '%s' was %s and is %s again", name, cell.cell_type, wanted)
                nb.cells[index] = _cell(wanted, cell.source, cell.metadata, cell.get("id"))
        return nb


def _cell(kind: str, text: str, metadata: dict, id_: str | None = None):
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(text, metadata=metadata, **({"id": id_} if id_ else {}))


class ChangedMetadata(_Released):
    """Points, locks and switches are again those that were handed out, whatever an editor or a learner made of them."""

    def put_right(self, nb, released):
        for cell in nb.cells:
            if name := grade_id(cell):
                cell.metadata["nbgrader"] = dict(released[name][0])
        return nb


class MissingCells(_Released):
    """A deleted tests cell is put back at the end, where everything that the learner defined is known."""

    def put_right(self, nb, released):
        present = {grade_id(cell) for cell in nb.cells}
        for name, (metadata, text) in released.items():
            if name not in present and metadata["grade"]:
                self.log.warning("Cell '%s' was deleted; it is put back at the end", name)
                nb.cells.append(_cell(metadata["cell_type"], text, {"nbgrader": dict(metadata)}))
        return nb


def _matters(output) -> bool:
    """Whether the points hang on this output."""
    return output.output_type in ("error", "execute_result") or MIME in output.get("data", {})


class HugeOutputs(NbGraderPreprocessor):
    """Cut what a cell put out down to a size that a feedback page can show; the verdict of a check is always kept."""

    most_characters = Integer(20_000, help="of text per output").tag(config=True)
    most_bytes = Integer(2_000_000, help="of one picture or page per output").tag(config=True)
    most_outputs = Integer(50, help="per cell").tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            cell.outputs = [self._cut(output) for n, output in enumerate(cell.outputs)
                            if n < self.most_outputs or _matters(output)]
        return cell, resources

    def _cut(self, output):
        if output.output_type == "stream":
            output.text = self._shortened(output.text)
        elif output.output_type == "error":
            output.evalue = self._shortened(output.evalue)
            output.traceback = [self._shortened(line) for line in output.traceback]
        else:
            for kind, data in output.data.items():
                if len(str(data)) > self.most_bytes and kind != MIME:
                    output.data[kind] = f"(an output of {len(str(data)):,} characters was left out)"
            if "text/plain" in output.data:
                output.data["text/plain"] = self._shortened(output.data["text/plain"])
        return output

    def _shortened(self, text: str) -> str:
        if len(text) <= self.most_characters:
            return text
        half = self.most_characters // 2
        return f"{text[:half]}\n... {len(text) - 2 * half:,} characters left out ...\n{text[-half:]}"


def fill_gaps(assignment: str, student: str, notebooks: list[str]) -> None:
    """After a submission is graded, put a page in the place of each lesson that was not handed in.

    The gradebook has 0 points for such a lesson, but Formgrader answers with a server error where its graded notebook
    should be. nbgrader calls this in the course folder; `student` may be its pattern ``*``, so the folder that the
    `notebooks` are in says who.
    """
    graded = Path("autograded") / Path(notebooks[0]).parts[-3] / assignment
    for released in sorted((Path("release") / assignment).glob("*.ipynb")):
        if not (target := graded / released.name).exists():
            page = new_notebook(cells=[new_markdown_cell(f"# {released.stem}\n\nThis lesson was not handed in.")])
            nbformat.write(page, target)
