"""Each rescue step on what it is for, then the steps together on everything at once."""

import copy
import os
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.nbgraderformat import SchemaTooOldError
from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, OverwriteCells
from nbgrader.utils import determine_grade

from autograder import partial, rescue
from dla_widgets.verdict import MIME

STEPS = [rescue.LostMarks, rescue.ForeignCells, rescue.ChangedMetadata, rescue.CopiedCells, rescue.ChangedTypes,
         rescue.MissingCells]


@pytest.fixture
def released(built):
    return nbformat.read(built / "nbgrader" / "release" / "streamflow" / "01_rain.ipynb", as_version=4)


@pytest.fixture
def run(built):
    """Run steps on a notebook as nbgrader would, with the real gradebook."""

    def steps(notebook, *classes):
        resources = {"nbgrader": {"notebook": "01_rain", "assignment": "streamflow", "student": "ada",
                                  "db_url": f"sqlite:///{built}/nbgrader/gradebook.db"}}
        for step in classes:
            notebook, resources = step().preprocess(notebook, resources)
        return notebook

    return steps


def find(notebook, name):
    return next(cell for cell in notebook.cells if rescue.grade_id(cell) == name)


def names(notebook):
    return [name for cell in notebook.cells if (name := rescue.grade_id(cell))]


def copied(cell, source=None):
    twin = copy.deepcopy(cell)
    twin["id"] = cell.id[:50] + "-twin"
    twin.source = cell.source if source is None else source
    return twin


def test_the_shipped_configuration_runs_the_steps_in_this_order(built):
    config = (built / "nbgrader" / "nbgrader_config.py").read_text()
    sanitising = config[config.index("sanitize_preprocessors"):config.index("autograde_preprocessors")]
    assert re.findall(r"autograder\.rescue\.([A-Z]\w+)", sanitising) == [step.__name__ for step in STEPS]


def test_nbgraders_own_step_stops_the_batch_on_a_copied_cell(released, run):
    released.cells.append(copied(find(released, "runoff_ratio-tests")))
    with pytest.raises(SchemaTooOldError):  # nbgrader ends the whole run on this one; the reason for CopiedCells
        run(released, DeduplicateIds, OverwriteCells, CheckCellMetadata)


def test_of_two_copies_the_last_is_graded(released, run):
    cell = find(released, "runoff_ratio")
    cell.source = "first = 1"
    released.cells.append(copied(cell, "second = 2"))
    run(released, rescue.CopiedCells, CheckCellMetadata)
    assert find(released, "runoff_ratio").source == "second = 2"
    assert sorted(names(released)) == ["above_one", "runoff_ratio", "runoff_ratio-tests"]
    assert "first = 1" in [cell.source for cell in released.cells]  # still there, and still runs


def test_the_copy_that_was_written_in_is_graded_not_the_one_left_untouched(released, run):
    answer = find(released, "above_one")
    untouched = copied(answer)
    answer.source = "Snow, canals, and a gauge in the valley."
    released.cells.append(untouched)
    run(released, rescue.CopiedCells, CheckCellMetadata)
    assert find(released, "above_one").source == "Snow, canals, and a gauge in the valley."


@pytest.mark.parametrize("marks", [
    pytest.param({}, id="empty"), pytest.param(None, id="null"),
    pytest.param({"grade_id": "nse-tests", "grade": True, "solution": False, "locked": True, "points": 2,
                  "schema_version": 3}, id="of another lesson"),
])
def test_marks_that_are_not_of_this_notebook_are_dropped(released, run, marks):
    released.cells.append(new_code_cell("check('nse', nse)", metadata={"nbgrader": marks}))
    run(released, rescue.ForeignCells, CheckCellMetadata)
    assert "nbgrader" not in released.cells[-1].metadata and len(names(released)) == 3


def test_code_that_became_markdown_is_code_again_and_the_other_way_round(released, run):
    index = [rescue.grade_id(cell) for cell in released.cells].index("runoff_ratio")
    was = released.cells[index]
    released.cells[index] = new_markdown_cell("def runoff_ratio(): ...", metadata=was.metadata, id=was.id,
                                              attachments={"map.png": {"image/png": ""}})
    answer = released.cells[-1]
    released.cells[-1] = new_code_cell("Snow.", metadata=answer.metadata, id=answer.id, outputs=[
        new_output("stream", text="SyntaxError")])
    run(released, rescue.ChangedTypes, CheckCellMetadata)
    nbformat.validate(released)
    assert (released.cells[index].cell_type, released.cells[index].source) == ("code", "def runoff_ratio(): ...")
    assert (released.cells[-1].cell_type, released.cells[-1].source) == ("markdown", "Snow.")
    assert released.cells[index].id == was.id


def test_points_switches_and_tests_are_those_that_were_handed_out(released, run):
    tests, solution = find(released, "runoff_ratio-tests"), find(released, "runoff_ratio")
    right = dict(tests.metadata.nbgrader)
    tests.metadata.nbgrader |= {"points": 200, "locked": False}
    del tests.metadata.nbgrader["schema_version"]
    solution.metadata.nbgrader |= {"grade": True, "points": 5}
    handed_out, tests.source = tests.source, "pass"
    run(released, rescue.ChangedMetadata, OverwriteCells, CheckCellMetadata)
    assert (tests.source, dict(tests.metadata.nbgrader)) == (handed_out, right)
    assert "points" not in solution.metadata.nbgrader


