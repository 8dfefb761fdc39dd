"""The exercises of lesson 03: what a score counts, and which classes it forgets.

F1 and its averages are in :mod:`.averages`, class weights and the weighted loss in :mod:`.prices`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import skill
from ..legend import IGNORE

# --- confusion_counts ----------------------------------------------------------------------------------------------


def confusion_counts_answer(truth, prediction, classes):
    """How often each true class got each predicted one, (classes, classes); the pixels labelled IGNORE do not count."""
    known = truth != IGNORE
    cells = truth[known].astype(int) * classes + prediction[known]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _maps(rng, shape, classes, right=0.6):
    """A map in which class 0 is the matrix and the last class does not occur, and a prediction that is partly right."""
    share = np.r_[3.0, np.ones(classes - 2)]
    truth = rng.choice(classes - 1, shape, p=share / share.sum()).astype(np.uint8)
    truth.flat[: classes - 1] = np.arange(classes - 1)
    chance = rng.integers(0, classes, shape)
    prediction = np.where(rng.random(shape) < right, truth, chance).astype(np.uint8)
    prediction.flat[: classes - 1] = 0  # forest is what a model says when it does not know
    prediction.flat[classes - 1] = classes - 1
    return truth, prediction


def with_gaps(rng, truth):
    truth = truth.copy()
    rows = slice(-2, None)
    truth[rows] = np.where(rng.random(truth[rows].shape) < 0.7, IGNORE, truth[rows])
    truth[-1, -1] = IGNORE
    return truth


def _map_probes(rng) -> Iterator[Probe]:
    yield Probe((*_maps(rng, (3, 4), 3), 3), "maps without gaps")
    yield Probe((*_maps(rng, (9, 8), 5), 5), "maps without gaps")
    truth, prediction = _maps(rng, (10, 9), 9)
    yield Probe((with_gaps(rng, truth), prediction, 9), "pixels to ignore")


confusion_counts = Exercise("confusion_counts", confusion_counts_answer, _map_probes,
                            away=[skill.confusion_matrix], hints=[
    "Every pixel is one stroke in one cell of a table: its row is the true class, its column the predicted one.",
    "Keep the known pixels first: `known = truth != 255`, and go on with `truth[known]` and `prediction[known]`.",
    "`np.add.at(table, (t, p), 1)` makes all strokes; `table[t, p] += 1` makes only one in each cell.",
    "Fast for large maps: number the cells, `t * classes + p`, count them with `np.bincount(cells, "
    "minlength=classes**2)` and reshape.",
])


@confusion_counts.mistake("Rows and columns are swapped: here a row is a *true* class and a column a predicted one. "
                          "(Some books do it your way: always say which.)")
def transposed(truth, prediction, classes):
    return confusion_counts_answer(truth, prediction, classes).T


@confusion_counts.mistake("`table[truth, prediction] += 1` adds 1 to each cell only once, however many pixels fall "
                          "into it. Use `np.add.at` or `np.bincount`.")
def one_stroke_per_cell(truth, prediction, classes):
    known = truth != IGNORE
    table = np.zeros((classes, classes), int)
    table[truth[known], prediction[known]] += 1
    return table


@confusion_counts.mistake("Only the mistakes are counted. The diagonal, what was right, belongs into the table.")
def only_mistakes(truth, prediction, classes):
    table = confusion_counts_answer(truth, prediction, classes)
    return table - np.diag(np.diag(table))


@confusion_counts.mistake("Only the hits are counted. What makes the table worth its name is off the diagonal: what "
                          "was taken for what.")
def only_hits(truth, prediction, classes):
    return np.diag(np.diag(confusion_counts_answer(truth, prediction, classes)))


@confusion_counts.mistake("A class that does not occur has no row in your table, so tables of two scenes do not fit "
                          "together. Make it classes x classes always.")
def only_classes_that_occur(truth, prediction, classes):
    used = np.union1d(truth[truth != IGNORE], prediction)
    table = confusion_counts_answer(truth, prediction, classes)
    return table[np.ix_(used, np.unique(truth[truth != IGNORE]))]


@confusion_counts.mistake("Class 0 is forest, not \"no data\". What is to be ignored has the label 255.")
def forest_taken_for_no_data(truth, prediction, classes):
    return confusion_counts_answer(np.where(truth == 0, IGNORE, truth), prediction, classes)


@confusion_counts.mistake("Those are shares of each true class. They are good to look at, but only counts can be added"
                          " up over scenes.")
def shares_of_rows(truth, prediction, classes):
    table = confusion_counts_answer(truth, prediction, classes)
    return table / table.sum(axis=1, keepdims=True)


@confusion_counts.mistake("Those are shares of all pixels. Return the counts: they can be added up over scenes of any "
                          "size.")
def shares_of_all(truth, prediction, classes):
    table = confusion_counts_answer(truth, prediction, classes)
    return table / table.sum()


@confusion_counts.mistake("Right on a map without gaps, but you counted 255 as a class (it came out as the last one). "
                          "Nobody knows what is there: leave those pixels out.")
def gaps_as_last_class(truth, prediction, classes):
    return confusion_counts_answer(np.minimum(truth, classes - 1), prediction, classes)


@confusion_counts.mistake("Right on a map without gaps, but pixels labelled 255 are counted as forest. Nobody knows "
                          "what is there: leave them out.")
def gaps_as_forest(truth, prediction, classes):
    return confusion_counts_answer(np.where(truth == IGNORE, 0, truth), prediction, classes)


@confusion_counts.mistake("You gave the ignored pixels a row and a column of their own. They are no class: leave them "
                          "out.")
def a_class_called_ignore(truth, prediction, classes):
    return confusion_counts_answer(np.minimum(truth, classes), prediction, classes + 1)


# --- precision_recall ----------------------------------------------------------------------------------------------


def over(part, whole):
    """part / whole, NaN where there is nothing to divide by."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def parts(confusion):
    """Hits, pixels that were predicted, pixels that are true, of each class."""
    return np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)


