"""nbgrader's panels in a real JupyterLab, from the release of an assignment to the marked answer, without internet.

An advisor's JupyterLab and a learner's share an exchange. Set DLA_SCREENSHOTS to a folder to see what the browser saw.
"""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from autograder.notebooks import build
from autograder.rescue import grade_id

ROOT = Path(__file__).parents[2]
LEARNERS_CONFIG = str(ROOT / "dla_widgets" / "jupyter_config")


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/formgrader-{name}.png")


def open_panel(page, name):
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def press(frame, row, what):
    """Press one of Formgrader's buttons and dismiss the dialogue that says it worked; returns what it said."""
    row.locator(f".{what} a").click()
    dialogue = frame.locator(".modal.in")
    dialogue.get_by_text("Success").first.wait_for(timeout=90_000)
    said = dialogue.inner_text()
    dialogue.get_by_role("button", name="OK").click()
    frame.locator(".modal").first.wait_for(state="detached")
    return said


@pytest.fixture
def course(tmp_path):
    """A course folder with the template twice, as the two lessons of the project streamflow."""
    (tmp_path / "course" / "streamflow").mkdir(parents=True)
    for name in ("01_rain.py", "02_again.py"):
        shutil.copy(ROOT / "course" / "template_lesson.py", tmp_path / "course" / "streamflow" / name)
    build(tmp_path / "course", tmp_path / "build")
    return tmp_path / "build" / "nbgrader"


def test_from_release_to_the_marked_answer(course, tmp_path, jupyterlab, page, new_page):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    learner = new_page()
    with (jupyterlab(course) as desk,
          jupyterlab(workspace, DLA_EXCHANGE=str(course / "exchange"), JUPYTER_CONFIG_PATH=LEARNERS_CONFIG) as lab):
        frame, row = release(page, desk)
        fetch_answer_validate_submit(learner, lab, course)
        assert str(learner.trouble) == ""
        collect_and_autograde(page, frame, row)
        mark_the_written_answer(page, frame)
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            assert gradebook.assignment_submissions("streamflow")[0].score == 3.5
        assert_missing_lesson_has_a_page(page, desk)
        look_at_the_points(page, desk)
    assert page.trouble.outside and all("mathjax" in url for url in page.trouble.outside)
    page.trouble.outside.clear()
    assert str(page.trouble) == ""


def release(page, desk):
    page.goto(desk.address())
    page.wait_for_selector(".jp-Launcher")
    open_panel(page, "Formgrader")
    frame = page.frame_locator("iframe")
    row = frame.locator("tr", has_text="streamflow")
    assert "created the student version of 'streamflow'" in press(frame, row, "assign")
    assert "released 'streamflow'" in press(frame, row, "release")
    picture(page, "released")
    return frame, row


def fetch_answer_validate_submit(page, lab, course):
    page.goto(lab.address())
    page.wait_for_selector(".jp-Launcher")
    page.get_by_role("menuitem", name="Nbgrader").click()
    assert page.get_by_role("menuitem", name="Formgrader").count() == 0  # the advisor's panels are not in the way
    page.get_by_role("menuitem", name="Assignment List", exact=True).click()
    page.get_by_role("button", name="Fetch").click()
    page.get_by_role("button", name="Submit").wait_for()
    picture(page, "fetched")
    answer(lab.workdir / "streamflow", course)
    page.goto(lab.address("lab/tree/streamflow/01_rain.ipynb"))
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Validate").click()
    page.locator(".jp-Dialog").get_by_text("Success! Your notebook passes all the tests.").wait_for(timeout=90_000)
    picture(page, "validated")
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    open_panel(page, "Assignment List")
    page.get_by_role("button", name="Submit").click()
    page.locator("#submitted_assignments_list, .list_container").get_by_text("UTC").first.wait_for()
    picture(page, "submitted")


def answer(folder, course):
    """The learner answers lesson 01 and loses lesson 02."""
    solution = course.parent / "solution" / "streamflow" / "01_rain.ipynb"
    notebook = nbformat.read(solution, as_version=4)
    written = next(cell for cell in notebook.cells if grade_id(cell) == "above_one")
    written.source = "Snow, a canal, a gauge in the valley."
    nbformat.write(notebook, folder / "01_rain.ipynb")
    (folder / "02_again.ipynb").unlink()


def collect_and_autograde(page, frame, row):
    page.bring_to_front()
    page.frames[1].evaluate("location.reload()")
    assert "collected submissions of 'streamflow'" in press(frame, row, "collect")
    row.locator(".num-submissions a").click()
    submission = frame.locator("tbody tr", has_text="needs autograding")
    press(frame, submission, "autograde")
    frame.locator("tbody tr", has_text="needs manual grading").get_by_text("2 / 8").wait_for()
    picture(page, "graded")


def mark_the_written_answer(page, frame):
    frame.get_by_role("link", name="Manual Grading").click()
    frame.get_by_role("link", name="streamflow").click()
    frame.get_by_role("link", name="01_rain").click()
    frame.get_by_role("link", name="Submission #1").click()
    frame.get_by_text("Snow, a canal, a gauge in the valley.").wait_for()
    expect(frame.locator("input#runoff_ratio-tests")).to_have_attribute("placeholder", "2")  # Formgrader's script sets it
    frame.locator("input#above_one").fill("1.5")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")  # Formgrader's own key, back to the field; not set up if MathJax stops its page
    frame.locator("input#above_one:focus").wait_for()
    frame.locator("input#above_one").locator("xpath=ancestor::div[contains(@class, 'panel-heading')]").locator(
        ".score-saved").wait_for()
    frame.locator("input#above_one").scroll_into_view_if_needed()
    picture(page, "marked")


def assert_missing_lesson_has_a_page(page, desk):
    found = page.request.get(desk.address("formgrader/api/submitted_notebooks/streamflow/02_again")).json()
    answered = page.request.get(desk.address(f"formgrader/submissions/{found[0]['id']}/"))
    assert answered.status == 200 and "This lesson was not handed in." in answered.text()


def look_at_the_points(page, desk):
    """The panel Create Assignment knows the roles and points that the build has given the cells."""
    page.goto(desk.address("lab/tree/source/streamflow/01_rain.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.get_by_role("tab", name="Create Assignment").click()
    page.locator(".nbgrader-TotalPointsInput").wait_for()
    assert page.locator(".nbgrader-TotalPointsInput").input_value() == "4"
    picture(page, "points")
