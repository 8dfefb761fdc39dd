"""Lessons that were not handed in."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook


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
