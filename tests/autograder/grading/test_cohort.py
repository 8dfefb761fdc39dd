"""Grading a cohort: everybody's points, what is graded again and what is not, what an advisor has marked stays."""

import fcntl
import json
import re
import shutil
from datetime import UTC, datetime

import nbformat
import pytest
from gradebook_says import graded, scores
from nbgrader.api import Gradebook
from postgres import Cluster

from autograder.desk.records import read
from autograder.grading.cohort import Busy, grade
from autograder.grading.course import Course, CourseError
from autograder.rescue import grade_id


def test_everybody_gets_their_points_and_nobody_is_graded_twice(course, class_of, hand_in):
    expected, seen = class_of(5), []
    report = grade(Course(course, "streamflow"), tell=seen.append)
    assert (sorted(report.graded), report.failed, report.judged) == (sorted(expected), {}, 5)
    assert scores(course) == expected
    assert [one["done"] for one in seen] == sorted(one["done"] for one in seen)
    assert seen[-1]["done"] == seen[-1]["total"] == 5 and not seen[-1]["running"]
    assert any(one["eta_seconds"] for one in seen if one["running"])
    assert json.loads((course / ".grading" / "progress.json").read_text()) == seen[-1]

    hand_in("learner-2", "right", datetime(2026, 3, 2, tzinfo=UTC))  # was wrong, and hands in again
    report = grade(Course(course, "streamflow"))
    assert (report.graded, len(report.skipped), report.judged) == (["learner-2"], 4, 1)
    assert scores(course) == expected | {"learner-2": 2.0}


def test_one_learner_alone_and_by_force(course, class_of):
    expected = class_of(3)
    assert grade(Course(course, "streamflow"), ["learner-1"]).graded == ["learner-1"]
    assert graded(course) == ["learner-1"]
    report = grade(Course(course, "streamflow"), ["learner-1"], force=True)
    assert (report.graded, report.judged) == (["learner-1"], 1)
    assert scores(course) == {"learner-1": expected["learner-1"]}


def test_after_a_lesson_was_mended_only_its_notebooks_are_judged_again(course, class_of, hand_in, run_nbgrader):
    class_of(3)
    for learner in ("learner-0", "learner-1"):
        hand_in(learner, "", lesson="02_slope")
    assert grade(Course(course, "streamflow")).judged == 5
    assert scores(course, question="slope-tests") == {"learner-0": 1, "learner-1": 1, "learner-2": 0}
    source = course / "source" / "streamflow" / "02_slope.ipynb"
    notebook = nbformat.read(source, as_version=4)
    asked = next(cell for cell in notebook.cells if grade_id(cell) == "slope-tests")
    asked.source = asked.source.replace("0.01", "1")  # the author finds that percent were meant
    nbformat.write(notebook, source)
    run_nbgrader(course, "generate_assignment", "streamflow", "--force")
    report = grade(Course(course, "streamflow"), regrade=True)
    assert report.judged == 2 and sorted(report.graded) == ["learner-0", "learner-1"] and report.skipped == ["learner-2"]
    assert scores(course, question="slope-tests") == {"learner-0": 0, "learner-1": 0, "learner-2": 0}


def test_what_an_advisor_marked_stays_when_grading_runs_again(course, class_of):
    class_of(1)
    grade(Course(course, "streamflow"))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        written = gradebook.find_grade("above_one", "01_rain", "streamflow", "learner-0")
        assert written.needs_manual_grade
        written.manual_score, written.extra_credit, written.needs_manual_grade = 1.5, 0.5, False
        gradebook.find_comment("above_one", "01_rain", "streamflow", "learner-0").manual_comment = "Well argued."
        gradebook.db.commit()
    grade(Course(course, "streamflow"), force=True)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        written = gradebook.find_grade("above_one", "01_rain", "streamflow", "learner-0")
        assert (written.manual_score, written.extra_credit, written.score) == (1.5, 0.5, 2.0)
        assert gradebook.find_comment("above_one", "01_rain", "streamflow", "learner-0").comment == "Well argued."
        assert gradebook.find_submission("streamflow", "learner-0").score == 4.0


def test_late_ones_lose_what_nbgraders_penalty_says(course, hand_in):
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("streamflow", duedate="2026-03-02 12:00:00 UTC")
    hand_in("early", "right", datetime(2026, 3, 2, 11, tzinfo=UTC))
    hand_in("late", "right", datetime(2026, 3, 2, 13, tzinfo=UTC))
    grade(Course(course, "streamflow"))
    assert scores(course) == {"early": 2, "late": 2}
    desk = read(course, f"sqlite:///{course}/gradebook.db", "streamflow")
    assert {one.learner: (one.score, one.late_seconds) for one in desk} == {"early": (2, 0), "late": (0, 3600)}


def test_two_do_not_grade_one_folder(course, class_of):
    class_of(1)
    (course / ".grading").mkdir()
    with (course / ".grading" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("process 77")
        lock.flush()
        with pytest.raises(Busy, match=r"is being graded by another run \(process 77\); wait for it, or stop it"):
            grade(Course(course, "streamflow"))
    assert grade(Course(course, "streamflow")).graded == ["learner-0"]


def test_a_name_that_nobody_has_is_said(course, class_of):
    class_of(2)
    with pytest.raises(CourseError, match=r"nobody has handed in streamflow as ada; there are learner-0, learner-1"):
        grade(Course(course, "streamflow"), ["ada"])


def test_a_folder_that_cannot_be_graded_says_what_it_lacks(course, tmp_path):
    with pytest.raises(CourseError, match=r"has no nbgrader_config.py; `autograder build` makes one"):
        Course(tmp_path, "streamflow")
    with pytest.raises(CourseError, match=re.escape("nothing is released as 'rivers'; released are streamflow. "
                                                    "Run `nbgrader generate_assignment rivers`")):
        Course(course, "rivers")


def test_one_that_cannot_be_read_at_all_costs_nobody_else(course, class_of):
    expected = class_of(2)
    bad = course / "submitted" / "bad" / "streamflow"
    bad.mkdir(parents=True)
    (bad / "01_rain.ipynb").write_text('{"cells": [')
    (course / "submitted" / "empty" / "streamflow").mkdir(parents=True)
    report = grade(Course(course, "streamflow"))
    assert set(expected) <= set(report.graded)
    assert {learner: score for learner, score in scores(course).items() if learner in expected} == expected


def test_the_gradebook_can_be_a_postgresql(course, class_of, run_nbgrader):
    pytest.importorskip("psycopg2", reason='no psycopg2: pip install "dla-course-kit[datacube]"')
    expected = class_of(4)
    with Cluster() as server:
        with (course / "nbgrader_config.py").open("a") as config:
            config.write(f"c.CourseDirectory.db_url = {server.url!r}\n")
        (course / "gradebook.db").unlink(missing_ok=True)
        shutil.rmtree(course / "release")
        run_nbgrader(course, "generate_assignment", "streamflow", "--force")
        assert sorted(grade(Course(course, "streamflow")).graded) == sorted(expected)
        assert scores(course, server.url) == expected
        assert not (course / "gradebook.db").exists()
