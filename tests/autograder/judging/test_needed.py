"""Only what the questions need is run, and everything where that was not enough."""

import nbformat
from marked_cells import questions, solution
from nbformat.v4 import new_code_cell, new_notebook

from autograder.judging.needed import needed

F = solution("f", "def f(x):\n    return x * scale")
CHECKS = questions("f", "assert f(2) == 4")


def chosen(*cells) -> set[int]:
    return needed(new_notebook(cells=[new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]))


def test_a_question_needs_what_its_names_need():
    assert chosen("import time", "scale = base", "base = 2", "time.sleep(9)", F, CHECKS, "print(f(1))") == {0, 1, 2, 4, 5}


def test_the_last_binding_before_counts_and_so_do_changes_in_place():
    assert chosen("scale = 1", "scale = 2", F, "scale += 1", "d = {}", "d['a'] = scale", CHECKS) == {1, 2, 3, 6}
    assert chosen("scale = [1]", "scale.append(2)", "print(scale)", F, CHECKS) == {0, 1, 3, 4}


def test_what_cannot_be_read_is_run():
    assert chosen("%time x = 1", "exec('scale = 2')", "y = 3", "from math import *", F, CHECKS) == {0, 1, 3, 4, 5}


def test_a_functions_own_names_are_not_the_notebooks():
    own = solution("f", "def f(x):\n    y = x\n    return [z for z in y]")
    assert chosen("x = 1", "y = 2", own, questions("f", "f([1])")) == {2, 3}


def test_the_lessons_of_the_course_need_few_cells(built_course):
    for path in sorted(built_course.glob("solution/*/*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        code = [n for n, cell in enumerate(nb.cells) if cell.cell_type == "code"]
        assert len(needed(nb)) <= 0.6 * len(code), path


def test_cells_that_no_question_needs_are_not_run_and_say_so(judged):
    verdicts, nb = judged("scale = 2", "print('a long training')", F, CHECKS, run="needed")
    assert verdicts["f-tests"]["status"] == "right"
    assert nb.cells[1].outputs[0].text == "(not run in grading: no question needs it)\n"
    assert nb.metadata["dla"]["grading"]["run"] == "3 of 4 cells"


def test_everything_is_run_where_reading_was_not_enough(judged):
    sneaky = "import sys\nsys.modules['__main__'].__dict__['scale'] = 2"
    verdicts, nb = judged("globals_of = 1", sneaky, F, CHECKS, run="needed")
    assert verdicts["f-tests"]["status"] == "right" and nb.metadata["dla"]["grading"]["run"] == "4 of 4 cells"
