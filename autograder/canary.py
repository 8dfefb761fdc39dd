"""A wrong answer that must be rejected, asked after each check: it says when a kernel that grades itself lies.

Only where nbgrader runs learners' code its own way (``DLA_GRADING=plain``), with the check in the learner's own kernel. A
canary is a named mistake of the exercise; a check that lets it pass, or takes it for another, has been tampered with, and
what it said about the learner's answer counts nothing. It catches a patch that says yes to everything, not every lie: for
that there is the wall.
"""

from __future__ import annotations

import random
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import is_grade, is_solution

from dla_widgets.exercise import exercises
from dla_widgets.verdict import MIME

_ASKS = re.compile(r"""^check\(["'](\w+)["']""", re.MULTILINE)
WARNING = "The check in this notebook lets wrong answers pass, so it says nothing about yours: an advisor will look at it."


def set_out(nb: NotebookNode, seed: str) -> None:
    """Put a canary behind each cell of `nb` with a check; which mistake it makes is drawn from `seed`."""
    rng, cells = random.Random(seed), []
    for cell in nb.cells:
        cells.append(cell)
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            for name in _ASKS.findall(cell.source):
                if name in exercises():
                    cells.append(_canary(name, rng.choice(exercises()[name].mistakes).name))
    nb.cells = cells


def take_in(nb: NotebookNode) -> None:
    """Take the canaries out of `nb` again; a check that did not reject its canary has failed."""
    cells = []
    for cell in nb.cells:
        if (wrong := cell.metadata.get("canary")) is None:
            cells.append(cell)
        elif not _is_rejected(cell, wrong):
            cells[-1].outputs = [new_output("error", ename="Tampered", evalue=WARNING, traceback=[WARNING])]
    nb.cells = cells


def _canary(name: str, mistake: str) -> NotebookNode:
    source = (f"check({name!r}, next(one.function for one in __import__('dla_widgets.exercise', fromlist=['exercises'])"
              f".exercises()[{name!r}].mistakes if one.name == {mistake!r}))")
    return new_code_cell(source, metadata={"canary": mistake})


def _is_rejected(cell: NotebookNode, mistake: str) -> bool:
    verdicts = [output.data[MIME] for output in cell.outputs if MIME in output.get("data", {})]
    return bool(verdicts) and all(verdict.get("mistake") == mistake and verdict.get("score") != 1 for verdict in verdicts)
