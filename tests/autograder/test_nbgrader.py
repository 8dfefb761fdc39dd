"""The whole way with real nbgrader commands: release, validate, hand in, autograde, read the gradebook, feedback."""

import copy
import json
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.rescue import grade_id
from dla_widgets.exercise import find
from dla_widgets.variants import seed
from dla_widgets.verdict import MIME

BOTH = "    both = np.isfinite(prcp) & np.isfinite(discharge)\n"
UPSIDE_DOWN = BOTH + "    return prcp[both].sum() / discharge[both].sum()"
DIFFERENT_DAYS = "    return np.nansum(discharge) / np.nansum(prcp)"
RIGHT = BOTH + "    return discharge[both].sum() / prcp[both].sum()"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"


def with_answer(notebook, answer):
    notebook = copy.deepcopy(notebook)
    cell = next(cell for cell in notebook.cells if grade_id(cell) == "runoff_ratio")
    assert STUB in cell.source
    cell.source = cell.source.replace(STUB, answer)
    return notebook


def with_copies(notebook):
    """A learner who copied the cell with the tests, id and all, and pasted one from another lesson."""
    tests = next(cell for cell in notebook.cells if grade_id(cell) == "runoff_ratio-tests")
    foreign = copy.deepcopy(tests)
    foreign.metadata.nbgrader["grade_id"] = "nse-tests"
    notebook.cells += [copy.deepcopy(tests), foreign]
    return notebook


def noisy(notebook):
    """Right, but with a warning in the cell of the tests and a megabyte of output elsewhere."""
    notebook.cells.insert(3, nbformat.v4.new_code_cell("print('x' * 10**6)"))
    return with_answer(notebook, "    import sys\n    print('careful', file=sys.stderr)\n" + RIGHT)


@pytest.fixture(scope="module")
def cohort(built, run_nbgrader, tmp_path_factory):
    """Eight learners' submissions, graded and with feedback; the course folder and what `nbgrader autograde` said."""
    course = tmp_path_factory.mktemp("cohort") / "nbgrader"
    shutil.copytree(built / "nbgrader", course)
    released = nbformat.read(course / "release" / "streamflow" / "01_rain.ipynb", as_version=4)
    solution = nbformat.read(built / "solution" / "streamflow" / "01_rain.ipynb", as_version=4)
    submissions = {
        "right": solution,
        "wrong": with_answer(released, UPSIDE_DOWN),
        "untouched": released,
        "copied": with_copies(with_answer(released, RIGHT)),
        "partly": with_answer(released, DIFFERENT_DAYS),
        "noisy": noisy(copy.deepcopy(released)),
        "looping": with_answer(released, "    while True:\n        pass"),
    }
    for learner, notebook in submissions.items():
        folder = course / "submitted" / learner / "streamflow"
        folder.mkdir(parents=True)
        (folder / "01_rain.ipynb").write_text(json.dumps(notebook))
    shutil.copy(built / "solution" / "streamflow" / "02_slope.ipynb", course / "submitted" / "right" / "streamflow")
    broken = course / "submitted" / "broken" / "streamflow"
    broken.mkdir(parents=True)
    (broken / "01_rain.ipynb").write_text(json.dumps(released)[:500])
    graded = run_nbgrader(course, "autograde", "streamflow", "--JudgedOutside.cell_seconds=15", check=False)
    run_nbgrader(course, "generate_feedback", "streamflow")
    return course, graded.stderr


def scores(course, learner, lesson="01_rain"):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grades = gradebook.find_submission_notebook(lesson, "streamflow", learner).grades
        return {grade.name: (grade.auto_score, bool(grade.needs_manual_grade)) for grade in grades}


def test_the_release_is_the_learners_notebooks_to_the_byte(built):
    released = sorted((built / "nbgrader" / "release" / "streamflow").iterdir())
    assert [path.name for path in released] == ["01_rain.ipynb", "02_slope.ipynb"]
    for path in released:
        assert path.read_bytes() == (built / "learner" / "streamflow" / path.name).read_bytes()


def test_no_answer_and_no_note_gets_into_the_release(built):
    folders = {name: built / name for name in ("nbgrader/release", "nbgrader/source", "advisor")}
    text = {name: "".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())
            for name, folder in folders.items()}
    for secret in ("discharge[both]", "misses the rain on the ridges", "SOLUTION", "drop / length"):
        assert secret in text["nbgrader/source"] and secret not in text["nbgrader/release"]
    assert "Nearly everybody" in text["advisor"] and "Nearly everybody" not in text["nbgrader/release"]


