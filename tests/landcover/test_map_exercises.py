"""What the exercises on scores, prices and areas call right is what others call right."""

import numpy as np
import pytest
from sklearn import metrics

from dla_widgets.exercise import find
from dla_widgets.landcover.legend import IGNORE


@pytest.fixture
def maps():
    rng = np.random.default_rng(5)
    truth = rng.choice(8, (40, 40), p=np.r_[0.79, np.full(7, 0.03)]).astype(np.uint8)
    truth[:4] = IGNORE
    prediction = np.where(rng.random(truth.shape) < 0.7, np.minimum(truth, 6), rng.integers(0, 9, truth.shape)).astype(np.uint8)
    known = truth != IGNORE
    return truth, prediction, truth[known], prediction[known]


def answer(name, *arguments):
    return find(name).answer(*arguments)


def test_scores_are_those_of_scikit_learn(maps):
    truth, prediction, t, p = maps
    table = answer("confusion_counts", truth, prediction, 9)
    assert np.array_equal(table, metrics.confusion_matrix(t, p, labels=range(9)))
    precision, recall = answer("precision_recall", table)
    some = {"labels": range(9), "average": None, "zero_division": np.nan}
    assert np.allclose(precision, metrics.precision_score(t, p, **some), equal_nan=True)
    assert np.allclose(recall, metrics.recall_score(t, p, **some), equal_nan=True)
    assert np.allclose(answer("f1_scores", table), metrics.f1_score(t, p, **some), equal_nan=True)
    assert answer("macro_f1", truth, prediction) == pytest.approx(metrics.f1_score(t, p, average="macro"))


def test_the_weighted_loss_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 2, (6, 7, 4)), rng.integers(0, 4, (6, 7)).astype(np.uint8)
    labels[2] = IGNORE
    weights, known = np.array([0.2, 0.8, 1.5, 1.5]), labels != IGNORE
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = metrics.log_loss(labels[known], p[known], sample_weight=weights[labels[known]], labels=range(4))
    assert answer("weighted_loss", logits, labels, weights) == pytest.approx(expected)


def test_areas_are_those_of_the_paper():
    """Olofsson et al. (2014), doi:10.1016/j.rse.2014.02.015, its example: deforestation, forest gain, forest, other."""
    sample = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]).T  # there a row is a mapped class
    area, error = answer("area_estimate", sample, np.array([0.020, 0.015, 0.320, 0.645]))
    assert np.allclose(900_000 * area, [21_158, 11_686, 285_770, 581_386], atol=1)
    assert np.allclose(900_000 * 1.96 * error, [6158, 3756, 15_510, 16_282], atol=1)


def test_borders_and_priors_by_hand():
    labels = np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, IGNORE]], np.uint8)
    prediction = np.array([[0, 2, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], np.uint8)
    assert answer("border_errors", labels, prediction) == (1 / 4, 1 / 7)
    adjusted = answer("adjust_logits", np.zeros((1, 3)), np.array([75, 25, 0]), 1.0)
    assert np.allclose(adjusted, [[-np.log(0.75), -np.log(0.25), 0]])


def test_runs_are_compared_on_the_same_scenes():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 50, (2, 5, 3, 3))
    drawn = np.array([[0, 0, 1], [4, 3, 2]])

    def score(tables):
        cells = [(t, p) for table in tables for (t, p), n in np.ndenumerate(table) for _ in range(n)]
        return metrics.f1_score(*zip(*cells), average="macro")

    expected = [score(b[list(d)]) - score(a[list(d)]) for d in drawn]
    assert np.allclose(answer("compare_runs", a, b, drawn), expected)
