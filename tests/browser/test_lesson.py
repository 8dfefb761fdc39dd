"""A learner in a real JupyterLab: a lesson from top to bottom, a wrong answer, its name, and the right one."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from notebook_page import index_of, open_notebook, run_all, run_cell, write_into

from autograder.lessons import read_lesson
from autograder.notebooks import learner, solution, write
from dla_widgets.verdict import MIME

COURSE = Path(__file__).parents[2] / "course"
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Journey:
    """A lesson, and one of its exercises answered wrongly (the check says what is `named`) and rightly."""

    lesson: str
    exercise: str
    wrong: str
    right: str
    named: str

    @property
    def name(self) -> str:
        return self.lesson.replace("/", "-")


CUBIC_FOOT = """def cfs_to_mm(discharge, area):
    return discharge * 0.3048 * 86_400 / (area * 1e6) * 1000
"""
ACCURACY = """def macro_f1(truth, prediction):
    known = truth != 255
    return np.mean(truth[known] == prediction[known])
"""
MACRO = """def macro_f1(truth, prediction):
    known = truth != 255
    t, p = truth[known], prediction[known]
    return np.mean([2 * np.sum((t == c) & (p == c)) / (np.sum(t == c) + np.sum(p == c)) for c in np.union1d(t, p)])
"""
JOURNEYS = [
    Journey("streamflow/01_basins", "cfs_to_mm", CUBIC_FOOT, CUBIC_FOOT.replace("0.3048", "0.3048 ** 3"),
            "A cubic foot is a foot times a foot times a foot"),
    Journey("landcover/03_imbalance", "macro_f1", ACCURACY, MACRO, "Macro gives each class one vote"),
]  # fmt: skip
each_journey = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.name)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, jupyterlab):
    import nbformat

    workdir = tmp_path_factory.mktemp("workspace")
    for journey in JOURNEYS:
        lesson = read_lesson(COURSE / f"{journey.lesson}.py")
        for name, edition in (("learner", learner), ("solution", solution)):
            write(workdir / f"{journey.name}-{name}.ipynb", nbformat.writes(edition(lesson), version=4))
    with jupyterlab(workdir, "--LabApp.expose_app_in_browser=True") as running:
        yield running


@each_journey
def test_a_lesson_runs_to_its_end_without_an_error_anywhere(page, lab, journey):
    open_notebook(page, lab, f"{journey.name}-solution")
    run_all(page)
    page.keyboard.press("Control+s")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    assert str(page.trouble) == ""
    saved = json.loads((lab.workdir / f"{journey.name}-solution.ipynb").read_text())
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", [])]
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert sum("image/png" in o.get("data", {}) for o in outputs) >= 3
    verdicts = [o["data"][MIME] for o in outputs if MIME in o.get("data", {})]
    assert len(verdicts) >= 3 and all(v["status"] == "right" for v in verdicts)


@each_journey
def test_a_wrong_answer_is_named_and_a_right_one_praised(page, lab, journey):
    open_notebook(page, lab, f"{journey.name}-learner")
    exercise = index_of(page, f"def {journey.exercise}")
    test = index_of(page, f'check("{journey.exercise}"', exercise)
    run_cell(page, index_of(page, "check, hint"))

    run_cell(page, exercise)
    run_cell(page, test, says="Not attempted yet")

    write_into(page, exercise, journey.wrong)
    run_cell(page, exercise)
    said = run_cell(page, test, says=journey.named)
    assert "Not yet" in said and "expected" in said
    assert "Traceback" not in said and "dla_widgets/" not in said

    write_into(page, exercise, journey.right)
    run_cell(page, exercise)
    assert journey.named not in run_cell(page, test, says="Right")

    write_into(page, exercise, f"{journey.right.splitlines()[0]}\n    while True: pass\n")
    run_cell(page, exercise)
    run_cell(page, test, says="It did not come to an end")
    assert page.trouble.page == [] and page.trouble.console == []
    assert all(error.startswith("CheckFailed") for error in page.trouble.kernel)
