"""The second half of lesson 05: is one run better than another, and how much of a class is there?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe

# --- compare_runs ----------------------------------------------------------------------------------------------------


def _macro(table):
    """Macro F1 of confusion matrices (..., truth, prediction): over the classes that are true or predicted."""
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    all_of_it = table.sum(axis=-1) + table.sum(axis=-2)
    f1 = np.where(all_of_it > 0, 2 * hits / np.where(all_of_it > 0, all_of_it, 1), np.nan)
    return np.nanmean(f1, axis=-1)


def compare_runs_answer(a, b, drawn):
    """Macro F1 of run b minus that of run a for each draw of scenes, (draw,); both are scored on the same scenes."""
    return np.array([_macro(b[scenes].sum(axis=0)) - _macro(a[scenes].sum(axis=0)) for scenes in drawn])


def _runs(rng, scenes, classes):
    """Confusion matrices (scene, truth, prediction) of two runs; the last class lies in the first two scenes only."""
    size = rng.integers(4, 30, (scenes, classes)) * np.r_[20, np.ones(classes - 1, int)]
    size[2:, -1] = 0
    return tuple(np.stack([_guessed(rng, row, skill) for row in size]) for skill in (0.45, 0.7))


def _guessed(rng, size, skill):
    chance = np.full((size.size, size.size), (1 - skill) / 2 / (size.size - 1))
    chance[:, 0] += (1 - skill) / 2
    np.fill_diagonal(chance, 0)
    np.fill_diagonal(chance, 1 - chance.sum(axis=1))
    return np.stack([rng.multinomial(n, p) for n, p in zip(size, chance)])


def _run_probes(rng) -> Iterator[Probe]:
    yield Probe((*_runs(rng, 3, 3), np.array([[0, 1, 2], [0, 0, 2], [1, 1, 2]])), "every class occurs")
    drawn = rng.integers(0, 6, (4, 6))
    drawn[:, :2], drawn[:, 2:4] = 0, 5
    yield Probe((*_runs(rng, 6, 4), drawn), "every class occurs")
    drawn = rng.integers(2, 6, (3, 6))  # draws without the scenes that have the last class
    drawn[:, 1] = drawn[:, 0]
    a, b = _runs(rng, 6, 4)
    a[2:, :, -1], b[2:, :, -1] = 0, 0
    yield Probe((a, b, drawn), "a class that was not drawn")


compare_runs = Exercise("compare_runs", compare_runs_answer, _run_probes, hints=[
    "A draw is a list of scenes, some of them more than once. Put its scenes together, score both runs on them, "
    "subtract.",
    "Confusion matrices add up: `a[scenes].sum(axis=0)` is that of all scenes of a draw, repeated ones counted as "
    "often as they come.",
    "F1 of each class of the summed matrix, the mean over the classes that occur, and then b minus a, row by row of "
    "`drawn`.",
])


@compare_runs.mistake("The sign is turned: run b minus run a, so that positive means b is better.")
def a_minus_b(a, b, drawn):
    return -compare_runs_answer(a, b, drawn)


@compare_runs.mistake("You took macro F1 of each scene and then the mean. A scene without wetland says nothing about "
                      "wetland, and one with ten pixels of it would weigh as much as one with ten thousand: add the "
                      "matrices first.")
def mean_of_scenes(a, b, drawn):
    each = _macro(b) - _macro(a)
    return np.array([each[scenes].mean() for scenes in drawn])


@compare_runs.mistake("Each run got its own draw. A hard scene is hard for both: score them on the same scenes, or "
                      "luck with scenes drowns the difference.")
def different_draws(a, b, drawn):
    other = np.roll(drawn, 1, axis=0)
    return np.array([_macro(b[y].sum(axis=0)) - _macro(a[x].sum(axis=0)) for x, y in zip(drawn, other)])


@compare_runs.mistake("A scene that was drawn twice counts once in yours. It must count twice: that is what drawing "
                      "with replacement means.")
def drawn_once(a, b, drawn):
    return compare_runs_answer(a, b, [np.unique(scenes) for scenes in drawn])


@compare_runs.mistake("That is the difference of the accuracies. Lesson 03 told you whom that one listens to: take "
                      "macro F1.")
def accuracies(a, b, drawn):
    def accuracy(table):
        return np.trace(table) / table.sum()

    return np.array([accuracy(b[s].sum(axis=0)) - accuracy(a[s].sum(axis=0)) for s in drawn])


@compare_runs.mistake("Every draw gives the same number in yours: it is the score over all scenes. Use the scenes of "
                      "each row of `drawn`.")
def all_scenes(a, b, drawn):
    return np.full(len(drawn), _macro(b.sum(axis=0)) - _macro(a.sum(axis=0)))


@compare_runs.mistake("Those are the scores of run b alone. A score moves with the scenes; the difference on the same "
                      "scenes moves much less, and it is what you want to know.")
def only_b(a, b, drawn):
    return np.array([_macro(b[scenes].sum(axis=0)) for scenes in drawn])


@compare_runs.mistake("You have averaged the draws away. Return one difference for each row of `drawn`: their spread "
                      "is the news.")
def averaged(a, b, drawn):
    return compare_runs_answer(a, b, drawn).mean()


@compare_runs.mistake("That is the change in percent of run a. The plain difference of the two scores was asked for.")
def relative(a, b, drawn):
    return compare_runs_answer(a, b, drawn) / [_macro(a[scenes].sum(axis=0)) for scenes in drawn]


@compare_runs.mistake("Right where every class was drawn. A class that is in none of the drawn scenes has no F1: leave"
                      " it out of the mean, do not count it as 0.")
def absent_class_is_zero(a, b, drawn):
    def macro(table):
        everything = table.sum(axis=0) + table.sum(axis=1)
        return np.mean(2 * np.diag(table) / np.maximum(everything, 1))

    return np.array([macro(b[scenes].sum(axis=0)) - macro(a[scenes].sum(axis=0)) for scenes in drawn])


# --- area_estimate ---------------------------------------------------------------------------------------------------


def _estimate(sample, mapped):
    """Area shares and their standard errors from counts (reference, map) of a sample drawn by mapped class."""
    n = sample.sum(axis=0)
    share = sample / n  # of each mapped class, what it really is
    error = np.sqrt((mapped**2 * share * (1 - share) / (n - 1)).sum(axis=1))
    return share @ mapped, error


def area_estimate_answer(sample, mapped):
    """Share of the land that each class really covers, and its standard error (Olofsson et al. 2014, eq. 9 and 10)."""
    return _estimate(sample, mapped)


def _sample_probes(rng) -> Iterator[Probe]:
    yield Probe((_checked(rng, [20, 10, 10]), np.array([0.9, 0.08, 0.02])))
    for classes in (4, 5):
        mapped = np.r_[rng.uniform(15, 30), rng.uniform(0.5, 3, classes - 1)]
        yield Probe((_checked(rng, rng.integers(15, 60, classes)), mapped / mapped.sum()))


def _checked(rng, sizes):
    """Counts (reference, map): of each mapped class as many pixels as `sizes`, most of them right."""
    classes = len(sizes)
    while True:
        columns = [rng.multinomial(n, _mostly(k, classes)) for k, n in enumerate(sizes)]
        sample = np.column_stack(columns)
        if (sample.sum(axis=1) > 1).all() and (np.diag(sample) < sizes).all() and not np.array_equal(sample, sample.T):
            return sample


def _mostly(k, classes):
    return np.where(np.arange(classes) == k, 0.7, 0.3 / (classes - 1))


area_estimate = Exercise("area_estimate", area_estimate_answer, _sample_probes, hints=[
    "The map says how large each of its classes is. The sample says what those areas really are. Put the two "
    "together.",
    "Each column of the sample, divided by its sum, says what one mapped class really is: `share = sample / "
    "sample.sum(axis=0)`.",
    "The area of class j is the sum over the mapped classes i of share[j, i] times mapped[i]: `share @ mapped`.",
    "The error is the root of the sum over i of `mapped[i]**2 * share[j, i] * (1 - share[j, i]) / (n[i] - 1)`, with n"
    " the column sums.",
])


@area_estimate.mistake("You counted pixels of the map. Its mistakes do not cancel: what the sample found in each "
                       "mapped class must correct it.")
def pixel_counting(sample, mapped):
    return mapped, _estimate(sample, mapped)[1]


@area_estimate.mistake("You took the shares within the sample. But as many rare pixels as forest pixels were checked, "
                       "on purpose: weigh each mapped class by its area.")
def shares_of_the_sample(sample, mapped):
    share = sample.sum(axis=1) / sample.sum()
    return share, np.sqrt(share * (1 - share) / (sample.sum() - 1))


@area_estimate.mistake("The table is read the other way round: its *columns* are what the map said, and those were "
                       "sampled. Divide each column by its sum.")
def transposed(sample, mapped):
    return _estimate(sample.T, mapped)


@area_estimate.mistake("The areas are right, but those are variances. The standard error is their root.")
def no_root(sample, mapped):
    area, error = _estimate(sample, mapped)
    return area, error**2


@area_estimate.mistake("The areas are right, but you divided by n. A variance that is estimated from a sample of n "
                       "divides by n - 1.")
def n_instead(sample, mapped):
    n = sample.sum(axis=0)
    share = sample / n
    return share @ mapped, np.sqrt((mapped**2 * share * (1 - share) / n).sum(axis=1))


@area_estimate.mistake("The areas are right, but in the error the mapped shares must be squared: a variance grows with"
                       " the square of a factor.")
def weights_not_squared(sample, mapped):
    n = sample.sum(axis=0)
    share = sample / n
    return share @ mapped, np.sqrt((mapped * share * (1 - share) / (n - 1)).sum(axis=1))


@area_estimate.mistake("The areas are right, but errors do not add up, their squares do: sum the variances over the "
                       "mapped classes, then take the root.")
def errors_added(sample, mapped):
    n = sample.sum(axis=0)
    share = sample / n
    return share @ mapped, (mapped * np.sqrt(share * (1 - share) / (n - 1))).sum(axis=1)


@area_estimate.mistake("The areas are right, but you returned 1.96 standard errors, half of the 95 % interval. Return "
                       "one standard error; the multiple is chosen later.")
def half_the_interval(sample, mapped):
    area, error = _estimate(sample, mapped)
    return area, 1.96 * error


@area_estimate.mistake("You treated the sample as one random draw from the whole map. It was drawn class by class, and"
                       " that is why rare classes are known so well: sum the variances of the mapped classes.")
def as_if_not_stratified(sample, mapped):
    area, _ = _estimate(sample, mapped)
    return area, np.sqrt(area * (1 - area) / (sample.sum() - 1))
