"""The exercises of lesson 05: what a map takes for what, and how to make it say rare words.

Errors at borders are in :mod:`.borders`; luck, and how much there is of a class, in :mod:`.evidence`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import prediction

# --- confused_pairs --------------------------------------------------------------------------------------------------


def _worst(values, k, keep):
    """The k largest of `values` (truth, prediction) among those to `keep`, as rows (truth, predicted, value)."""
    found = np.argwhere(keep & np.isfinite(values))
    sizes = values[keep & np.isfinite(values)]
    first = np.argsort(-sizes, kind="stable")[:k]
    return np.column_stack([found[first], sizes[first]])


def _off_diagonal(confusion):
    return ~np.eye(len(confusion), dtype=bool)


def _share_of_truth(confusion):
    true = confusion.sum(axis=1, keepdims=True)
    return np.where(true > 0, confusion / np.where(true > 0, true, 1), np.nan)


def confused_pairs_answer(confusion, k):
    """The k largest losses, (k, 3): true class, what it was taken for, the share of the true class that was lost."""
    return _worst(_share_of_truth(confusion), k, _off_diagonal(confusion))


def _pair_probes(rng) -> Iterator[Probe]:
    yield Probe((_forest_table(rng, 3), 2), "every class occurs")
    yield Probe((_forest_table(rng, 6), 4), "every class occurs")
    table = _forest_table(rng, 7)
    table[5] = 0  # predicted, but not there
    yield Probe((table, 3), "a class that is not there")


def _forest_table(rng, classes):
    """A confusion matrix of a forest: class 0 is huge, rare classes are mostly taken for it, all shares differ."""
    while True:
        table = rng.integers(5, 60, (classes, classes))
        table[0, 1:] = rng.integers(300, 900, classes - 1)
        table[1:, 0] += rng.integers(40, 200, classes - 1)
        table[0, 0] = rng.integers(20_000, 40_000)
        table[np.arange(1, classes), np.arange(1, classes)] = rng.integers(200, 500, classes - 1)
        if np.unique(_share_of_truth(table).round(9)).size == classes**2:
            return table


confused_pairs = Exercise("confused_pairs", confused_pairs_answer, _pair_probes, hints=[
    "A large class has many of everything. Ask instead: of all the pixels that truly are wetland, what share came out"
    " as forest?",
    "Divide each row by its sum, and take the diagonal out: `np.fill_diagonal(share, 0)` on a copy.",
    "`order = np.argsort(share, axis=None)[::-1][:k]` and `np.unravel_index(order, share.shape)` give rows and "
    "columns.",
    "A class without pixels has 0 / 0: give its row the share 0, because NaN is sorted to the end, which you then "
    "read first.",
])


@confused_pairs.mistake("The diagonal is in your list. Those are the pixels that were right.")
def with_the_diagonal(confusion, k):
    return _worst(_share_of_truth(confusion), k, np.ones_like(confusion, bool))


@confused_pairs.mistake("You ranked by pixels. Forest has so many that even its rarest mistake leads: divide each row "
                        "by its sum.")
def by_pixels(confusion, k):
    return _worst(confusion.astype(float), k, _off_diagonal(confusion))


@confused_pairs.mistake("You ranked by pixels and took the shares afterwards, so the losses of the rare classes are "
                        "not in your list. Take the shares first, then rank.")
def ranked_by_pixels(confusion, k):
    rows = _worst(confusion.astype(float), k, _off_diagonal(confusion))
    share = _share_of_truth(confusion)
    return np.column_stack([rows[:, :2], share[rows[:, 0].astype(int), rows[:, 1].astype(int)]])


@confused_pairs.mistake("You divided by the columns: that is what the *predicted* class is polluted with, and a "
                        "question of precision. Here: the share of the *true* class that was lost.")
def share_of_the_prediction(confusion, k):
    return _worst(_share_of_truth(confusion.T).T, k, _off_diagonal(confusion))


@confused_pairs.mistake("The first two columns are swapped: first what it truly is (row), then what it was taken for "
                        "(column).")
def swapped_columns(confusion, k):
    return confused_pairs_answer(confusion, k)[:, [1, 0, 2]]


@confused_pairs.mistake("That is the list from the other end. The largest losses come first.")
def smallest_first(confusion, k):
    share = _share_of_truth(confusion)
    rows = _worst(-share, k, _off_diagonal(confusion))
    return rows * [1, 1, -1]


@confused_pairs.mistake("Those are shares of all pixels of the scene. Take the share of the true class: divide each "
                        "row by its sum.")
def share_of_all(confusion, k):
    return _worst(confusion / confusion.sum(), k, _off_diagonal(confusion))


@confused_pairs.mistake("That is the share of each true class's *mistakes*. A class with one mistake in a thousand "
                        "would lead with 100 %. Divide by all of its pixels, hits too.")
def share_of_the_mistakes(confusion, k):
    errors = np.where(_off_diagonal(confusion), confusion, 0)
    return _worst(_share_of_truth(errors), k, _off_diagonal(confusion))


@confused_pairs.mistake("You added both directions. Wetland taken for forest and forest taken for wetland have "
                        "different causes and different remedies: keep them apart.")
def both_directions(confusion, k):
    share = np.nan_to_num(_share_of_truth(confusion))
    return _worst(share + share.T, k, np.triu(_off_diagonal(confusion)))


@confused_pairs.mistake("The shares should be between 0 and 1, not percent.")
def in_percent(confusion, k):
    return confused_pairs_answer(confusion, k) * [1, 1, 100]


@confused_pairs.mistake("Right where every class occurs. A row without pixels is 0 / 0 = NaN, and NaN sorts as the "
                        "largest: it leads your list. Give it the share 0.")
def nan_leads(confusion, k):
    share = np.where(_off_diagonal(confusion), _share_of_truth(confusion), 0)
    order = np.argsort(share, axis=None)[::-1][:k]
    return np.column_stack([*np.unravel_index(order, share.shape), share.flat[order]])


# --- adjust_logits ---------------------------------------------------------------------------------------------------


def _log_prior(counts):
    """The logarithm of each class's share, 0 for a class without a pixel: its logits are left alone."""
    return np.where(counts > 0, np.log(np.where(counts > 0, counts, 1) / counts.sum()), 0.0)


