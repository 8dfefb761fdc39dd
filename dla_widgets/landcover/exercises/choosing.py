"""The exercises of lesson 06 on choosing: how large a gain must be before it means something, and what to hand in."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- noise_floor -------------------------------------------------------------------------------------------------------


def noise_floor_answer(confusions, draws):
    """How far the macro F1 would wander had the scenes been others: its standard deviation over draws of the scenes."""
    return float(np.std([_macro_f1(confusions[scenes].sum(axis=0)) for scenes in draws]))


def _f1(matrix):
    """(class,) F1, NaN for a class that is neither in the truth nor on the map."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return np.divide(2 * np.diag(matrix), both, out=np.full(len(matrix), np.nan), where=both > 0)


def _macro_f1(matrix):
    return np.nanmean(_f1(matrix))


def _confusions(rng, scenes, classes):
    """Tables of scenes in which class 0 is everywhere, the others in some scenes, and the last one nowhere."""
    tables = rng.integers(0, 9, (scenes, classes, classes)) + 12 * np.eye(classes, dtype=int)
    tables[:, 0, 0] += rng.integers(100, 300, scenes)
    for scene in range(scenes):
        for absent in rng.choice(np.arange(1, classes - 1), (classes - 2) // 2, replace=False):
            tables[scene, absent] = tables[scene, :, absent] = 0
    tables[:, -1] = tables[:, :, -1] = 0
    return tables


def _draw_probes(rng):
    tables = np.array([[[8, 2], [1, 5]], [[9, 0], [4, 1]]]) + rng.integers(0, 3, (2, 1, 1))
    yield tables, np.array([[0, 0], [0, 1], [1, 1]])
    yield _confusions(rng, 5, 4), rng.integers(0, 5, (6, 5))
    yield _confusions(rng, 7, 5), rng.integers(0, 7, (9, 7))


noise_floor = Exercise("noise_floor", noise_floor_answer, _draw_probes, hints=[
    "A draw is a list of scenes, some of them twice. Its table is the sum of its scenes' tables: "
    "`confusions[scenes].sum(axis=0)`.",
    "F1 of all classes from one table: `2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))`. A class that occurs in "
    "neither sum takes no part in the mean.",
    "One macro F1 for each draw, then `np.std` of them all.",
])


@noise_floor.mistake("You averaged the macro F1 of single scenes. A scene with three classes has another mean than one with "
                     "nine: add the tables up first, then one score.")
def scene_scores_averaged(confusions, draws):
    each = np.array([_macro_f1(table) for table in confusions])
    return float(np.std([each[scenes].mean() for scenes in draws]))


@noise_floor.mistake("That is the variance. Its root is in the unit of the score.")
def variance(confusions, draws):
    return noise_floor_answer(confusions, draws) ** 2


@noise_floor.mistake("That is the mean of the drawn scores. The question is how far they scatter.")
def mean_of_the_draws(confusions, draws):
    return float(np.mean([_macro_f1(confusions[scenes].sum(axis=0)) for scenes in draws]))


@noise_floor.mistake("You count a scene once even if it was drawn twice. Drawing with repetition is the whole trick: "
                     "`confusions[scenes]` repeats it.")
def each_scene_once(confusions, draws):
    return float(np.std([_macro_f1(confusions[np.unique(scenes)].sum(axis=0)) for scenes in draws]))


@noise_floor.mistake("A class that is neither in the truth nor on the map counts as an F1 of 0 in yours. It takes no part in "
                     "the mean.")
def absent_counts_as_zero(confusions, draws):
    return float(np.std([np.nan_to_num(_f1(confusions[scenes].sum(axis=0))).mean() for scenes in draws]))


@noise_floor.mistake("That is how far the *accuracy* scatters. Forest steadies it; the score here is the macro F1.")
def spread_of_the_accuracy(confusions, draws):
    tables = [confusions[scenes].sum(axis=0) for scenes in draws]
    return float(np.std([np.trace(table) / table.sum() for table in tables]))


@noise_floor.mistake("That is the scatter of the single scenes. The score is of all of them together, and steadier: add up the "
                     "tables of each draw.")
def spread_of_the_scenes(confusions, draws):
    return float(np.std([_macro_f1(table) for table in confusions]))


@noise_floor.mistake("You divided by n - 1. Asked for is np.std as it is, which divides by n.")
def divided_by_one_less(confusions, draws):
    return float(np.std([_macro_f1(confusions[scenes].sum(axis=0)) for scenes in draws], ddof=1))


@noise_floor.mistake("That is the distance from the lowest to the highest draw, and it grows with the number of draws. Take the "
                     "standard deviation.")
def lowest_to_highest(confusions, draws):
    return float(np.ptp([_macro_f1(confusions[scenes].sum(axis=0)) for scenes in draws]))


@noise_floor.mistake("That is the recall of the classes (balanced accuracy). F1 counts false alarms too: divide by the sum of "
                     "row and column.")
def recall_instead(confusions, draws):
    scores = []
    for scenes in draws:
        table = confusions[scenes].sum(axis=0)
        true = table.sum(axis=1)
        scores.append(np.mean(np.diag(table)[true > 0] / true[true > 0]))
    return float(np.std(scores))


# --- choose_final ------------------------------------------------------------------------------------------------------


def choose_final_answer(scores, seconds, floor):
    """The number of the quickest model whose score is within `floor` of the best; of equally quick ones the better."""
    good = scores >= np.nanmax(scores) - floor
    quickest = good & (seconds == seconds[good].min())
    return int(np.argmax(np.where(quickest, scores, -np.inf)))


def _choice_probes(rng):
    yield np.array([0.40, 0.31, 0.35, 0.42, 0.41]), np.array([90.0, 1.0, 10.0, 60.0, 30.0]), 0.03
    n = 9
    for part in ("", "a run that failed"):
        best = rng.uniform(0.5, 0.6)
        floor = round(float(rng.uniform(0.02, 0.04)), 3)
        near = best - floor * np.array([0, 0.6, 0.3, 0.95, 0.5])  # as good as one another
        far = best - floor - rng.uniform(0.03, 0.2, n - 5)
        scores = np.r_[near, far]
        seconds = np.r_[60.0, 20.0, 20.0, 90.0, 120.0, rng.integers(1, 15, n - 5)]
        order = rng.permutation(n)
        while order.tolist().index(1) > order.tolist().index(2):  # the worse of the two quick ones comes first
            order = rng.permutation(n)
        scores, seconds = scores[order], seconds[order]
        if part:
            scores[int(np.flatnonzero(order == 5)[0])] = np.nan
        yield Probe((scores.round(4), seconds, floor), part)


choose_final = Exercise("choose_final", choose_final_answer, _choice_probes, hints=[
    "Who is as good as the best? `scores >= np.nanmax(scores) - floor`.",
    "Among those, the shortest `seconds`. If several are equally quick, the one with the highest score.",
    "`np.where(chosen, scores, -np.inf).argmax()` finds the highest score among the chosen ones, whatever else is there.",
])


@choose_final.mistake("That is the highest score. Those within the noise floor of it are as good, and one of them costs less.")
def the_best_score(scores, seconds, floor):
    return int(np.nanargmax(scores))


@choose_final.mistake("That is the quickest of all, however bad. It must be as good as the best, but for the noise.")
def the_quickest_of_all(scores, seconds, floor):
    return int(np.argmin(seconds))


@choose_final.mistake("Of those that are as good as the best you took the *slowest*.")
def the_slowest_of_the_good(scores, seconds, floor):
    good = np.nan_to_num(scores) >= np.nanmax(scores) - floor
    return int(np.argmax(np.where(good, seconds, -np.inf)))


@choose_final.mistake("Two are equally quick, and you took the first. Take the better of the two.")
def the_first_of_the_quick(scores, seconds, floor):
    good = np.nan_to_num(scores) >= np.nanmax(scores) - floor
    return int(np.argmin(np.where(good, seconds, np.inf)))


@choose_final.mistake("You returned its score. Return its number, so that one can fetch the model.")
def its_score(scores, seconds, floor):
    return float(scores[choose_final_answer(scores, seconds, floor)])


@choose_final.mistake("You returned its seconds. Return its number in the list.")
def its_seconds(scores, seconds, floor):
    return float(seconds[choose_final_answer(scores, seconds, floor)])


@choose_final.mistake("You took the lowest score that is still within the floor. Within it scores say nothing: look at the "
                      "seconds.")
def the_worst_of_the_good(scores, seconds, floor):
    good = np.nan_to_num(scores) >= np.nanmax(scores) - floor
    return int(np.argmin(np.where(good, scores, np.inf)))


@choose_final.mistake("You count from 1. Python counts from 0: models[0] is the first.")
def counted_from_one(scores, seconds, floor):
    return choose_final_answer(scores, seconds, floor) + 1


@choose_final.mistake("A run that failed has the score NaN, and np.max of scores with a NaN is NaN: np.nanmax steps over it.")
def nan_wins(scores, seconds, floor):
    good = scores >= np.max(scores) - floor
    if not good.any():
        return int(np.argmax(scores))
    quickest = good & (seconds == seconds[good].min())
    return int(np.argmax(np.where(quickest, scores, -np.inf)))


@choose_final.mistake("You measured the floor from the mean of the scores. Measure it from the best.")
def floor_below_the_mean(scores, seconds, floor):
    good = np.nan_to_num(scores) >= np.nanmean(scores) - floor
    quickest = good & (seconds == seconds[good].min())
    return int(np.argmax(np.where(quickest, scores, -np.inf)))
