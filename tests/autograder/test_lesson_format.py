"""Lessons: what the text format means, what it refuses, and that two builds are equal to the byte."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from typer.testing import CliRunner

from autograder import notebooks
from autograder.cli import app
from autograder.lessons import LessonError, find_lessons, read_lesson
from autograder.syllabus import BEGIN, END, syllabus, update_readme, with_syllabus

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "course" / "template_lesson.py"
LESSONS = [TEMPLATE, *sorted((ROOT / "course").glob("*/[0-9][0-9]_*.py"))]

HEADER = """\
# ---
# jupyter:
#   dla:
#     title: Rivers
#     objectives:
#       - Say what a river is
#     minutes: 30
#     prerequisites: []
# ---

"""
LESSON = HEADER + '''\
# %% [markdown]
r"""
Rivers run downhill.
"""

# %% [markdown] advisor
r"""
Wait for questions.
"""

# %% advisor
print("only the advisor sees this")

# %% solution="slope"
def slope(drop, length):
    """Slope of a river [-]."""
    ### BEGIN SOLUTION
    return drop / length
    ### END SOLUTION

# %% tests="slope" points=2
check("slope", slope)

# %% demo="slope"
print(slope(1, 100))

# %% [markdown] answer="downhill" points=1.5
r"""Why downhill?"""

# %%
print("again")

# %%
print("again")
'''


@pytest.fixture
def lesson(tmp_path):
    """Write a lesson, the given one or the sound one with one thing replaced, and return its path."""

    def write(text=LESSON, **replace):
        for old, new in replace.get("swap", {}).items():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "course" / "streamflow" / f"{replace.get('name', '01_rivers')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_a_lesson_is_read_with_its_roles(lesson):
    read = read_lesson(lesson())
    assert (read.project, read.name, read.title, read.minutes) == ("streamflow", "01_rivers", "Rivers", 30)
    assert [(c.kind, c.role, c.name, c.points) for c in read.cells] == [
        ("markdown", "", "", 0), ("markdown", "advisor", "", 0), ("code", "advisor", "", 0),
        ("code", "solution", "slope", 0), ("code", "tests", "slope", 2), ("code", "demo", "slope", 0),
        ("markdown", "answer", "downhill", 1.5), ("code", "", "", 0), ("code", "", "", 0)]
    assert read.points == 3.5 and read.exercises == ["slope"]


def test_the_learner_sees_a_stub_and_nothing_of_the_advisors(lesson):
    text = nbformat.writes(notebooks.learner(read_lesson(lesson())))
    assert "drop / length" not in text and "advisor" not in text and "SOLUTION" not in text
    found = sources(notebooks.learner(read_lesson(lesson())))
    assert found[2] == ('def slope(drop, length):\n    """Slope of a river [-]."""\n    # YOUR CODE HERE\n'
                        "    raise NotImplementedError()")
    assert found[5] == "Why downhill?\n\nYOUR ANSWER HERE"
    assert "print(slope(1, 100))" in found  # demos stay


def test_the_solution_has_no_markers_and_the_advisor_has_the_notes(lesson):
    solved = sources(notebooks.solution(read_lesson(lesson())))
    assert solved[2].endswith("    return drop / length") and not any("SOLUTION" in text for text in solved)
    assert not any("only the advisor" in text for text in solved)
    notes = notebooks.advisor(read_lesson(lesson()))
    assert 'print("only the advisor sees this")' in sources(notes) and "Wait for questions." in sources(notes)
    assert [cell.metadata["tags"] for cell in notes.cells if "tags" in cell.metadata] == [
        ["advisor"], ["advisor"], ["demo", "slope"]]


def test_the_header_is_the_first_thing_on_the_page(lesson):
    path = lesson(swap={"prerequisites: []": "prerequisites: [water]\n#     seconds: 7"})
    first = notebooks.learner(read_lesson(path)).cells[0]
    assert first.source == ("# Rivers\n\n*30 minutes* · *runs in 7 s on two cores*\n\n"
                            "**When you are through, you can**\n\n- Say what a river is\n\n**You need**\n\n- water")


def test_roles_become_nbgraders_metadata(lesson):
    marks = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader
             for cell in notebooks.source(read_lesson(lesson())).cells if "nbgrader" in cell.metadata}
    common = {"schema_version": 3, "task": False}
    assert marks == {
        "slope": common | {"grade": False, "solution": True, "locked": False, "grade_id": "slope"},
        "slope-tests": common | {"grade": True, "solution": False, "locked": True, "grade_id": "slope-tests",
                                 "points": 2},
        "downhill": common | {"grade": True, "solution": True, "locked": False, "grade_id": "downhill", "points": 1.5},
    }


def test_cell_ids_are_valid_unique_and_come_from_names_and_content(lesson):
    before = [cell.id for cell in notebooks.learner(read_lesson(lesson())).cells]
    assert len(set(before)) == len(before) and before[2:4] == ["slope", "slope-tests"]
    assert before[-1] == f"{before[-2]}-2"  # two cells with the same text
    after = [cell.id for cell in notebooks.learner(read_lesson(lesson(swap={"downhill.\n": "uphill.\n"}))).cells]
    assert [a == b for a, b in zip(before, after)] == [True, False] + [True] * (len(before) - 2)


FAULTS = {
    "an unknown role": ({'solution="slope"': 'solutoin="slope"'}, 24,
                        "unknown role or key 'solutoin'; did you mean 'solution'?"),
    "an unknown word": ({"# %% advisor": "# %% adviser"}, 21, "unknown role or key 'adviser'; did you mean 'advisor'?"),
    "an unknown key": ({"points=2": "points=2 hard=true"}, 31, "unknown role or key 'hard'"),
    "two roles": ({'tests="slope"': 'tests="slope" demo="x"'}, 31, "one role per cell, not tests and demo"),
    "options that cannot be read": ({'tests="slope" points=2': "tests=slope points=2"}, 31, "cannot read 'tests=slope"),
    "no points": ({" points=2": ""}, 31, 'tests without points; write for example tests="slope" points=2'),
    "no points for an answer": ({" points=1.5": ""}, 37, "answer without points"),
    "points of text": ({"points=2": 'points="2"'}, 31, "points must be a number above 0, is '2'"),
    "negative points": ({"points=2": "points=-2"}, 31, "points must be a number above 0, is -2"),
    "points where none belong": ({'demo="slope"': 'demo="slope" points=1'}, 34,
                                 "only a cell with tests or answer has points"),
    "a bad name": ({'demo="slope"': 'demo="The slope"'}, 34,
                   "demo='The slope': expected a short name of small letters"),
    "a name used twice": ({'answer="downhill"': 'answer="slope"'}, 37,
                          "the name 'slope' is taken by the solution on line 24; choose another"),
    "tests without solution": ({'tests="slope"': 'tests="slop"'}, 31,
                               "tests='slop' without a cell solution='slop' above it; did you mean 'slope'?"),
    "a solution without tests": ({'# %% tests="slope" points=2': "# %%"}, 24,
                                 "solution='slope' has no cell tests='slope'"),
    "code in place of words": ({'# %% [markdown] answer="downhill" points=1.5\nr"""Why downhill?"""':
                                '# %% answer="downhill" points=1.5\nprint()'}, 37,
                               "a cell with answer must be a markdown cell, this one is code"),
    "no markers": ({"    ### BEGIN SOLUTION\n": "", "    ### END SOLUTION\n": ""}, 24,
                   "solution='slope' has no ### BEGIN SOLUTION ... ### END SOLUTION"),
    "no end": ({"    ### END SOLUTION\n": ""}, 27, "every ### BEGIN SOLUTION needs one ### END SOLUTION after it"),
    "the end first": ({"BEGIN SOL": "@", "END SOL": "BEGIN SOL", "@": "END SOL"}, 27, "every ### BEGIN SOLUTION needs"),
    "a marker where learners look": ({'print("again")': '### BEGIN SOLUTION\nprint("again")'}, 41,
                                     "BEGIN SOLUTION in a cell that is no solution"),
    "a broken stub": ({"    ### BEGIN": "  ### BEGIN"}, 24, "without its solution the cell is not valid Python"),
    "tests that tell": ({'check("slope", slope)': "def right(drop, length):\n    return drop / length"}, 33,
                        "this line of the tests is a line of the solution, and learners see it: return drop / length"),
    "hidden tests": ({'check("slope", slope)': "### BEGIN HIDDEN TESTS"}, 32,
                     "no hidden tests: feedback pages show them"),
    "an attachment": ({"Rivers run downhill.": "Look:\n![map](attachment:map.png)"}, 14,
                      "an attachment is lost in a text file"),
    "a raw cell": ({"# %%\nprint": "# %% [raw]\nprint"}, 40, "a raw cell; a lesson has code and [markdown] cells"),
    "text before the first cell": ({"# %% [markdown]\nr": "import os\n\n# %% [markdown]\nr"}, 13,
                                   "is there text before the first"),
    "no header": ({HEADER: ""}, 1, "no header; expected '# jupyter:', '#   dla:' with title, objectives, minutes"),
    "no minutes": ({"#     minutes: 30\n": ""}, 3, "the header has no minutes; expected a whole number above 0"),
    "minutes in words": ({"minutes: 30": "minutes: half an hour"}, 3,
                         "minutes in the header must be a whole number above 0"),
    "no objectives": ({"objectives:\n#       - Say what a river is": "objectives: []"}, 3,
                      "objectives in the header must be a list of texts, is []"),
    "a colon in an objective": ({"Say what": "Say: what"}, 3, "put a text with a colon in quotes"),
    "an unknown field": ({"#     title": "#     minuts: 3\n#     title"}, 3,
                         "unknown header field 'minuts'; did you mean 'minutes'?"),
    "a header that is no YAML": ({"title: Rivers": "title: [Rivers"}, 1, "the header cannot be read as YAML"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_lesson_is_refused_with_file_line_and_advice(fault, lesson):
    swap, line, message = FAULTS[fault]
    path = lesson(swap=swap)
    with pytest.raises(LessonError) as error:
        read_lesson(path)
    said = str(error.value).split("\n")
    assert any(text.startswith(f"{path}:{line}: ") and message in text for text in said), said


def test_all_faults_of_all_lessons_are_named_at_once_and_nothing_is_written(lesson, tmp_path):
    lesson(swap={" points=2": "", "minutes: 30": "minutes: 0"})
    lesson(swap={'demo="slope"': 'dmeo="slope"'}, name="02_lakes")
    result = CliRunner().invoke(app, ["build", str(tmp_path / "course"), "--out", str(tmp_path / "build")])
    assert result.exit_code == 1
    assert [line.split("/")[-1].split(" ")[0] for line in result.output.strip().split("\n")] == [
        "01_rivers.py:3:", "01_rivers.py:31:", "02_lakes.py:34:"]
    assert not (tmp_path / "build").exists()


def test_a_folder_without_lessons_says_what_was_expected(tmp_path):
    with pytest.raises(LessonError, match=r"no lesson found; expected files such as .*01_basins\.py"):
        find_lessons(tmp_path)


def test_two_builds_are_equal_to_the_byte_whatever_the_hash_seed(lesson, tmp_path):
    lesson()
    lesson(TEMPLATE.read_text(), name="02_template")
    builds = []
    for seed in ("1", "2"):
        out = tmp_path / f"build{seed}"
        subprocess.run([sys.executable, "-m", "autograder", "build", str(tmp_path / "course"), "--out", str(out)],
                       env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        builds.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*.ipynb")})
    assert len(builds[0]) == 8 and builds[0] == builds[1]


def test_a_second_build_touches_nothing_and_removes_what_has_no_lesson(lesson, tmp_path):
    first, second = lesson(), lesson(name="02_lakes")
    out = tmp_path / "build"
    notebooks.build(tmp_path / "course", out)
    salt = (out / "nbgrader" / "grading_salt.txt").read_text()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    notebooks.build(tmp_path / "course", out)
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    second.unlink()
    notebooks.build(tmp_path / "course", out)
    assert sorted(path.name for path in out.rglob("*.ipynb")) == [f"{first.stem}.ipynb"] * 4
    assert (out / "nbgrader" / "grading_salt.txt").read_text() == salt


def test_one_lesson_can_be_built_alone(lesson, tmp_path):
    lesson()
    alone = lesson(name="02_lakes")
    result = CliRunner().invoke(app, ["build", str(alone), "--out", str(tmp_path / "build")])
    assert result.exit_code == 0 and "streamflow/02_lakes" in result.output
    assert {path.name for path in (tmp_path / "build").rglob("*.ipynb")} == {"02_lakes.ipynb"}


def test_the_salt_is_for_the_advisors_eyes_only(lesson, tmp_path):
    notebooks.build(lesson().parents[1], tmp_path / "build")
    assert (tmp_path / "build" / "nbgrader" / "grading_salt.txt").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_of_the_course_is_sound(path):
    lesson = read_lesson(path)
    assert lesson.points and lesson.exercises
    text = nbformat.writes(notebooks.learner(lesson))
    assert "SOLUTION" not in text
    assert [c.source for c in jupytext.read(path).cells] == [c.source for c in lesson.cells]  # opens as a notebook too


def test_the_syllabus_says_what_the_headers_say(lesson):
    assert syllabus([read_lesson(lesson())]).split("\n") == [
        "### streamflow", "", "| lesson | when you are through, you can | minutes | points |", "|---|---|--:|--:|",
        "| [Rivers](streamflow/01_rivers.py) | Say what a river is | 30 | 3.5 |", "", "1 lesson, about 1 hour."]


def test_the_syllabus_is_put_between_its_markers(lesson, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert update_readme(readme, [read_lesson(lesson())])
    assert "old" not in readme.read_text() and "| 30 |" in readme.read_text()
    assert readme.read_text().startswith("before\n") and readme.read_text().endswith(f"{END}\nafter\n")
    assert not update_readme(readme, [read_lesson(lesson())])
    with pytest.raises(LessonError, match="no place for the syllabus; add the lines <!-- syllabus: begin -->"):
        with_syllabus("nothing", [])


def test_the_syllabus_of_the_course_is_up_to_date():
    readme = (ROOT / "course" / "README.md").read_text()
    lessons = [read_lesson(path) for path in LESSONS if path != TEMPLATE]
    assert with_syllabus(readme, lessons) == readme, "run `autograder build`, which brings the table up to date"
