"""The middle of lesson 03: F1 of each class, and what becomes of it when classes are averaged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import skill
from ..legend import IGNORE
from .imbalance import confusion_counts_answer, over, parts, precision_recall_answer, table_probes, with_gaps

# --- f1_scores -----------------------------------------------------------------------------------------------------


def f1_scores_answer(confusion):
    """F1 of each class; 0 if it occurs and was never hit, NaN if it is neither true nor predicted."""
    hits, predicted, true = parts(confusion)
    return over(2 * hits, predicted + true)


f1_scores = Exercise("f1_scores", f1_scores_answer, table_probes, away=[skill.Confusion.f1.fget], hints=[
    "F1 is the harmonic mean of precision P and recall R: 2 P R / (P + R). Low as soon as one of them is low.",
    "Put in what P and R are made of, and the same thing is 2 x hits over (sum of the column + sum of the row).",
    "That form also knows what P and R do not: a class that is there and was never predicted has an F1 of 0, not NaN.",
])


@f1_scores.mistake("That is the ordinary mean of precision and recall. Who says \"water\" everywhere has a recall of 1"
                   " and would get more than one half for it: take the harmonic mean.")
def ordinary_mean(confusion):
    precision, recall = precision_recall_answer(confusion)
    _, predicted, true = parts(confusion)
    mean = (np.nan_to_num(precision) + np.nan_to_num(recall)) / 2
    return np.where(predicted + true > 0, mean, np.nan)


@f1_scores.mistake("That is the intersection over union: hits over all pixels that are the class, or were said to be. "
                   "It is a good score too, and lower than F1 = 2 IoU / (1 + IoU).")
def intersection_over_union(confusion):
    hits, predicted, true = parts(confusion)
    return over(hits, predicted + true - hits)


@f1_scores.mistake("The factor 2 is missing: a perfect map would have an F1 of one half.")
def half(confusion):
    return f1_scores_answer(confusion) / 2


@f1_scores.mistake("That is the geometric mean, the root of precision times recall. F1 is the harmonic one, 2 P R / (P"
                   " + R).")
def geometric_mean(confusion):
    hits, predicted, true = parts(confusion)
    return np.where(predicted + true > 0, np.nan_to_num(np.sqrt(over(hits, predicted) * over(hits, true))), np.nan)


@f1_scores.mistake("That is precision times recall. Twice that, over their sum, is F1.")
def product(confusion):
    hits, predicted, true = parts(confusion)
    return np.where(predicted + true > 0, np.nan_to_num(over(hits, predicted) * over(hits, true)), np.nan)


@f1_scores.mistake("That is F2, which takes recall four times as seriously. F1 weighs both the same.")
def f2(confusion):
    hits, predicted, true = parts(confusion)
    return over(5 * hits, predicted + 4 * true)


@f1_scores.mistake("Right where every class is predicted. But 2 P R / (P + R) is NaN for a class that is there and was"
                   " never predicted. It was missed altogether: its F1 is 0.")
def missed_class_is_unknown(confusion):
    precision, recall = precision_recall_answer(confusion)
    total = precision + recall
    return np.where(total > 0, 2 * precision * recall / np.where(total > 0, total, 1), np.nan)


@f1_scores.mistake("Right where every class occurs. A class that is neither there nor predicted did nothing wrong: "
                   "NaN, not 0, or it will pull down the mean.")
def absent_class_is_zero(confusion):
    return np.nan_to_num(f1_scores_answer(confusion))


@f1_scores.mistake("Right where every class occurs. A class that is neither there nor predicted is no success either: "
                   "NaN, not 1.")
def absent_class_is_perfect(confusion):
    return np.nan_to_num(f1_scores_answer(confusion), nan=1.0)


# --- macro_f1 ------------------------------------------------------------------------------------------------------


def _confused(truth, prediction):
    return confusion_counts_answer(truth, prediction, 9)


def macro_f1_answer(truth, prediction):
    """The mean F1 over the classes that are true or predicted somewhere; the pixels labelled IGNORE do not count."""
    return np.nanmean(f1_scores_answer(_confused(truth, prediction)))


def _macro_probes(rng) -> Iterator[Probe]:
    """Maps with class 0 as matrix; class 7 is predicted only, 5 and 6 are missed, 8 does not occur."""
    share = np.array([12, 2, 3, 2, 1])
    for shape, gaps in (((4, 5), False), ((12, 12), False), ((14, 12), True)):
        truth = rng.choice(5, shape, p=share / share.sum()).astype(np.uint8)
        prediction = np.where(rng.random(shape) < 0.7, truth, rng.choice(5, shape)).astype(np.uint8)
        truth.flat[:9], prediction.flat[:9] = [0, 1, 2, 3, 4, 5, 5, 6, 0], [0, 1, 2, 3, 0, 0, 1, 0, 7]
        yield Probe((with_gaps(rng, truth) if gaps else truth, prediction), "gaps" if gaps else "maps without gaps")


macro_f1 = Exercise("macro_f1", macro_f1_answer, _macro_probes, away=[skill.macro_f1, skill.confusion_matrix], hints=[
    "One vote for each class, however few pixels it has: the mean of the F1s of the classes.",
    "Chain what you have: `confusion_counts(truth, prediction, 9)`, then `f1_scores`, then the mean.",
    "Classes that are neither in the truth nor in the prediction are NaN and have no vote: `np.nanmean`.",
])


@macro_f1.mistake("That is the accuracy, and it is what *micro* F1 comes to when every pixel gets one class. Macro "
                  "gives each class one vote.")
def micro(truth, prediction):
    known = truth != IGNORE
    return np.mean(truth[known] == prediction[known])


@macro_f1.mistake("You weighted each class by its pixels (\"weighted\" in scikit-learn), so forest decides again. "
                  "Macro gives each class one vote.")
def weighted_by_pixels(truth, prediction):
    table = _confused(truth, prediction)
    return np.nansum(f1_scores_answer(table) * table.sum(axis=1)) / table.sum()


@macro_f1.mistake("You averaged over all nine classes, with 0 for those that do not occur. They did nothing wrong: "
                  "average over the classes that are true or predicted somewhere.")
def over_all_nine(truth, prediction):
    return np.nansum(f1_scores_answer(_confused(truth, prediction))) / 9


@macro_f1.mistake("One class that does not occur makes the whole score NaN: `np.nanmean` steps over it.")
def nan_spreads(truth, prediction):
    return np.mean(f1_scores_answer(_confused(truth, prediction)))


@macro_f1.mistake("You left out a class that is predicted but not there. All of that is false alarm, and its F1 is 0: "
                  "it has a vote.")
def only_true_classes(truth, prediction):
    table = _confused(truth, prediction)
    return np.mean(f1_scores_answer(table)[table.sum(axis=1) > 0])


@macro_f1.mistake("You left out a class that is there and was never predicted. It was missed altogether: its F1 is 0, "
                  "and that is the point of the score.")
def only_predicted_classes(truth, prediction):
    table = _confused(truth, prediction)
    return np.mean(f1_scores_answer(table)[table.sum(axis=0) > 0])


@macro_f1.mistake("You averaged precision and recall first and took F1 of the two means. Papers do that too, and it "
                  "flatters: F1 of each class first, then the mean.")
def f1_of_the_means(truth, prediction):
    precision, recall = precision_recall_answer(_confused(truth, prediction))
    p, r = np.nanmean(precision), np.nanmean(recall)
    return 2 * p * r / (p + r)


@macro_f1.mistake("That is the mean recall, also called balanced accuracy. It does not mind false alarms; F1 does.")
def mean_recall(truth, prediction):
    return np.nanmean(precision_recall_answer(_confused(truth, prediction))[1])


@macro_f1.mistake("That is the mean intersection over union. Macro F1 is the mean of 2 x hits over (row + column).")
def mean_iou(truth, prediction):
    return np.nanmean(intersection_over_union(_confused(truth, prediction)))


@macro_f1.mistake("Right on maps without gaps, but where the label is 255 nobody knows what is there. You counted "
                  "those pixels as a class of their own, which is never predicted.")
def ignore_is_a_class(truth, prediction):
    table = confusion_counts_answer(np.minimum(truth, 9), prediction, 10)
    return np.nanmean(f1_scores_answer(table))
