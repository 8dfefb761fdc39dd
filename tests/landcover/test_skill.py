"""Scores of maps equal scikit-learn's on any labels, and add up over tiles."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.skill import Confusion, SkillError, accuracy, confusion_matrix, macro_f1

labels = hnp.arrays(np.uint8, st.integers(1, 80), elements=st.integers(0, 8))


@given(st.data())
def test_equal_to_scikit_learn(data):
    truth = data.draw(labels)
    guess = data.draw(hnp.arrays(np.uint8, truth.shape, elements=st.integers(0, 8)))
    c = Confusion().add(truth, guess)
    np.testing.assert_array_equal(c.matrix, sk.confusion_matrix(truth, guess, labels=range(9)))
    there = np.union1d(truth, guess)
    precision, recall, f1, support = sk.precision_recall_fscore_support(truth, guess, labels=there, zero_division=0)
    np.testing.assert_allclose(c.precision[there], precision)
    np.testing.assert_allclose(c.recall[there], recall)
    np.testing.assert_allclose(c.f1[there], f1)
    np.testing.assert_array_equal(c.support[there], support)
    assert np.isnan(np.delete(c.f1, there)).all()
    assert c.accuracy == c.micro_f1 == accuracy(truth, guess) == pytest.approx(sk.accuracy_score(truth, guess))
    assert c.macro_f1 == macro_f1(truth, guess) == pytest.approx(sk.f1_score(truth, guess, average="macro", zero_division=0))
    assert c.weighted_f1 == pytest.approx(sk.f1_score(truth, guess, average="weighted", zero_division=0))
    np.testing.assert_allclose(c.iou[there], sk.jaccard_score(truth, guess, labels=there, average=None, zero_division=0))
    present = np.unique(truth)
    balanced = sk.recall_score(truth, guess, labels=present, average="macro", zero_division=0)
    assert c.balanced_accuracy == pytest.approx(balanced)
    if len(there) > 1:
        assert c.kappa == pytest.approx(sk.cohen_kappa_score(truth, guess))


@given(labels, st.integers(0, 80))
def test_tiles_add_up(truth, cut):
    guess = np.roll(truth, 1)
    whole = Confusion().add(truth, guess)
    parts = Confusion().add(truth[:cut], guess[:cut]) + Confusion().add(truth[cut:], guess[cut:])
    np.testing.assert_array_equal(whole.matrix, parts.matrix)


@given(st.data(), st.sampled_from([2, 9, 15, 16, 23]))
def test_any_number_of_classes_counted_one_by_one(data, classes):
    known = st.integers(0, classes - 1)
    truth = data.draw(hnp.arrays(np.uint8, st.integers(0, 9), elements=known | st.just(IGNORE)))
    guess = data.draw(hnp.arrays(np.uint8, truth.shape, elements=known | st.just(IGNORE)))
    guess = np.where(truth == IGNORE, guess, guess % classes).astype(np.uint8)
    expected = np.zeros((classes, classes), int)
    for t, g in zip(truth, guess, strict=True):
        if t != IGNORE:
            expected[t, g] += 1
    matrix = confusion_matrix(truth, guess, classes)
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype == np.int64


def test_large_maps_are_counted_in_parts():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 9, (2, 1025, 2049), dtype=np.uint8)  # an odd number of pixels, in three parts
    truth[rng.random(truth.shape) < 0.1] = IGNORE
    seen = truth != IGNORE
    np.testing.assert_array_equal(confusion_matrix(truth, guess), sk.confusion_matrix(truth[seen], guess[seen]))


def test_a_forest_map_is_95_percent_right_and_useless():
    truth = np.repeat(np.arange(8, dtype=np.uint8), [950, 10, 10, 10, 5, 5, 5, 5])
    c = Confusion().add(truth, np.zeros_like(truth))
    assert c.accuracy == 0.95
    assert c.macro_f1 == pytest.approx((2 * 0.95 / 1.95) / 8)  # F1 of forest, and seven zeros
    assert c.balanced_accuracy == pytest.approx(1 / 8)
    assert c.kappa == 0


def test_ignored_pixels_count_nowhere():
    truth = np.array([[0, 1, IGNORE], [IGNORE, 1, 0]], np.uint8)
    guess = np.array([[0, 0, 5], [IGNORE, 1, 0]], np.uint8)  # what is said of an ignored pixel does not matter
    assert Confusion().add(truth, guess).pixels == 4
    assert accuracy(truth, guess) == 0.75
    assert macro_f1(truth, guess) == pytest.approx((0.8 + 2 / 3) / 2)


def test_table():
    table = Confusion().add([0, 0, 6], [0, 6, 6]).table()
    assert list(table.index) == ["forest", "water"]
    assert table.loc["water", ["precision", "recall", "true pixels"]].tolist() == [0.5, 1, 1]


@pytest.mark.parametrize(("truth", "guess", "message"), [
    ([[0, 1]], [0, 1], r"maps of one shape; these are \(1, 2\) and \(2,\)"),
    ([0, 1], [0.2, 0.8], r"prediction must be labels, whole numbers; this is float64. Of scores per class take .argmax"),
    ([0, 9], [0, 0], "the truth holds the label 9; labels run from 0 to 8, 255 is ignored"),
    (np.array([0, 1], np.uint8), np.array([0, 80], np.uint8), "the prediction says 80 where the truth is known"),
    (np.array([0, 1], np.uint8), np.array([0, IGNORE], np.uint8), "the prediction says 255 where the truth is known"),
    (np.array([0, 1], np.uint8), np.array([0, 12], np.uint8), "the prediction says 12 where the truth is known"),
    ([0, -1], [0, 0], "found -1 to 0"),
    ([0, 300], [0, 0], "found 0 to 300"),
])  # fmt: skip
def test_what_cannot_be_scored(truth, guess, message):
    with pytest.raises(SkillError, match=message):
        confusion_matrix(truth, guess)


def test_scores_of_nothing():
    empty = Confusion().add([IGNORE], [0])
    with pytest.raises(SkillError, match="no pixel to score: all of the truth is ignored"):
        empty.macro_f1  # noqa: B018
    with pytest.raises(SkillError, match="kappa needs two classes"):
        Confusion().add([3, 3], [3, 3]).kappa  # noqa: B018
    with pytest.raises(SkillError, match=r"is \(9, 9\) counts; this has the shape \(2, 2\)"):
        Confusion([[1, 0], [0, 1]])
    assert "no pixels" in repr(empty)
