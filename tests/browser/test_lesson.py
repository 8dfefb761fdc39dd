"""A learner in a real JupyterLab: the first lesson from top to bottom, a wrong answer, its name, and the right one."""

import json
import time
from pathlib import Path

import pytest

from autograder.lessons import read_lesson
from autograder.notebooks import learner, solution, write
from dla_widgets.verdict import MIME

LESSON = read_lesson(Path(__file__).parents[2] / "course/streamflow/01_basins.py")
WRONG = """def cfs_to_mm(discharge, area):
    return discharge * 0.3048 * 86_400 / (area * 1e6) * 1000
"""
RIGHT = WRONG.replace("0.3048", "0.3048 ** 3")
NAMED = "A cubic foot is a foot times a foot times a foot"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, jupyterlab):
    import nbformat

    workdir = tmp_path_factory.mktemp("workspace")
    for name, edition in (("learner", learner), ("solution", solution)):
        write(workdir / f"{name}.ipynb", nbformat.writes(edition(LESSON), version=4))
    with jupyterlab(workdir, "--LabApp.expose_app_in_browser=True") as running:
        yield running


def open_notebook(page, lab, name):
    """In a workspace of its own: JupyterLab would bring back what an earlier test had open."""
    page.goto(lab.address(f"lab/workspaces/{name}/tree/{name}.ipynb"))
    page.wait_for_function(f"window.jupyterapp?.shell.currentWidget?.context?.path === '{name}.ipynb'", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)


KERNEL_IS_IDLE = "jupyterapp.shell.currentWidget?.context?.sessionContext.session?.kernel?.status === 'idle'"
CELLS = "[...jupyterapp.shell.currentWidget.content.widgets]"
ALL_RAN = (
    f"{CELLS}.every(c => c.model.type !== 'code' || c.model.sharedModel.getSource() === '' || c.model.executionCount)"
)


def wait_for_the_end(page, seconds=180):
    """Until the last cell has run, or the first one fails."""
    end = time.monotonic() + seconds
    while not page.evaluate(ALL_RAN):
        assert page.trouble.kernel == []
        assert time.monotonic() < end, f"the lesson has not come to its end in {seconds} s"
        page.wait_for_timeout(500)
    page.wait_for_function(KERNEL_IS_IDLE)


def index_of(page, text, after=0):
    """Where the first code cell from `after` on stands whose source contains `text`."""
    return page.evaluate(
        f"([text, after]) => {CELLS}.findIndex((c, i) => i >= after && c.model.type === 'code' && "
        "c.model.sharedModel.getSource().includes(text))",
        [text, after],
    )


def cell_at(page, index):
    """The cell in the notebook that is in front; others may be open behind it."""
    return page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index='{index}']")


def select(page, index):
    page.evaluate(
        "i => { const n = jupyterapp.shell.currentWidget.content; n.activeCellIndex = i; "
        "return n.scrollToItem(i, 'center'); }",
        index,
    )


def write_into(page, index, code):
    """Type into a cell as a learner does: click, select all, write."""
    select(page, index)
    cell_at(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def run_cell(page, index, says=""):
    """Run the cell, wait until it `says` that, and return all that a learner then reads below it (never its source)."""
    select(page, index)
    cell = cell_at(page, index)
    cell.locator(".cm-content").click()
    before = page.evaluate(f"i => {CELLS}[i].model.executionCount", index)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        f"([i, n]) => {{ const c = {CELLS}[i].model; return c.executionCount && c.executionCount !== n }}",
        arg=[index, before],
    )
    page.wait_for_function(KERNEL_IS_IDLE)
    below = cell.locator(".jp-OutputArea")
    if says:
        below.filter(has_text=says).wait_for()
    return below.inner_text() if below.count() else ""


def test_the_first_lesson_runs_to_its_end_without_an_error_anywhere(page, lab):
    open_notebook(page, lab, "solution")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    wait_for_the_end(page)
    page.keyboard.press("Control+s")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    assert str(page.trouble) == ""
    saved = json.loads((lab.workdir / "solution.ipynb").read_text())
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", [])]
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert sum("image/png" in o.get("data", {}) for o in outputs) >= 3
    verdicts = [o["data"][MIME] for o in outputs if MIME in o.get("data", {})]
    assert len(verdicts) >= 3 and all(v["status"] == "right" for v in verdicts)


def test_a_wrong_answer_is_named_and_a_right_one_praised(page, lab):
    open_notebook(page, lab, "learner")
    exercise = index_of(page, "def cfs_to_mm")
    test = index_of(page, 'check("cfs_to_mm"', exercise)
    run_cell(page, index_of(page, "from dla_widgets import check"))

    run_cell(page, exercise)
    run_cell(page, test, says="Not attempted yet")

    write_into(page, exercise, WRONG)
    run_cell(page, exercise)
    said = run_cell(page, test, says=NAMED)
    assert "Not yet" in said and "expected [" in said
    assert "Traceback" not in said and "dla_widgets/" not in said

    write_into(page, exercise, RIGHT)
    run_cell(page, exercise)
    assert NAMED not in run_cell(page, test, says="Right")

    write_into(page, exercise, "def cfs_to_mm(discharge, area):\n    while True: pass\n")
    run_cell(page, exercise)
    run_cell(page, test, says="It did not come to an end")
    assert page.trouble.page == [] and page.trouble.console == []
    assert all(error.startswith("CheckFailed") for error in page.trouble.kernel)