def test_a_lesson_source_left_in_the_source_folder_is_not_released(built, run_nbgrader, tmp_path):
    course = tmp_path / "nbgrader"
    shutil.copytree(built / "nbgrader", course)
    (course / "source" / "streamflow" / "01_rain.py").write_text("the solution")
    run_nbgrader(course, "generate_assignment", "streamflow", "--force")
    assert {path.suffix for path in (course / "release" / "streamflow").iterdir()} == {".ipynb"}


@pytest.mark.parametrize("learner, tests, answer", [
    ("right", (2, False), (None, True)),  # the written answer waits for the advisor
    ("wrong", (0, False), (0, False)),
    ("untouched", (0, False), (0, False)),
    ("copied", (2, False), (0, False)),
    ("partly", (1, False), (0, False)),
    ("noisy", (2, False), (0, False)),
    ("looping", (0, False), (0, False)),
])
def test_every_submission_gets_its_points(cohort, learner, tests, answer):
    assert scores(cohort[0], learner) == {"runoff_ratio-tests": tests, "above_one": answer}


def test_a_lesson_that_was_not_handed_in_has_no_points_and_a_page_that_says_so(cohort):
    assert scores(cohort[0], "right", "02_slope") == {"slope-tests": (1, False)}
    assert scores(cohort[0], "wrong", "02_slope") == {"slope-tests": (0, False)}
    for folder, suffix in (("autograded", "ipynb"), ("feedback", "html")):
        page = (cohort[0] / folder / "wrong" / "streamflow" / f"02_slope.{suffix}").read_text()
        assert "This lesson was not handed in." in page


def test_a_file_cut_off_in_the_middle_waits_for_the_advisor_and_stops_nobody_else(cohort):
    course, said = cohort
    assert "error" not in said.lower()
    assert sorted(path.name for path in (course / "autograded").iterdir()) == [
        "broken", "copied", "looping", "noisy", "partly", "right", "untouched", "wrong"]
    assert scores(course, "broken") == {"runoff_ratio-tests": (0, True), "above_one": (0, True)}
    page = nbformat.read(course / "autograded" / "broken" / "streamflow" / "01_rain.ipynb", as_version=4)
    assert "needs an advisor" in page.cells[0].source and "Line 1, column" in page.cells[0].source


def test_feedback_says_which_mistake_was_made(cohort):
    course, _ = cohort
    page = {learner: (course / "feedback" / learner / "streamflow" / "01_rain.html").read_text()
            for learner in ("right", "wrong", "partly", "looping")}
    assert "Upside down: the runoff ratio is what left through the river over what fell" in page["wrong"]
    assert "1 of 2" in page["partly"]
    assert "Sum both over the same days." in page["partly"]
    assert "a loop without an end?" in page["looping"]
    assert "Well done." in page["right"] and "Upside down" not in page["right"]


def test_each_learner_is_asked_other_numbers_and_grading_asks_others_than_practice(cohort, built):
    course, _ = cohort

    def asked(learner):
        notebook = nbformat.read(course / "autograded" / learner / "streamflow" / "01_rain.ipynb", as_version=4)
        return next(output.data[MIME]["detail"] for cell in notebook.cells for output in cell.get("outputs", [])
                    if MIME in output.get("data", {}))

    salt = (course / "grading_salt.txt").read_text().strip()
    function = {}
    exec(f"import numpy as np\ndef f(discharge, prcp):\n{UPSIDE_DOWN}", function)
    exercise = find("runoff_ratio")
    assert asked("wrong") == exercise.judge(function["f"], seed("wrong", "runoff_ratio", salt)).detail
    assert asked("wrong") != exercise.judge(function["f"], seed("wrong", "runoff_ratio")).detail
    assert asked("wrong") != exercise.judge(function["f"], seed("partly", "runoff_ratio", salt)).detail


def test_a_learner_can_validate(built, run_nbgrader):
    notebooks = [f"{edition}/streamflow/01_rain.ipynb" for edition in ("solution", "learner")]
    said = run_nbgrader(built, "validate", *notebooks).stdout
    right, untouched = said.split("VALIDATION FAILED ON 2 CELL(S)!")  # the check and the written answer
    assert "Success! Your notebook passes all the tests." in right
    assert "Replace the placeholder with your own code" in untouched and "You did not provide a response." in untouched
