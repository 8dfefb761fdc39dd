"""Half of a grade is the score and half the explanation; nbgrader's gradebook and its own export say the same."""

import csv
import io
import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from a_contest import Arena, Clocked
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning

from autograder.competition import teams
from autograder.competition.grades import Grade, as_csv, grades, share, to_gradebook
from autograder.competition.store import Refused
from autograder.desk import records
from autograder.notebooks import make_course_folder

#: team -> its members and the NSE of its file; the benchmark has 0.64
TEAMS = {"Best": (["ada", "bea"], 0.84), "Level": (["cy"], 0.64), "Low": (["di"], 0.19), "Far out": (["ed"], -1.25),
         "Cheats": (["flo"], 0.99), "Silent": (["gus"], None)}  # fmt: skip


@pytest.fixture(scope="module")
def contest(table_competition, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grades")
    arena = Arena(table_competition, folder, Clocked(f"sqlite:///{folder}/board.sqlite"), benchmarks=[
        {"name": "mean", "file": "mean.csv"}, {"name": "model", "file": "model.csv"}])
    (arena.folder / "mean.csv").write_bytes(arena.file(0.02))
    (arena.folder / "model.csv").write_bytes(arena.file(0.64, seed=7))
    for name, (members, skill) in TEAMS.items():
        sender, *_ = arena.team(name, *members)
        if skill is not None:
            arena.enter(sender, arena.file(skill))
    arena.person("hal")
    teams.create(arena.contest, arena.advisor, "Advisors", "UTC")
    arena.enter(arena.advisor, arena.file(0.999))
    arena.score()
    teams.disqualify(arena.contest, arena.advisor, "Cheats", "=shared its file")
    teams.mark(arena.contest, arena.advisor, "Best", 41.5, "Well said.")
    teams.mark(arena.contest, arena.advisor, "Cheats", 10, "")
    return arena.contest


@pytest.fixture(scope="module")
def rows(contest):
    return grades(contest)


@pytest.fixture(scope="module")
def first_course(tmp_path_factory):
    """nbgrader's course folder, with a lesson graded and learners in its gradebook."""
    folder = tmp_path_factory.mktemp("course")
    make_course_folder(folder)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # nbgrader calls alembic
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            gradebook.add_assignment("streamflow")
            gradebook.add_notebook("02_skill", "streamflow")
            gradebook.add_grade_cell("nse-tests", "02_skill", "streamflow", max_score=2, cell_type="code")
            for name in ("ada", "bea", "cy", "di", "gus", "hal", "zoe"):
                gradebook.add_student(name, last_name=name.title())
                gradebook.add_submission("streamflow", name)
                gradebook.find_grade("nse-tests", "02_skill", "streamflow", name).auto_score = 1.5
            gradebook.db.commit()
    return folder


@pytest.fixture
def course(first_course, tmp_path):
    return shutil.copytree(first_course, tmp_path / "course")


def test_half_is_the_score_and_half_the_explanation(rows):
    of = {row.learner: row for row in rows}
    assert list(of) == ["ada", "bea", "cy", "di", "ed", "flo", "gus", "hal"]  # the advisor gets no grade, nor counts as the best
    assert {name: row.score_points for name, row in of.items()} == {
        "ada": 50, "bea": 50, "cy": 25, "di": pytest.approx(25 * 0.19 / 0.64, abs=0.01), "ed": 0, "flo": 0, "gus": 0, "hal": None}
    assert of["ada"].score == pytest.approx(0.84) and of["ada"].total == 91.5 and not of["ada"].waits
    assert (of["cy"].total, of["cy"].waits) == (25, True)
    assert of["ada"].note == "median NSE 0.84; benchmark 0.64, best team 0.84" and of["ada"].comment == "Well said."
    assert (of["flo"].total, of["flo"].note) == (10, "disqualified: =shared its file")
    assert of["gus"].note == "nothing was handed in that could be scored" and of["gus"].handed_in is None
    assert (of["hal"].team, of["hal"].total, of["hal"].waits, of["hal"].note) == (None, None, False, "in no team yet")


@pytest.mark.parametrize(("benchmark", "best", "trivial", "expected"), [
    # scores -9, 0.2, 0.4, 0.6, 0.8
    (0.4, 0.8, 0.0, [0, 0.25, 0.5, 0.75, 1]),
    (0.4, 0.8, -0.4, [0, 0.375, 0.5, 0.75, 1]),
    (0.8, 0.8, 0.0, [0, 0.125, 0.25, 0.375, 0.5]),  # who only reaches the benchmark has its share, even as the best
    (0.8, 0.4, 0.0, [0, 0.125, 0.25, 0.375, 0.5]),
    (None, 0.8, 0.0, [0, 0.25, 0.5, 0.75, 1]),
    (-0.5, 0.8, 0.0, [0, 0.25, 0.5, 0.75, 1]),  # a benchmark that is worse than nothing is none
])
def test_the_line_from_nothing_to_all(benchmark, best, trivial, expected):
    found = [share(score, benchmark, best, 0.5, trivial) for score in (-9, 0.2, 0.4, 0.6, 0.8)]
    assert found == pytest.approx(expected, abs=1e-3)


def test_an_error_of_twice_the_benchmarks_earns_nothing():
    found = [share(-error, -1.0, -0.5, 0.4, None) for error in (3, 2, 1.5, 1, 0.75, 0.5)]
    assert found == pytest.approx([0, 0, 0.2, 0.4, 0.7, 1])
    assert [share(-error, None, -0.5, 0.4, None) for error in (1, 0.75, 0.5)] == pytest.approx([0, 0.5, 1])
    assert share(-5.0, None, -5.0, 0.4, 0.0) == share(0.0, None, 0.0, 0.4, 0.0) == share(-0.2, -0.3, -0.2, 0.4, 0.0) == 0
    assert share(-1.0, -1.0, -1.0, 0.4, None) == 0.4 and share(0.0, None, 0.0, 0.4, None) == 1


def test_csv_for_people_and_for_learning_platforms(rows):
    table = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert [row["learner"] for row in table] == [row.learner for row in rows]
    assert (table[0]["total"], table[0]["of"], table[0]["waits for marks"]) == ("91.5", "100", "no")
    assert table[5]["note"] == "disqualified: =shared its file" and (table[7]["team"], table[7]["total"]) == ("", "")
    assert as_csv(rows, "moodle", "rivers").splitlines()[:2] == ["username,rivers", "ada,91.5"]
    assert as_csv(rows, "canvas", "rivers").splitlines()[1] == "    Points Possible,,,,100"
    assert as_csv([Grade("=1+1", "@x", 100.0, note="-1")]).splitlines()[1].split(",")[:2] == ["'=1+1", "'@x"]
    with pytest.raises(Refused, match="there is no export for 'blackboard'; there are moodle, canvas, generic"):
        as_csv(rows, "blackboard")


def exported(course):
    """What nbgrader's own export says: (assignment, learner) -> score and most."""
    from nbgrader.plugins.export import CsvExportPlugin

    plugin = CsvExportPlugin(to=str(course / "grades.csv"))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        plugin.export(gradebook)
    with (course / "grades.csv").open() as file:
        return {(row["assignment"], row["student_id"]): (float(row["score"]), float(row["max_score"]))
                for row in csv.DictReader(file)}  # fmt: skip


def test_the_gradebook_its_export_and_the_dashboard_say_the_same(rows, course, monkeypatch):
    monkeypatch.chdir(course.parent)  # a course folder is named from where one stands
    before = {key: value for key, value in exported(course).items() if key[0] == "streamflow"}
    lines = to_gradebook(rows, Path(course.name), "streamflow-competition")
    assert lines == [
        "streamflow-competition: 5 learners are in the gradebook now",
        "3 of them wait for marks: cy, di, gus",
        "2 are not in the gradebook, and were left out (--add adds them): ed, flo",
        "1 are in no team, and have no grade: hal"]
    after = exported(course)
    assert {key: value for key, value in after.items() if key[0] == "streamflow"} == before
    assert after["streamflow-competition", "ada"] == after["streamflow-competition", "bea"] == (91.5, 100)
    assert after["streamflow-competition", "cy"] == (25, 100) and after["streamflow-competition", "gus"] == (0, 100)
    assert ("streamflow-competition", "ed") not in after

    found = {one.learner: one for one in records.read(course, f"sqlite:///{course}/gradebook.db", "streamflow-competition")}
    assert sorted(found) == ["ada", "bea", "cy", "di", "gus"] and all(one.graded for one in found.values())
    assert (found["ada"].score, found["ada"].most, found["ada"].waits, found["cy"].waits) == (91.5, 100, False, True)
    assert {name: one.answers[0].status for name, one in found.items()} == {
        "ada": "right", "bea": "right", "cy": "partial", "di": "partial", "gus": "not attempted"}
    assert found["cy"].answers[0].message == "median NSE 0.64; benchmark 0.64, best team 0.84"
    assert found["ada"].handed_in is not None and not found["ada"].late_seconds


def test_formgrader_finds_every_page_and_what_was_typed_there_stays(rows, course, monkeypatch):
    name = "streamflow-competition"
    to_gradebook(rows, course, name)
    monkeypatch.chdir(course)
    NbGrader.clear_instance()
    app = NbGrader()
    app.initialize([])
    api = NbGraderAPI(CourseDirectory(parent=app, root=str(course)), parent=app)
    [listed] = api.get_assignments()
    assert (listed["name"], listed["num_submissions"], listed["max_score"]) == (name, 5, 100)
    assert [one["autograded"] for one in api.get_submissions(name)] == [True] * 5
    pages = {one["student"]: one for one in api.get_notebook_submissions(name, "competition")}
    assert sorted(pages) == ["ada", "bea", "cy", "di", "gus"]
    assert {who: page["needs_manual_grade"] for who, page in pages.items()} == {
        "ada": False, "bea": False, "cy": True, "di": True, "gus": True}
    assert pages["ada"]["written_score"] == 91.5

    with api.gradebook as gradebook:
        grade = gradebook.find_grade("explanation", "competition", name, "cy")
        grade.manual_score, grade.needs_manual_grade = 33.0, False
        gradebook.find_comment("explanation", "competition", name, "cy").manual_comment = "typed by hand"
        gradebook.db.commit()
    to_gradebook(rows, course, name)
    assert exported(course)[name, "cy"] == (58, 100)
    with api.gradebook as gradebook:
        assert gradebook.find_comment("explanation", "competition", name, "cy").comment == "typed by hand"
        assert gradebook.find_comment("explanation", "competition", name, "ada").comment == "Well said."
        assert not gradebook.find_submission(name, "cy").needs_manual_grade


def test_a_second_export_changes_only_what_has_changed(rows, course):
    name, files = "streamflow-competition", lambda: {path: path.stat().st_mtime_ns for path in course.rglob("*.ipynb")}
    to_gradebook(rows, course, name)
    first, there = exported(course), files()
    assert to_gradebook(rows, course, name)[0] == f"{name}: 5 learners are in the gradebook now"
    assert exported(course) == first and files() == there
    later = [Grade(**{**vars(row), "explanation_points": 20.0, "total": 20 + row.score_points, "waits": False})
             if row.learner == "cy" else row for row in rows if row.learner != "bea"]  # fmt: skip
    lines = to_gradebook(later, course, name, add=True)
    assert lines[0] == f"{name}: 6 learners are in the gradebook now"
    assert lines[-1] == "1 keep a grade from before, and would have none now: bea"
    assert exported(course) == first | {(name, "cy"): (45, 100), (name, "ed"): (0, 100), (name, "flo"): (10, 100),
                                        ("streamflow", "ed"): (0, 2), ("streamflow", "flo"): (0, 2)}  # fmt: skip


def test_what_cannot_be_exported_is_said(rows, course, tmp_path_factory):
    with pytest.raises(Refused, match="is no course folder: it has no nbgrader_config.py; `autograder build` makes one"):
        to_gradebook(rows, tmp_path_factory.mktemp("empty"), "x")
    with pytest.raises(Refused, match="streamflow has the lesson 02_skill in the gradebook: it is no competition's"):
        to_gradebook(rows, course, "streamflow")
    for name in ("../x", "a/b", "", "a b", "x" * 200):
        with pytest.raises(Refused, match="is no name for an assignment"):
            to_gradebook(rows, course, name)
    odd = [Grade(name, "T", 100.0, 0.5, 25.0, None, 25.0, True) for name in ("../../evil", "a+b", "..", "x" * 129, "ok")]
    lines = to_gradebook(odd, course, "c", add=True)
    assert lines[0] == "c: 1 learners are in the gradebook now" and "../../evil" in lines[2] and "cannot be students" in lines[2]
    assert not list(course.parent.rglob("evil")) and to_gradebook([], course, "d") == [
        "no learner is known here; the gradebook was left as it is"]
