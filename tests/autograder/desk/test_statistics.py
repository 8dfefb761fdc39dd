"""Item statistics against SciPy and a case worked by hand; exports against what a spreadsheet makes of them."""

import csv
import io

import numpy as np
import pytest
from scipy.stats import pointbiserialr

from autograder.desk.lms import export
from autograder.desk.records import Answer, Submission
from autograder.desk.statistics import FEWEST, items, mistakes


def answer(question, score, status=None, mistake=""):
    status = status or ("right" if score == 1 else "wrong")
    return Answer("02_skill", question, 2.0, score, status, "Why.", mistake, question, 0.1)


def cohort(scores):
    """Learners by row, questions by column."""
    return [Submission(f"learner-{n}", f"Learner {n}", score=float(2 * sum(row)), most=2.0 * len(row),
                       answers=[answer(f"q{k}-tests", float(one)) for k, one in enumerate(row)])
            for n, row in enumerate(scores)]


def test_discrimination_is_the_point_biserial_correlation_with_the_other_questions():
    scores = np.random.default_rng(3).integers(0, 2, (30, 5))
    for k, item in enumerate(items(cohort(scores))):
        rest = np.delete(scores, k, axis=1).sum(axis=1)
        assert item.discrimination == pytest.approx(pointbiserialr(scores[:, k], rest).statistic)
        assert item.easiness == pytest.approx(scores[:, k].mean())


def test_few_answers_and_answers_that_are_all_alike_say_nothing():
    few = items(cohort(np.eye(FEWEST - 1)))
    assert {item.discrimination for item in few} == {None} and few[0].words == "too few answers to say"
    alike = items(cohort(np.ones((FEWEST, 2))))
    assert alike[0].discrimination is None and alike[0].words == "everybody alike"


def test_a_question_that_the_good_ones_fail_is_named():
    scores = [[1, 1, 1, 0]] * 5 + [[0, 0, 0, 1]] * 5
    assert [item.words for item in items(cohort(scores))] == ["tells well"] * 3 + ["look at it: who is good elsewhere fails here"]


def test_the_most_frequent_mistake_comes_first_with_who_made_it():
    made = {"a": "roots", "b": "gaps_as_zero", "c": "gaps_as_zero"}
    found = mistakes([Submission(who, who, answers=[answer("nse-tests", 0, "mistake", name)]) for who, name in made.items()])
    assert [(one.name, one.learners) for one in found] == [("gaps_as_zero", ("b", "c")), ("roots", ("a",))]


@pytest.mark.parametrize("system", ["moodle", "canvas", "generic"])
def test_no_cell_of_an_export_is_a_formula(system):
    names = ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", 'a"b,c', "Ada"]
    text = export([Submission(name, name, score=3.5, most=4.0) for name in names], "streamflow", system)
    table = list(csv.reader(io.StringIO(text)))
    assert len({len(row) for row in table}) == 1
    assert not [cell for row in table for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    assert sum("3.5" in row for row in table) == len(names)


def test_canvas_gets_its_columns_and_the_most_points():
    text = export([Submission("ada", "Ada Berg", score=3.0, most=4.0)], "streamflow", "canvas")
    assert text == "Student,ID,SIS Login ID,Section,streamflow\n    Points Possible,,,,4\nAda Berg,,ada,,3\n"
