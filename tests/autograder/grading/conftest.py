"""A course folder for each test, and learners who hand in the template lesson."""

import copy
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.rescue import grade_id

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
ANSWERS = {
    "right": "    both = np.isfinite(prcp) & np.isfinite(discharge)\n    return discharge[both].sum() / prcp[both].sum()",
    "partly": "    return np.nansum(discharge) / np.nansum(prcp)",
    "wrong": "    both = np.isfinite(prcp) & np.isfinite(discharge)\n    return prcp[both].sum() / discharge[both].sum()",
}
POINTS = {"right": 2.0, "partly": 1.0, "wrong": 0.0}


@pytest.fixture
def course(built, tmp_path) -> Path:
    """nbgrader's course folder, released; nobody has handed in."""
    shutil.copytree(built / "nbgrader", tmp_path / "nbgrader")
    return tmp_path / "nbgrader"


@pytest.fixture
def hand_in(built, course) -> Callable[..., None]:
    """``hand_in(learner, "right")``: the notebook with that answer, at a time."""
    released = nbformat.read(built / "learner" / "streamflow" / "01_rain.ipynb", as_version=4)

    def put(learner: str, answer: str, at: datetime = datetime(2026, 3, 1, tzinfo=UTC), lesson: str = "01_rain") -> None:
        folder = course / "submitted" / learner / "streamflow"
        folder.mkdir(parents=True, exist_ok=True)
        if lesson == "01_rain":
            notebook = copy.deepcopy(released)
            cell = next(cell for cell in notebook.cells if grade_id(cell) == "runoff_ratio")
            cell.source = cell.source.replace(STUB, ANSWERS.get(answer, answer))
            written = next(cell for cell in notebook.cells if grade_id(cell) == "above_one")
            written.source = "Snow, a canal, a gauge in the valley."
            nbformat.write(notebook, folder / "01_rain.ipynb")
        else:
            shutil.copy(built / "solution" / "streamflow" / f"{lesson}.ipynb", folder)
        (folder / "timestamp.txt").write_text(f"{at:%Y-%m-%d %H:%M:%S.%f} UTC")

    return put


@pytest.fixture
def class_of(hand_in) -> Callable[[int], dict[str, float]]:
    """``class_of(6)``: so many learners hand in; what each must get for the question that a machine marks."""

    def make(number: int) -> dict[str, float]:
        kinds = {f"learner-{n}": list(ANSWERS)[n % len(ANSWERS)] for n in range(number)}
        for learner, kind in kinds.items():
            hand_in(learner, kind)
        return {learner: POINTS[kind] for learner, kind in kinds.items()}

    return make