def precision_recall_answer(confusion):
    """Precision and recall of each class; NaN where no pixel was predicted, or none is true."""
    hits, predicted, true = parts(confusion)
    return over(hits, predicted), over(hits, true)


def _table(rng, classes):
    """A confusion matrix with a large class 0; hits, false alarms and misses of each class all differ."""
    table = rng.integers(3, 30, (classes, classes))
    table[0] = rng.integers(60, 90, classes)
    table[:, 0] += rng.integers(31, 50, classes)
    table[0, 0] = rng.integers(2000, 4000)
    table[np.arange(1, classes), np.arange(1, classes)] += rng.integers(40, 300, classes - 1)
    return table


def table_probes(rng) -> Iterator[Probe]:
    yield Probe((_table(rng, 3),), "every class occurs")
    yield Probe((_table(rng, 6),), "every class occurs")
    table = _table(rng, 6)
    table[:, 2] = 0  # is there, is never predicted
    table[4] = 0  # is predicted, is not there
    table[5] = table[:, 5] = 0  # neither
    yield Probe((table,), "classes that do not occur")


precision_recall = Exercise("precision_recall", precision_recall_answer, table_probes,
                            away=[skill.Confusion.precision.fget, skill.Confusion.recall.fget], hints=[
    "Both begin with the hits, the diagonal. They differ in what you divide by: all that you *said*, or all that is "
    "*there*.",
    "A column of the table is what was predicted as the class: precision divides by its sum. A row is what truly is "
    "the class: recall divides by that.",
    "`np.divide(hits, whole, out=np.full(len(hits), np.nan), where=whole > 0)` leaves NaN where there is nothing to "
    "divide by.",
])


@precision_recall.mistake("The two are swapped: precision asks how much of what was *predicted* is right (columns), "
                          "recall how much of what is *there* was found (rows).")
def swapped(confusion):
    return precision_recall_answer(confusion)[::-1]


@precision_recall.mistake("You divided by all pixels. Each class has its own denominators: the sum of its column, and "
                          "that of its row.")
def over_all_pixels(confusion):
    share = np.diag(confusion) / confusion.sum()
    return share, share


@precision_recall.mistake("Hits over misses is a ratio without an upper end. The hits belong into the denominator, "
                          "too: divide by the whole column, and the whole row.")
def over_the_mistakes(confusion):
    hits, predicted, true = parts(confusion)
    return over(hits, predicted - hits), over(hits, true - hits)


@precision_recall.mistake("That is the share that is wrong. Precision and recall are what is right: 1 minus that.")
def what_is_wrong(confusion):
    precision, recall = precision_recall_answer(confusion)
    return 1 - precision, 1 - recall


@precision_recall.mistake("You averaged over the classes already. Return one number for each class: the average comes "
                          "later, and it matters how.")
def averaged_already(confusion):
    return tuple(np.nanmean(values) for values in precision_recall_answer(confusion))


@precision_recall.mistake("The second is specificity, how much of all *other* land was left alone. In a forest it is "
                          "always near 1. Recall divides the hits by the row.")
def specificity(confusion):
    hits, predicted, true = parts(confusion)
    others = confusion.sum() - true
    return over(hits, predicted), over(others - (predicted - hits), others)


@precision_recall.mistake("Both are shares between 0 and 1 here, not percent.")
def in_percent(confusion):
    precision, recall = precision_recall_answer(confusion)
    return 100 * precision, 100 * recall


@precision_recall.mistake("Right where every class occurs. Where there is nothing to divide by, you say 0: but the "
                          "precision of a class that was never predicted is unknown, NaN, not bad.")
def unknown_is_zero(confusion):
    return tuple(np.nan_to_num(values) for values in precision_recall_answer(confusion))


@precision_recall.mistake("Right where every class occurs. Where there is nothing to divide by, you say 1, as if "
                          "silence were perfect. It is unknown: NaN.")
def unknown_is_perfect(confusion):
    return tuple(np.nan_to_num(values, nan=1.0) for values in precision_recall_answer(confusion))


@precision_recall.mistake("A tiny number in the denominator turns unknown into 0 without saying so (and moves all the "
                          "others a little). Leave NaN where there is nothing to divide by.")
def epsilon(confusion):
    hits, predicted, true = parts(confusion)
    return hits / (predicted + 1e-3), hits / (true + 1e-3)
