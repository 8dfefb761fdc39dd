"""Notebooks of a question or two, and a warm process for all tests here."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.judging import judge_notebook
from autograder.judging.warmth import Warmth
from autograder.notebooks import build
from autograder.sandbox.limits import Limits


@pytest.fixture(scope="session")
def warmth():
    made = Warmth(limits=Limits(cell_seconds=5, notebook_seconds=60, memory_mb=800))
    yield made
    made.close()


#: What was handed out: its imports are the author's.
AUTHORS = new_notebook(cells=[new_code_cell("import numpy as np\nfrom dla_widgets import check")])


@pytest.fixture
def judged(warmth):
    """Judge a notebook of these cells; question -> what is kept about it, and the notebook."""

    def judge(*cells, run: str = "all", release=None, files=None, learner: str = "ada"):
        nb = new_notebook(cells=[new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells])
        judge_notebook(nb, learner=learner, salt="pepper", run=run, warmth=warmth, release=release or AUTHORS, files=files)
        return {cell.metadata["dla"]["judged"]["question"]: cell.metadata["dla"]["judged"] for cell in nb.cells
                if "judged" in cell.metadata.get("dla", {})}, nb

    return judge


@pytest.fixture(scope="session")
def built_course(tmp_path_factory):
    """The notebooks of the real course."""
    out = tmp_path_factory.mktemp("course") / "build"
    build(Path(__file__).parents[3] / "course", out)
    return out
