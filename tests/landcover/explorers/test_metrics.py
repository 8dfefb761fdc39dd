"""Whatever is painted, the scores are scikit-learn's; the default scene is a piece of the simulated country."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, jaccard_score

from dla_widgets import MetricsExplorer, simulated_scenes
from dla_widgets.landcover.explorers.metrics import SCENE, read, written


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 3, 8])),
       arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 6])))  # fmt: skip
def test_scores_are_those_of_scikit_learn(labels, painted):
    labels[0, 0] = 255
    numbers = MetricsExplorer(labels, painted).numbers()
    known = labels != 255
    t, m = labels[known], painted[known]
    some = np.union1d(t, m)
    assert numbers["accuracy"] == pytest.approx(accuracy_score(t, m))
    assert numbers["macro_f1"] == pytest.approx(f1_score(t, m, labels=some, average="macro", zero_division=0))
    assert numbers["mean_iou"] == pytest.approx(jaccard_score(t, m, labels=some, average="macro", zero_division=0))
    if some.size > 1:
        assert numbers["kappa"] == pytest.approx(cohen_kappa_score(t, m), nan_ok=True)
    assert numbers["wrong"] == np.sum(t != m) and numbers["known"] == known.sum()


@given(arrays(np.uint8, (5, 9), elements=st.integers(0, 8)))
def test_a_painting_survives_its_string(labels):
    assert np.array_equal(read(written(labels), labels.shape), labels)


def test_the_scene_is_a_piece_of_the_simulated_country():
    truth = simulated_scenes(7).truth.values[6, 192:224, 144:176]
    assert np.array_equal(read(SCENE, (32, 32)), truth) and written(truth) == SCENE


def test_a_broken_string_is_forest_where_it_says_nothing():
    assert read("", (2, 2)).sum() == 0
    assert read("c3x9b99", (2, 3)).tolist() == [[2, 2, 2], [1, 1, 1]]


@pytest.mark.parametrize(("arguments", "said"), [
    ((np.zeros((3, 70), int),), "at most 64 x 64; received shape (3, 70) of int64. Cut a piece"),
    ((np.zeros((3, 3)),), "whole numbers"),
    ((np.full((3, 3), 12),), "labels run from 0 to 8 (or 255); found 12 to 12"),
    ((np.full((3, 3), 255),), "none of the labels can be counted: all are 255"),
    ((np.zeros((3, 3), int), np.zeros((3, 4), int)), "the labels have shape (3, 3), the prediction (3, 4)"),
])  # fmt: skip
def test_labels_that_do_not_fit_are_explained(arguments, said):
    assert said in MetricsExplorer(*arguments).problem
