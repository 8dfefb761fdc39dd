"""The lessons are tests: every solution notebook runs from top to bottom, scores in full, and takes the time it says.

The last lesson of each project runs in test_competitions.py, where there is a competition to enter.
"""

import pytest
from lesson_runs import COMPETITIONS, LESSONS, MOST_SECONDS, judge, run

from autograder.notebooks import solution
from dla_widgets.exercise import exercises

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("lesson", [one for one in LESSONS if one not in COMPETITIONS],
                         ids=lambda lesson: f"{lesson.project}-{lesson.name}")
def test_the_solution_runs_and_scores_in_full(lesson, tmp_path):
    notebook = solution(lesson)
    judge(lesson, notebook, run(notebook, tmp_path))


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
