"""Losses equal slow ones in NumPy, skip what is ignored, and always have a gradient that is a number."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dla_widgets.landcover import losses
from dla_widgets.landcover.class_weights import class_weights
from dla_widgets.landcover.legend import IGNORE

COUNTS = np.array([9300, 100, 120, 90, 60, 30, 200, 40, 0])
WEIGHTS = class_weights(COUNTS, "sqrt")
LOSSES = {
    "cross_entropy": losses.cross_entropy(),
    "weighted": losses.cross_entropy(WEIGHTS),
    "focal": losses.focal(),
    "focal, weighted": losses.focal(2.0, WEIGHTS),
    "dice": losses.dice(),
    "generalised_dice": losses.generalised_dice(),
    "tversky": losses.tversky(0.3, 0.7),
    "focal_tversky": losses.focal_tversky(),
    "lovasz": losses.lovasz(),
    "logit_adjusted": losses.logit_adjusted(COUNTS),
    "ldam": losses.ldam(COUNTS),
    "combined": losses.combined((losses.cross_entropy(), 1.0), (losses.dice(), 0.5)),
}


def draw(seed=0, shape=(2, 5, 6), ignored=0.2, classes=range(8)):
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(classes), shape).astype(np.uint8)
    labels[rng.random(shape) < ignored] = IGNORE
    return labels, rng.normal(0, 2, (*shape, 9)).astype(np.float32)


def slowly(name, labels, logits):  # noqa: PLR0912
    known = labels != IGNORE
    z, y = logits[known].astype(float), labels[known]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    pt = p[np.arange(len(y)), y]
    there = [c for c in range(9) if (y == c).any()]

    def index(c, alpha=0.5, beta=0.5):
        hit = p[y == c, c].sum()
        return hit / (hit + alpha * p[y != c, c].sum() + beta * (1 - p[y == c, c]).sum())

    match name:
        case "cross_entropy":
            return -np.log(pt).mean()
        case "weighted":
            return -(WEIGHTS[y] * np.log(pt)).sum() / WEIGHTS[y].sum()
        case "focal":
            return -((1 - pt) ** 2 * np.log(pt)).mean()
        case "focal, weighted":
            return -(WEIGHTS[y] * (1 - pt) ** 2 * np.log(pt)).mean()
        case "dice":
            return np.mean([1 - index(c) for c in there])
        case "tversky":
            return np.mean([1 - index(c, 0.3, 0.7) for c in there])
        case "focal_tversky":
            return np.mean([(1 - index(c, 0.3, 0.7)) ** 0.75 for c in there])
        case "generalised_dice":
            w = {c: 1 / (y == c).sum() ** 2 for c in there}
            both = sum(w[c] * (p[:, c].sum() + (y == c).sum()) for c in there)
            return 1 - 2 * sum(w[c] * p[y == c, c].sum() for c in there) / both
        case "logit_adjusted":
            z = z + np.log(np.maximum(COUNTS / COUNTS.sum(), 1e-6))
            return (np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean()
        case "ldam":
            room = np.where(COUNTS > 0, np.maximum(COUNTS, 1) ** -0.25, 0)
            z[np.arange(len(y)), y] -= 0.5 * (room / room.max())[y]
            return (np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean()
        case "combined":
            return slowly("cross_entropy", labels, logits) + 0.5 * slowly("dice", labels, logits)
        case "lovasz":  # the extension by its definition: errors in falling order, times what each adds to the Jaccard loss
            values = []
            for c in there:
                errors = np.where(y == c, 1 - p[:, c], p[:, c])
                order = np.argsort(-errors, kind="stable")
                before = total = 0.0
                for k in range(len(order)):
                    wrong = order[: k + 1]
                    mine = (y == c).sum()
                    jaccard = 1 - (mine - (y[wrong] == c).sum()) / (mine + (y[wrong] != c).sum())
                    total += errors[order[k]] * (jaccard - before)
                    before = jaccard
                values.append(total)
            return np.mean(values)


@pytest.mark.parametrize("name", LOSSES)
def test_as_in_numpy(name):
    labels, logits = draw()
    assert float(LOSSES[name](labels, logits)) == pytest.approx(slowly(name, labels, logits), rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_ignored_pixels_do_not_matter(name):
    labels, logits = draw(1)
    other = np.where((labels == IGNORE)[..., None], 50 * np.ones(9, np.float32), logits)
    assert float(LOSSES[name](labels, logits)) == pytest.approx(float(LOSSES[name](labels, other)), rel=1e-4)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "lovasz"])
def test_shares_of_one_are_labels(name):
    labels, logits = draw(2)
    shares = tf.one_hot(tf.where(tf.cast(labels, tf.int32) == IGNORE, -1, tf.cast(labels, tf.int32)), 9)
    assert float(LOSSES[name](shares, logits)) == pytest.approx(float(LOSSES[name](labels, logits)), rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(LOSSES)), st.sampled_from(["mixed", "one class", "empty", "sure"]))
def test_there_is_always_a_finite_gradient(seed, name, kind):
    labels, logits = draw(seed, ignored=1.1 if kind == "empty" else 0.2, classes=[3] if kind == "one class" else range(8))
    logits = tf.constant(logits * (50 if kind == "sure" else 1))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = LOSSES[name](labels, logits)
    gradient = tape.gradient(value, logits).numpy()
    assert np.isfinite(float(value)) and np.isfinite(gradient).all()
    assert not gradient[labels == IGNORE].any()
    if kind == "empty":
        assert float(value) == 0


@pytest.mark.parametrize("name", LOSSES)
def test_keras_takes_it(name):
    import keras

    labels, logits = draw(3, (4, 4, 4))
    model = keras.Sequential([keras.Input((4, 4, 9)), keras.layers.Conv2D(9, 1)])
    model.compile("sgd", LOSSES[name])
    assert np.isfinite(model.fit(logits, labels, verbose=0).history["loss"][0])


def test_a_rare_class_must_win_by_more_under_logit_adjustment():
    logits = tf.Variable(np.zeros((1, 1, 1, 9), np.float32))
    pull = {}
    for c in (0, 5):
        with tf.GradientTape() as tape:
            value = LOSSES["logit_adjusted"](np.full((1, 1, 1), c, np.uint8), logits)
        pull[c] = -float(tape.gradient(value, logits)[0, 0, 0, c])
    assert pull[5] > 0.95
    assert pull[0] < 0.1
