"""The cohort's desk in an advisor's JupyterLab: a cohort of twelve graded by clicking, from the launcher to a learner's feedback.

Set DLA_SCREENSHOTS to a folder to see what the browser saw.
"""

import os
import re
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.cohort import make

ROOT = Path(__file__).parents[2]
LEARNERS = 12
SETTINGS = str(ROOT / "autograder" / "desk" / "jupyter_config")


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/desk-{name}.png")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Twelve learners have handed in one lesson; nothing is graded."""
    folder = make(ROOT / "course", tmp_path_factory.mktemp("cohort") / "made", "streamflow", ["02_skill"], LEARNERS)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.JudgedOutside.cell_seconds = 5\nc.JudgedOutside.memory_mb = 1500\n")
    return folder


def test_a_cohort_of_twelve_by_clicking(course, jupyterlab, page, new_page):
    with jupyterlab(course, JUPYTER_CONFIG_PATH=SETTINGS) as lab:
        frame = open_the_desk(page, lab)
        grade_all(page, frame)
        look_at_a_notebook(page, frame)
        other = new_page()
        grade_one_in_formgrader(other, lab)
        feedback_of_all(other, lab)
    for watched in (page, other):
        assert all("mathjax" in url for url in watched.trouble.outside)  # Formgrader's own page of a notebook
        watched.trouble.outside.clear()
        assert str(watched.trouble) == ""
    read_a_feedback_page(new_page(), course)


def open_the_desk(page, lab):
    page.goto(lab.address())
    page.locator(".jp-LauncherCard", has_text="Cohort").click()
    frame = page.frame_locator("#dla-desk iframe")
    frame.get_by_text("Nobody is graded yet.").wait_for()
    picture(page, "empty")
    return frame


def grade_all(page, frame):
    frame.get_by_role("button", name="Grade what is new").click()
    frame.locator("#progress", has_text=re.compile(rf"of {LEARNERS} graded")).wait_for(timeout=60_000)
    picture(page, "running")
    frame.locator(".counts div", has_text=f"graded{LEARNERS}").wait_for(timeout=240_000)
    assert frame.locator(".mistakes li").count() > 0
    picture(page, "graded")


def look_at_a_notebook(page, frame):
    """From a learner's row to their notebook in Formgrader, one click."""
    frame.locator("section[aria-labelledby=learners] a", has_text="02_skill").first.click()
    frame.get_by_text("Submission #").first.wait_for()
    picture(page, "notebook")


def grade_one_in_formgrader(page, lab):
    """While a learner is graded, the server goes on answering."""
    page.goto(lab.address("dla/desk"))
    page.get_by_role("link", name="Formgrader", exact=True).click()
    row = page.locator("tbody tr").first
    row.locator(".autograde a").click()
    answered = page.request.get(lab.address("api/status"))
    assert answered.ok
    assert "Please wait" in row.inner_text()  # and grading was not through
    dialogue = page.locator(".modal.in")
    dialogue.get_by_text("Success").first.wait_for(timeout=90_000)
    picture(page, "one")
    dialogue.get_by_role("button", name="OK").click()


def feedback_of_all(page, lab):
    page.goto(lab.address("formgrader/manage_assignments"))
    row = page.locator("tbody tr", has_text="streamflow")
    row.locator(".generate-feedback a").click()
    page.locator(".modal.in").get_by_text("Success").first.wait_for(timeout=90_000)


def read_a_feedback_page(page, course):
    pages = sorted((course / "feedback").glob("*/streamflow/02_skill.html"))
    assert len(pages) == LEARNERS
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        scores = {one.student.id: one.score for one in gradebook.assignment_submissions("streamflow")}
    for path in pages:
        page.goto(path.as_uri())
        assert f"{scores[path.parts[-3]]:g}" in page.locator("body").inner_text()
    picture(page, "feedback")
    assert str(page.trouble) == ""