def adjust_logits_answer(logits, counts, tau):
    """Logits (..., class) minus tau times the logarithm of the classes' shares; one without pixels is left as it is."""
    return logits - tau * _log_prior(counts)


def _prior_probes(rng) -> Iterator[Probe]:
    yield Probe((rng.normal(0, 2, (1, 2, 3)).round(1), np.array([900, 80, 20]), 1.0), "every class occurs")
    counts = rng.permutation(np.r_[rng.integers(20_000, 30_000), rng.integers(200, 2000, 4)])
    yield Probe((rng.normal(0, 2, (3, 4, 5)), counts, round(rng.uniform(0.3, 0.8), 2)), "every class occurs")
    counts = np.r_[rng.integers(20_000, 30_000), rng.integers(200, 2000, 3), 0]
    yield Probe((rng.normal(0, 2, (2, 3, 5)), counts, 0.5), "a class that training has not")


adjust_logits = Exercise("adjust_logits", adjust_logits_answer, _prior_probes, away=[prediction.adjust_prior], hints=[
    "The network has learnt log p(x | class) + log p(class), up to a constant. Take the second part away, or some of "
    "it.",
    "The logarithm of 0.01 is negative, so *minus* it lifts a rare class.",
    "`prior = counts / counts.sum()`; `np.log(prior)` is (class,) and lines up with the last axis of the logits.",
    "Where the count is 0, subtract 0: `np.log(np.where(prior > 0, prior, 1))`.",
])


@adjust_logits.mistake("The sign is turned: you have made forest still more likely and the rare classes rarer. It is "
                       "minus tau log(prior).")
def wrong_sign(logits, counts, tau):
    return logits + tau * _log_prior(counts)


@adjust_logits.mistake("You divided the logits by the prior. Priors divide *probabilities*; for logits, which are "
                       "logarithms, that is a difference: minus log(prior).")
def divided(logits, counts, tau):
    return logits / np.where(counts > 0, counts / counts.sum(), 1) ** tau


@adjust_logits.mistake("The logarithm is missing. Logits are logarithms of probabilities (up to a constant), so what "
                       "is subtracted must be one, too.")
def no_logarithm(logits, counts, tau):
    return logits - tau * counts / counts.sum()


@adjust_logits.mistake("Right where tau is 1. It says how much of the prior is taken away, from 0 (nothing) to 1 (all "
                       "of it): multiply by it.")
def no_tau(logits, counts, tau):
    return adjust_logits_answer(logits, counts, 1.0)


@adjust_logits.mistake("Softmax uses natural logarithms, so the prior needs `np.log`; log10 takes away less than half "
                       "of it.")
def log10(logits, counts, tau):
    return logits - tau * _log_prior(counts) / np.log(10)


@adjust_logits.mistake("You subtracted from the probabilities. The logarithm of the prior belongs to the logits: leave"
                       " softmax out.")
def after_softmax(logits, counts, tau):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) - tau * _log_prior(counts)


@adjust_logits.mistake("That is the logarithm of the *counts*. All logits of a pixel are off by the same number: "
                       "harmless for argmax until a class has no pixel, and wrong as soon as two models are averaged. "
                       "Divide by the sum first.")
def log_of_counts(logits, counts, tau):
    return logits - tau * np.log(np.where(counts > 0, counts, 1))


@adjust_logits.mistake("Those are the classes already. Return the adjusted logits: one may want to blend tiles before "
                       "deciding.")
def decided_already(logits, counts, tau):
    return adjust_logits_answer(logits, counts, tau).argmax(axis=-1)


@adjust_logits.mistake("Right where every class occurs. But minus log(0) is plus infinity: a class that training has "
                       "never seen would be predicted everywhere. Leave its logits alone.")
def infinite(logits, counts, tau):
    return logits - tau * np.log(counts / counts.sum())


@adjust_logits.mistake("A tiny number added to the prior moves every class a little, and lifts one that training has "
                       "never seen sky-high. Leave the logits alone where the count is 0.")
def epsilon(logits, counts, tau):
    return logits - tau * np.log(counts / counts.sum() + 1e-6)
