"""Grading is killed where it hurts: a worker, the whole run, in the middle of a learner's marks. Nothing is lost or doubled."""

import os
import signal
import subprocess
import sys
import time

import deadly_work
import psutil
import pytest
from gradebook_says import graded, scores
from nbgrader.api import Gradebook

from autograder.grading.cohort import grade, progress
from autograder.grading.course import Course
from autograder.grading.task import Task
from autograder.grading.workers import done


def workers() -> list[psutil.Process]:
    """The processes of this one's pool: its forkserver's children."""
    return [worker for server in psutil.Process().children() if any("forkserver" in word for word in server.cmdline())
            for worker in server.children()]


def test_a_killed_worker_costs_its_notebooks_a_second_try(course, class_of):
    expected, killed = class_of(8), []

    def kill_one(progress):
        if progress["done"] == 2 and not killed:
            killed.append(workers()[0])
            killed[0].kill()

    report = grade(Course(course, "streamflow"), workers=2, tell=kill_one)
    assert killed and report.failed == {}
    assert sorted(report.graded) == sorted(expected)
    assert scores(course) == expected


def test_one_that_kills_every_process_that_judges_it_costs_nobody_else():
    names = ["a", "b", "deadly", "c", "d", "e", "f"]
    results = {task.learner: result for task, result in done(
        [Task(name, "01_rain", "", "", "", key=name) for name in names], workers=2, work=deadly_work.work)}
    assert sorted(results) == sorted(names)
    assert "died 3 times, with nothing else running" in str(results.pop("deadly"))
    assert results == {name: f"{name} judged" for name in names if name != "deadly"}


def begin(course):
    """``autograder grade`` in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "autograder", "grade", "streamflow", "--course", str(course), "--workers", "2",
                             "--skip-preflight"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)


def kill_when(running: subprocess.Popen, is_time) -> None:
    end = time.monotonic() + 120
    while not is_time():
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.001)
    running.send_signal(signal.SIGKILL)
    running.wait(30)


def left_running(run: subprocess.Popen) -> list[psutil.Process]:
    """Processes of a run that are still there a while after its end."""
    end = time.monotonic() + 20
    while (left := [one for one in psutil.process_iter() if _session(one.pid) == run.pid]) and time.monotonic() < end:
        time.sleep(0.2)
    return left


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def finished(course, expected):
    """Grade what is left, in-process, and see that everything is there once."""
    report = grade(Course(course, "streamflow"))
    assert report.failed == {}
    assert scores(course) == expected
    assert graded(course) == sorted(expected)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        submissions = gradebook.assignment_submissions("streamflow")
        assert len(submissions) == len(expected)
        assert {len(notebook.grades) for one in submissions for notebook in one.notebooks} == {1, 2}
    assert not list((course / ".grading" / "writing").rglob("learner-*"))
    return report


def test_a_run_killed_half_way_goes_on_where_it_was(course, class_of):
    expected = class_of(8)
    running = begin(course)
    kill_when(running, lambda: len(graded(course)) >= 3 and progress(course)["running"])
    assert left_running(running) == []
    assert not progress(course)["running"] and progress(course)["total"] == 8
    kept = len(list((course / ".grading" / "judged").glob("*.ipynb")))
    written = [learner for learner in graded(course) if not (course / ".grading" / "writing" / "streamflow" / learner).exists()]
    report = finished(course, expected)
    assert kept >= 3 and report.judged == len(expected) - kept
    assert set(written) <= set(report.skipped)


def test_killed_while_it_writes_a_learners_marks(course, class_of):
    expected = class_of(4)
    writing = course / ".grading" / "writing" / "streamflow"
    kill_when(begin(course), lambda: writing.is_dir() and any(writing.iterdir()))
    half = [path.name for path in writing.iterdir()]
    assert len(half) <= 1  # the kill may come a moment late
    assert set(half) <= set(finished(course, expected).graded)


@pytest.mark.parametrize("at", ["autograded", "gradebook"])
def test_half_written_marks_are_written_again(course, class_of, at):
    """As a kill would leave them: the mark that a learner is being written, and half of what was to be written."""
    expected = class_of(2)
    grade(Course(course, "streamflow"))
    mark = course / ".grading" / "writing" / "streamflow" / "learner-0"
    mark.touch()
    if at == "autograded":
        (course / "autograded" / "learner-0" / "streamflow" / "01_rain.ipynb").unlink()
    else:
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            gradebook.find_grade("runoff_ratio-tests", "01_rain", "streamflow", "learner-0").auto_score = None
            gradebook.db.commit()
    report = finished(course, expected)
    assert (report.graded, report.judged) == (["learner-0"], 0)


def test_a_stop_by_the_advisor_leaves_a_lock_that_is_free(course, class_of):
    expected = class_of(6)
    running = begin(course)
    end = time.monotonic() + 120
    while not graded(course) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)  # Ctrl-C
    running.communicate(timeout=60)
    assert left_running(running) == []
    finished(course, expected)
