"""Judge one notebook: its cells run behind the wall, its questions are judged here."""

from __future__ import annotations

import ast
import time
from datetime import UTC, datetime

from nbformat import NotebookNode, from_dict
from nbgrader.utils import is_grade, is_solution

from ..sandbox.session import Ran, Session
from .needed import learners_own, needed
from .questions import ENDS, Judge, without_hidden
from .record import note
from .warmth import Warmth

#: Verdicts that stand without the rest of the notebook; any other may come from a cell that was not run.
SETTLED = ("right", "partial", "mistake", "course answer")


def judge_notebook(nb: NotebookNode, *, learner: str, salt: str, release: NotebookNode | None = None, run: str = "needed",
                   warmth: Warmth | None = None, files: dict[str, bytes] | None = None) -> NotebookNode:
    """Run and judge a sanitised notebook, in place.

    Parameters
    ----------
    nb : with nbgrader's metadata and the author's tests cells
    learner, salt : whose and which numbers the checks draw
    release : the notebook as it was handed out; its imports are the author's, and tests may use them
    run : ``all`` cells, or those that are ``needed`` for the questions (and all of the learner's own if that was not enough)
    warmth : where warm processes come from; the process-wide one if None
    files : what was handed in beside the notebook

    Raises
    ------
    SandboxError : the sandbox itself does not work
    """
    warmth = warmth or Warmth.shared()
    imports = author_imports(release) if release is not None else []
    answers = {cell.metadata.nbgrader["grade_id"] for cell in nb.cells if is_solution(cell)}
    began, judged = time.monotonic(), {}
    for cell in nb.cells:
        cell.metadata.pop("dla", None)  # what a learner put there is no verdict
    code = {n for n, cell in enumerate(nb.cells) if cell.cell_type == "code"}
    for cells in _rounds(nb, release, code) if run == "needed" else [code]:
        with Session(lambda: warmth.get(imports), files) as session:
            judged, crashes = run_cells(nb, cells, Judge(session, learner, salt, imports, answers), session)
        if all(verdict.status in SETTLED for verdict in judged.values()) and not crashes:
            break
    for n in code - cells:
        nb.cells[n].outputs, nb.cells[n].execution_count = [_not_run()], None
    for n in judged:
        nb.cells[n].source = without_hidden(nb.cells[n].source)
    note(nb, walls=warmth.wall.name, seconds=round(time.monotonic() - began, 2), cpu_seconds=round(session.cpu, 2),
         peak_mb=round(session.peak / 1e6), crashes=crashes, run=f"{len(cells)} of {len(code)} cells",
         at=datetime.now(UTC).isoformat(timespec="seconds"))
    return nb


def _rounds(nb: NotebookNode, release: NotebookNode | None, code: set[int]) -> list[set[int]]:
    """The cells to run first, and those to run if verdicts are open then."""
    first = needed(nb)
    second = code if release is None else needed(nb, learners_own(nb, release) & code)
    return [first] if second == first else [first, second]


def run_cells(nb: NotebookNode, cells: set[int], judge: Judge, session: Session) -> tuple[dict, list[str]]:
    """Run `cells` in order and judge the questions among them: index -> verdict, and the cells that ended the process."""
    judged, crashes = {}, []
    for n in sorted(cells):
        cell = nb.cells[n]
        if is_grade(cell) and not is_solution(cell):
            judged[n] = judge.judge(cell).verdict
            continue
        ran = session.run(cell.source) if cell.source.strip() else Ran("ok")
        cell.outputs, cell.execution_count = [_output(output) for output in ran.outputs], None
        name = (cell.metadata.get("nbgrader") or {}).get("grade_id")
        judge.remember(name, ran.status, ran.error)
        if ran.status not in ("ok", "error"):
            crashes.append(cell.get("id") or name)
            cell.outputs.append(_stopped(ran.status))
    return judged, crashes


def author_imports(nb: NotebookNode) -> list[str]:
    """The import statements of a notebook, in order."""
    found = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            try:
                tree = ast.parse("\n".join(line for line in cell.source.split("\n") if not line.lstrip().startswith(("%", "!"))))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            found += [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return list(dict.fromkeys(found))


def _output(output: dict) -> NotebookNode:
    output.pop("_id", None)
    output.pop("display_id", None)
    return from_dict(output)


def _not_run() -> NotebookNode:
    return from_dict({"output_type": "stream", "name": "stdout", "text": "(not run in grading: no question needs it)\n"})


def _stopped(status: str) -> NotebookNode:
    return from_dict({"output_type": "error", "ename": "Stopped", "evalue": status, "traceback": [f"Stopped. {ENDS[status][1]}"]})