def test_a_deleted_tests_cell_is_put_back_at_the_end(released, run):
    tests = find(released, "runoff_ratio-tests")
    released.cells.remove(tests)
    run(released, rescue.MissingCells, OverwriteCells, CheckCellMetadata)
    back = released.cells[-1]
    assert (back.source, dict(back.metadata.nbgrader)) == (tests.source, dict(tests.metadata.nbgrader))


def test_a_notebook_with_every_mishap_at_once_is_fit_to_grade(released, run):
    tests, answer = find(released, "runoff_ratio-tests"), find(released, "above_one")
    released.cells += [copied(tests), copied(tests), copied(answer, "Snow.")]
    released.cells += [copied(tests) for _ in range(2)]
    released.cells[-1].metadata.nbgrader["grade_id"] = "nse"
    released.cells[-2].metadata["nbgrader"] = {}
    find(released, "runoff_ratio")["cell_type"] = "raw"
    del tests.metadata.nbgrader["points"]
    run(released, *STEPS, OverwriteCells, CheckCellMetadata)
    assert sorted(names(released)) == ["above_one", "runoff_ratio", "runoff_ratio-tests"]
    assert find(released, "above_one").source == "Snow."


def outputs_of(*outputs, marks=None):
    cell = new_code_cell("", outputs=list(outputs), metadata={"nbgrader": marks} if marks else {})
    return nbformat.v4.new_notebook(cells=[cell])


def verdict(score, status="partial"):
    said = {"exercise": "x", "score": score, "status": status}
    return new_output("display_data", data={"text/plain": "", MIME: said})


def test_huge_outputs_are_cut_and_the_verdict_is_kept():
    notebook = outputs_of(new_output("stream", text="x" * 10**6),
                          new_output("display_data", data={"image/png": "y" * 10**7}),
                          new_output("execute_result", data={"text/plain": "z" * 10**6}),
                          new_output("error", ename="ValueError", evalue="e" * 10**6, traceback=["t" * 10**6]),
                          *(new_output("display_data", data={"text/plain": str(n)}) for n in range(200)), verdict(1.0))
    rescue.HugeOutputs().preprocess(notebook, {})
    nbformat.validate(notebook)
    outputs = notebook.cells[0].outputs
    assert len(outputs) == 51 and len(nbformat.writes(notebook)) < 150_000
    assert outputs[0].text.startswith("xxx") and "980,000 characters left out" in outputs[0].text
    assert outputs[1].data["image/png"] == "(an output of 10,000,000 characters was left out)"
    assert outputs[-1].data[MIME]["score"] == 1.0


FAILED = new_output("error", ename="CheckFailed", evalue="", traceback=[])
CRASHED = new_output("error", ename="NameError", evalue="", traceback=[])
WARNED = new_output("stream", name="stderr", text="a warning")
NUMBER = new_output("execute_result", data={"text/plain": "1.0"})


@pytest.mark.parametrize("outputs, points", [
    ([verdict(1.0, "right")], 2),
    ([verdict(1.0, "right"), WARNED], 2),  # nbgrader alone takes a warning for a failure
    ([verdict(1.0, "right"), NUMBER], 2),  # and a stray number for the points
    ([verdict(1.0, "right"), CRASHED], 0),
    ([verdict(0.5), FAILED], 1),
    ([WARNED, verdict(0.25), FAILED], 0.5),
    ([verdict(0.5), CRASHED], 0),
    ([verdict(0.0, "wrong"), FAILED], 0),
    ([verdict(1.0, "right"), verdict(0.5), FAILED], 1),  # two checks in one cell: the lower one counts
    ([CRASHED], 0),
    ([NUMBER], 1),  # no verdict: as nbgrader has it
    ([], 2),
])
def test_the_verdict_decides_about_the_points(outputs, points):
    marks = {"grade": True, "solution": False, "locked": True, "grade_id": "x-tests", "points": 2, "schema_version": 3}
    notebook = outputs_of(*copy.deepcopy(outputs), marks=marks)
    partial.PartialCredit().preprocess(notebook, {})
    nbformat.validate(notebook)
    assert determine_grade(notebook.cells[0]) == (points, 2)


def test_a_grading_run_without_salt_says_what_to_do(released, tmp_path, monkeypatch):
    monkeypatch.delenv("DLA_SALT", raising=False)
    step = partial.ExecuteAsLearner(salt_file=str(tmp_path / "salt.txt"))
    said = r"no grading salt: .*salt\.txt does not exist; run `autograder build`, or set DLA_SALT"
    with pytest.raises(FileNotFoundError, match=said):
        step.preprocess(released, {"nbgrader": {"student": "ada"}})


def test_a_notebook_runs_as_its_learner_with_the_grading_salt(tmp_path, monkeypatch):
    monkeypatch.delenv("DLA_SALT", raising=False)
    (tmp_path / "salt.txt").write_text("secret\n")
    code = "import os\nprint(os.environ['DLA_LEARNER'], os.environ['DLA_SALT'])"
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell(code)])
    step = partial.ExecuteAsLearner(salt_file=str(tmp_path / "salt.txt"), kernel_name="python3")
    step.preprocess(notebook, {"nbgrader": {"student": "ada"}, "metadata": {"path": str(tmp_path)}})
    assert notebook.cells[0].outputs[0].text == "ada secret\n"
    assert "DLA_SALT" not in os.environ
