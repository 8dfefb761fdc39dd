"""Before a cohort: what would make grading wrong on this machine stops it, with the reason, and nobody has been graded."""

import re

import nbformat
import pytest
from gradebook_says import graded
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading.course import Course
from autograder.grading.preflight import PreflightError, preflight
from autograder.rescue import grade_id
from dla_widgets.exercise import Mistake, find


def with_solution(course, change):
    """The author's lesson, changed."""
    path = course / "source" / "streamflow" / "01_rain.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if grade_id(cell) == "runoff_ratio")
    cell.source = change(cell.source)
    nbformat.write(notebook, path)


def test_it_is_done_once_and_says_which_modules_to_load(course):
    tried = []
    modules = preflight(Course(course, "streamflow"), ["01_rain", "02_slope"], tried.append)
    assert tried == ["01_rain", "02_slope"] and "numpy" in modules
    assert preflight(Course(course, "streamflow"), ["01_rain", "02_slope"], tried.append) == modules
    assert len(tried) == 2
    with_solution(course, lambda source: source + "\n# another word")
    preflight(Course(course, "streamflow"), ["01_rain", "02_slope"], tried.append)
    assert tried[2:] == ["01_rain"]


@pytest.mark.parametrize("change, reason", [
    (lambda source: source.replace("return", "return 2 *"), "is wrong: "),
    (lambda source: "import not_installed_here\n" + source,
     "is failed: The cell that should define it stopped: ModuleNotFoundError: No module named 'not_installed_here'"),
])
def test_a_solution_that_earns_nothing_here_stops_the_grading(course, class_of, change, reason):
    class_of(1)
    with_solution(course, change)
    said = CliRunner().invoke(app, ["grade", "streamflow", "--course", str(course)])
    assert said.exit_code == 1
    words = re.sub(r"\s+", " ", said.output)
    assert "nothing was graded, because this machine would not grade rightly:" in words
    assert "01_rain: the author's own answer to runoff_ratio" in words
    assert reason in words and "Traceback" not in words
    assert graded(course) == []


def test_a_check_that_lets_a_mistake_pass_stops_the_grading(course, monkeypatch):
    exercise = find("runoff_ratio")
    monkeypatch.setattr(exercise, "mistakes", [*exercise.mistakes, Mistake("no_mistake", exercise.answer, "This is right.")])
    with pytest.raises(PreflightError, match=r"01_rain: the check of runoff_ratio takes the mistake 'no_mistake' for right"):
        preflight(Course(course, "streamflow"), ["01_rain"])


def test_without_a_salt_nothing_is_graded(course, class_of, monkeypatch):
    class_of(1)
    monkeypatch.delenv("DLA_SALT", raising=False)
    (course / "grading_salt.txt").unlink()
    said = CliRunner().invoke(app, ["grade", "streamflow", "--course", str(course)])
    assert said.exit_code == 1 and "no grading salt" in said.output and "run `autograder build`, or set DLA_SALT" in said.output
    assert graded(course) == []


def test_doctor_names_the_wall():
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 0 and said.output.split(":")[0] in ("bwrap", "userns", "uid")
