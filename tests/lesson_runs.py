"""Running the solution of a lesson as a learner would, and what must come of it."""

import resource
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from autograder.lessons import find_lessons, read_lesson
from dla_widgets.verdict import MIME

COURSE = Path(__file__).parents[1] / "course"
LESSONS = [read_lesson(path) for path in find_lessons(COURSE)]
COMPETITIONS = [lesson for lesson in LESSONS if lesson.name == "06_competition"]
MOST_SECONDS = 120


def judge(lesson, notebook: nbformat.NotebookNode, seconds: float) -> None:
    """The solution scores in full, is silent, and took about as long as the header of the lesson says."""
    print(f"\n{lesson.name}: {seconds:.0f} s")
    assert [v["exercise"] for v in verdicts(notebook) if v["score"] < 1] == []
    assert {v["exercise"] for v in verdicts(notebook)} == {cell.name for cell in lesson.cells if cell.role == "tests"}
    assert noise(notebook) == []
    assert seconds < MOST_SECONDS
    assert seconds < 2 * lesson.seconds, "the header promises less; bring its seconds up to date"


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
