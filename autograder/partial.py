"""Grading with nbgrader: run a submission as its learner, and turn the checks' verdicts into points.

nbgrader gives all points to a cell without an error, none to a cell with one, and some to a cell whose *result* is a
number. A check that is partly right shows its verdict and raises, so the verdict is read here and made a number.
"""

from __future__ import annotations

import os
from pathlib import Path

from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution, setenv
from traitlets import Unicode

from dla_widgets.verdict import MIME

from . import canary


class ExecuteAsLearner(Execute):
    """nbgrader's Execute, with the learner's name and the grading salt in the kernel's environment, and canaries.

    Name and salt go into the seed of every check: each learner is asked other numbers, and in grading not those of the practice.
    """

    salt_file = Unicode("", help="file with the salt of the grading run; DLA_SALT comes first").tag(config=True)

    def preprocess(self, nb, resources, km=None):
        learner, salt = resources["nbgrader"]["student"], self._salt()
        canary.set_out(nb, seed=f"{salt} {learner}")
        with setenv(DLA_LEARNER=learner, DLA_SALT=salt):
            nb, resources = super().preprocess(nb, resources, km)
        canary.take_in(nb)
        return nb, resources

    def _salt(self) -> str:
        if "DLA_SALT" in os.environ:
            return os.environ["DLA_SALT"]
        if not Path(self.salt_file).is_file():
            named = self.salt_file or "ExecuteAsLearner.salt_file"
            raise FileNotFoundError(f"no grading salt: {named} does not exist; "
                                    "run `autograder build`, or set DLA_SALT")
        return Path(self.salt_file).read_text(encoding="utf-8").strip()


class PartialCredit(NbGraderPreprocessor):
    """Let the verdict of a check decide about the points of its cell, and nothing else that the cell put out.

    A verdict between 0 and 1 becomes a result that nbgrader reads as points. A warning on stderr, which nbgrader takes
    for a failure, is set aside. Cells without a verdict (plain asserts) stay nbgrader's.
    """

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            cell.outputs = graded_outputs(cell.outputs, float(cell.metadata.nbgrader["points"]))
        return cell, resources


def graded_outputs(outputs: list, points: float) -> list:
    """`outputs` of a tests cell worth `points`, in the form that makes nbgrader give what the verdict says."""
    scores = [float(o.data[MIME]["score"]) for o in outputs if MIME in o.get("data", {})]
    if not scores:
        return outputs
    score = min(scores)
    failed = [o for o in outputs if o.output_type == "error"]
    kept = [o for o in outputs if o.output_type != "execute_result" and not _is_stderr(o)]
    if not 0 < score < 1 or any(o.ename != "CheckFailed" for o in failed):
        return kept
    return [o for o in kept if o not in failed] + [_points(score * points, points)]


def _is_stderr(output) -> bool:
    return output.output_type == "stream" and output.name == "stderr"


def _points(earned: float, points: float):
    """A result that is a number for nbgrader and a sentence for whoever reads the feedback."""
    return new_output("execute_result", execution_count=None, data={
        "text/plain": repr(round(earned, 6)),
        "text/html": f"<p>{earned:g} of {points:g} points for the part that is right.</p>",
    })
