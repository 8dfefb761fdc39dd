"""The second half of lesson 03: what a mistake costs, by class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import class_weights
from ..legend import IGNORE

# --- weigh_classes -------------------------------------------------------------------------------------------------


def _counts(labels):
    return np.bincount(labels[labels != IGNORE], minlength=9)[:9]


def _inverse(counts):
    """1 / counts, 0 where there is nothing."""
    return np.where(counts > 0, 1 / np.where(counts > 0, counts, 1), 0.0)


def _mean_one(weights):
    """Scaled so that the mean over the classes that have a weight is 1."""
    return weights / weights[weights > 0].mean()


def weigh_classes_answer(labels, training):
    """Inverse-frequency weights (9,) of the `training` scenes, mean 1 over the classes they have, 0 for the rest."""
    return _mean_one(_inverse(_counts(labels[training])))


def _scenes(rng, absent):
    """Five small scenes, mostly forest; the scenes that are not for training are another landscape."""
    share = np.array([20, 3, 4, 5, 2, 2, 3, 2, 0.0])
    share[absent] = 0
    labels = rng.choice(9, (5, 7, 7), p=share / share.sum())
    kinds = np.flatnonzero(share)
    labels[0].flat[: kinds.size] = kinds
    labels[3:] = rng.choice(kinds, (2, 7, 7))
    return labels.astype(np.uint8), np.arange(5) < 3


def _label_probes(rng) -> Iterator[Probe]:
    yield Probe(_scenes(rng, [8]), "training scenes")
    labels, training = _scenes(rng, [5, 8])
    labels[:, 6] = IGNORE
    yield Probe((labels, training), "pixels to ignore")
    labels, training = _scenes(rng, [1, 8])
    labels[4, :3, :3] = 8  # snow, in a test scene only
    yield Probe((labels, training), "a class that training has not")


weigh_classes = Exercise("weigh_classes", weigh_classes_answer, _label_probes,
                         away=[class_weights.class_weights], hints=[
    "A pixel of a class that is a hundred times as rare is worth a hundred times as much: the weight is 1 / count.",
    "Count in the training scenes only, without the ignored pixels: `known = labels[training]`, then `known[known != "
    "255]` and `np.bincount(..., minlength=9)`.",
    "A class without a pixel keeps the weight 0: `weights[counts > 0] = 1 / counts[counts > 0]`.",
    "Scale last: divide by `weights[counts > 0].mean()`.",
])


@weigh_classes.mistake("You counted all scenes. The weights then know what the test scenes are made of: use "
                       "`labels[training]` only.")
def from_all_scenes(labels, training):
    return _mean_one(_inverse(_counts(labels)))


@weigh_classes.mistake("A class that does not occur has 1 / 0, and one infinite weight makes all others NaN or 0. Give"
                       " it the weight 0: no pixel will ever ask for it.")
def infinite(labels, training):
    weights = 1 / _counts(labels[training])
    return weights / weights.mean()


@weigh_classes.mistake("You added 1 to every count to avoid dividing by 0. Now a class that does not even occur has "
                       "the highest weight of all.")
def plus_one(labels, training):
    return _mean_one(1 / (_counts(labels[training]) + 1))


@weigh_classes.mistake("Not scaled yet: with weights this small the loss, and every step of the training, shrinks with"
                       " them. Divide by their mean over the classes that occur.")
def not_scaled(labels, training):
    return _inverse(_counts(labels[training]))


@weigh_classes.mistake("Total over count is the right shape, but the mean of these weights is far from 1, and the "
                       "learning rate of one loss no longer fits the other. Divide by their mean over the classes that"
                       " occur.")
def total_over_count(labels, training):
    counts = _counts(labels[training])
    return counts.sum() * _inverse(counts)


@weigh_classes.mistake("scikit-learn's \"balanced\" makes the mean over the *pixels* 1. Here it is the mean over the "
                       "classes that occur.")
def balanced(labels, training):
    counts = _counts(labels[training])
    return counts.sum() * _inverse(counts) / (counts > 0).sum()


@weigh_classes.mistake("The mean is 1 over all nine, so the classes that do not occur have pushed the others up. Take "
                       "the mean over those that occur.")
def mean_over_nine(labels, training):
    weights = _inverse(_counts(labels[training]))
    return weights / weights.mean()


@weigh_classes.mistake("The sum is 1, and it is the mean that should be.")
def sum_one(labels, training):
    weights = _inverse(_counts(labels[training]))
    return weights / weights.sum()


@weigh_classes.mistake("Upside down: your weights grow with the count, and forest is worth the most. The rare pixel is"
                       " the dear one.")
def upside_down(labels, training):
    return _mean_one(_counts(labels[training]).astype(float))


@weigh_classes.mistake("Those are 1 / root of the count, a gentler recipe that you will meet below. Here: 1 / count.")
def with_a_root(labels, training):
    return _mean_one(np.sqrt(_inverse(_counts(labels[training]))))


@weigh_classes.mistake("255 is no class: you have counted up to it. Leave out the ignored pixels, and return nine "
                       "weights.")
def up_to_255(labels, training):
    return _mean_one(_inverse(np.bincount(labels[training].ravel(), minlength=256)))


# --- weighted_loss -------------------------------------------------------------------------------------------------


def _log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _surprise(logits, labels):
    """-log of the probability of the true class, with 0 where it is not known; and where it is known."""
    known = labels != IGNORE
    true = np.where(known, labels, 0)
    return -np.take_along_axis(_log_softmax(logits), true[..., None], -1)[..., 0], known, true


def weighted_loss_answer(logits, labels, weights):
    """Cross-entropy, each pixel weighted by its true class: the weighted mean over the pixels that are not ignored."""
    surprise, known, true = _surprise(logits, labels)
    price = weights[true] * known
    return (price * surprise).sum() / price.sum()


def _logit_probes(rng) -> Iterator[Probe]:
    weights = np.array([0.25, 0.75, 2.0])
    yield Probe((rng.normal(0, 1, (1, 4, 3)).round(1), np.array([[0, 0, 1, 2]], np.uint8), weights), "no gaps")
    labels = rng.permutation(np.repeat(np.arange(3), [20, 6, 4])).reshape(5, 6).astype(np.uint8)
    yield Probe((rng.normal(0, 1.5, (5, 6, 3)), labels, weights), "no gaps")
    labels = labels.copy()
    labels[4, rng.permutation(6)[:4]] = IGNORE
    yield Probe((rng.normal(0, 1.5, (5, 6, 3)), labels, weights), "pixels to ignore")
    labels = rng.permutation(np.repeat(np.arange(3), 2)).reshape(2, 3).astype(np.uint8)
    yield Probe((rng.normal(0, 1, (2, 3, 3)) + 900.0, labels, weights), "large logits")


weighted_loss = Exercise("weighted_loss", weighted_loss_answer, _logit_probes, hints=[
    "Per pixel: how surprised was the model by the truth? Minus the logarithm of the probability that it gave to the "
    "true class.",
    "Softmax over the last axis makes probabilities of logits. Subtract the largest logit of each pixel first, or exp"
    " overflows.",
    "`np.take_along_axis(log_p, labels[..., None], -1)[..., 0]` picks the true class; 255 would point outside, so put"
    " any class there and give the pixel the weight 0.",
    "`price = weights[labels]` (0 where ignored); return `(price * surprise).sum() / price.sum()`.",
])


@weighted_loss.mistake("Divided by the number of pixels. A batch of forest alone then has a tiny loss and one with a "
                       "lake a large one: divide by the sum of the weights that you used.")
def over_the_pixels(logits, labels, weights):
    surprise, known, true = _surprise(logits, labels)
    return (weights[true] * known * surprise).sum() / known.sum()


@weighted_loss.mistake("That is the plain cross-entropy: every pixel costs the same. Multiply each by the weight of "
                       "its true class.")
def without_weights(logits, labels, weights):
    surprise, known, _ = _surprise(logits, labels)
    return surprise[known].mean()


@weighted_loss.mistake("You took the weight of the class that the model *predicts*. Then it can make a mistake cheap"
                       " by saying \"forest\": the price is that of the true class.")
def price_of_the_prediction(logits, labels, weights):
    surprise, known, _ = _surprise(logits, labels)
    price = weights[logits.argmax(axis=-1)] * known
    return (price * surprise).sum() / price.sum()


@weighted_loss.mistake("You took logits for probabilities. They are any numbers from minus to plus infinity: softmax "
                       "first.")
def logits_are_no_probabilities(logits, labels, weights):
    known = labels != IGNORE
    true = np.where(known, labels, 0)
    picked = np.take_along_axis(logits, true[..., None], -1)[..., 0]
    price = weights[true] * known
    return (price * -np.log(np.clip(picked, 1e-7, 1))).sum() / price.sum()


@weighted_loss.mistake("A sum grows with the size of the crop, and so would every step. Divide by the sum of the "
                       "weights.")
def a_sum(logits, labels, weights):
    surprise, known, true = _surprise(logits, labels)
    return (weights[true] * known * surprise).sum()


@weighted_loss.mistake("The sign is turned: a loss is what one wants less of, so it is *minus* the logarithm.")
def wrong_sign(logits, labels, weights):
    return -weighted_loss_answer(logits, labels, weights)


@weighted_loss.mistake("You weighted the logits, which changes what the model says. Leave its answer alone and weigh "
                       "what it costs.")
def weights_on_the_logits(logits, labels, weights):
    surprise, known, true = _surprise(logits * weights, labels)
    price = weights[true] * known
    return (price * surprise).sum() / price.sum()


@weighted_loss.mistake("Each class's mean loss counts the same in yours, whatever the weights. That is the special "
                       "case of inverse frequency *of this batch*; use the weights that came in.")
def mean_of_class_means(logits, labels, weights):
    surprise, known, _ = _surprise(logits, labels)
    return np.mean([surprise[labels == c].mean() for c in np.unique(labels[known])])


@weighted_loss.mistake("Right without gaps, but the pixels labelled 255 are counted as forest. They have no true "
                       "class: weight 0.")
def gaps_as_forest(logits, labels, weights):
    return weighted_loss_answer(logits, np.where(labels == IGNORE, 0, labels), weights)


@weighted_loss.mistake("Right without gaps, but the pixels labelled 255 are counted as the last class, the dearest of "
                       "all. They have no true class: weight 0.")
def gaps_as_last_class(logits, labels, weights):
    return weighted_loss_answer(logits, np.minimum(labels, len(weights) - 1), weights)


@weighted_loss.mistake("Fine for small logits, but exp(900) is infinite and the loss NaN. Softmax stays the same if "
                       "you subtract each pixel's largest logit first.")
def overflows(logits, labels, weights):
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    known = labels != IGNORE
    true = np.where(known, labels, 0)
    price = weights[true] * known
    return (price * -np.log(np.take_along_axis(p, true[..., None], -1)[..., 0])).sum() / price.sum()
