"""The lessons are tests: every solution notebook runs from top to bottom, scores in full, and takes the time it says."""

import resource
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.lessons import find_lessons, read_lesson
from autograder.notebooks import solution
from dla_widgets.exercise import exercises
from dla_widgets.verdict import MIME

COURSE = Path(__file__).parents[1] / "course"
LESSONS = [read_lesson(path) for path in find_lessons(COURSE)]
MOST_SECONDS = 120

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: f"{lesson.project}-{lesson.name}")
def test_the_solution_runs_and_scores_in_full(lesson, tmp_path):
    notebook = solution(lesson)
    seconds = run(notebook, tmp_path)
    print(f"\n{lesson.name}: {seconds:.0f} s")
    assert [v["exercise"] for v in verdicts(notebook) if v["score"] < 1] == []
    assert {v["exercise"] for v in verdicts(notebook)} == {cell.name for cell in lesson.cells if cell.role == "tests"}
    assert noise(notebook) == []
    assert seconds < MOST_SECONDS
    assert seconds < 2 * lesson.seconds, "the header promises less; bring its seconds up to date"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: f"{lesson.project}-{lesson.name}")
def test_a_lesson_is_whole(lesson):
    roles = [cell.role for cell in lesson.cells]
    assert 3 <= roles.count("tests") <= 6
    assert roles.count("answer") >= 1
    assert roles.count("advisor") >= 1
    assert lesson.seconds and lesson.seconds < MOST_SECONDS


def test_every_exercise_is_asked_in_exactly_one_lesson():
    asked = [cell.name for lesson in LESSONS for cell in lesson.cells if cell.role == "tests"]
    assert sorted(asked) == sorted(exercises())


def run(notebook: nbformat.NotebookNode, folder: Path) -> float:
    """Execute `notebook` in `folder`; the seconds it takes on a machine with nothing else to do.

    On a busy machine the clock says more than that, on one with several cores the CPU seconds do: the smaller counts.
    """
    wall, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    wall, used = time.monotonic() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    return min(wall, used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime)


def verdicts(notebook: nbformat.NotebookNode) -> list[dict]:
    return [
        output.data[MIME]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if MIME in output.get("data", {})
    ]


def noise(notebook: nbformat.NotebookNode) -> list[str]:
    """What a library printed on stderr: a learner would wonder what they did wrong."""
    return [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
