"""The Ladder: a leaderboard that cannot be climbed by chance.

Blum and Hardt (2015), "The Ladder: a reliable leaderboard for machine learning competitions", ICML, arXiv:1502.04585,
section 3.1 (the parameter-free mechanism): a team hears a new score only if it is better than its best one by more than
the standard error of the difference; otherwise it hears its best score again. So a file tells its team at most whether it
is better, and what is heard is rounded.

Two things differ from the paper.

Its loss is a mean over rows, whose standard error has a formula. A median over basins and a macro F1 have none, and
rows of a map are not independent: the error is that of a bootstrap over basins or blocks, drawn once and for all. Of a macro
F1 it is half as large again in truth: a class that lies in one block has the same F1 whether this block is drawn once or
thrice. What happens when each block is left out in turn, the jackknife, shows that; the larger of the two counts.

One standard error is exceeded by one entry of pure luck in six. With the thousands of rows of the paper that is little; with
eighty blocks of a map it is a hundredth or two each time. So the step grows with the number of entries: of m that differ by
luck alone the best lies some sqrt(2 ln m) standard errors up (Donoho and Johnstone 1994, doi:10.1093/biomet/81.3.425). A gain
that is there in all blocks is many standard errors large, and is heard all the same. `benchmarks/competition.py` measures both.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from .metrics import Metric

#: Scores are let out in steps of this, and a smaller gain is none.
STEP = 0.005

DRAWS = 200


def climbs(metric: Metric, best: np.ndarray, new: np.ndarray, entry: int = 2) -> bool:
    """Whether the public units `new` (unit, ...) score better than `best` by more than chance.

    `new` is the team's entry number `entry`, refused ones not counted: the more it tries, the more a gain must be.
    """
    gain = metric.score(new) - metric.score(best)
    if gain <= STEP or gain <= errors(entry) * standard_error(metric, best, new):
        return False
    return not metric.of_classes or gain > errors(entry) * jackknife_error(metric, best, new)


def errors(entry: int) -> float:
    """How many standard errors a gain must have that the entry number `entry` of a team brings."""
    return sqrt(2 * log(max(entry, 2)))


def standard_error(metric: Metric, best: np.ndarray, new: np.ndarray) -> float:
    """Standard error of the difference of two scores of the same units, by a bootstrap over the units."""
    n = len(new)
    draws = np.random.default_rng(n).integers(0, n, (DRAWS, n))
    if not metric.of_classes:
        return float(np.std(np.median(new[draws, 0], axis=1) - np.median(best[draws, 0], axis=1)))
    weights = np.stack([np.bincount(drawn, minlength=n) for drawn in draws]).astype(float)
    shape = (DRAWS, 1, *new.shape[1:])
    sums = [(weights @ units.reshape(n, -1).astype(float)).reshape(shape) for units in (new, best)]
    return float(np.std([metric.score(one) - metric.score(other) for one, other in zip(*sums, strict=True)]))


def jackknife_error(metric: Metric, best: np.ndarray, new: np.ndarray) -> float:
    """The same of classes when one unit after the other is left out; of a median it would be worth nothing.

    Equation 11.5 of Efron and Tibshirani (1993), An Introduction to the Bootstrap.
    """
    n = len(new)
    without = zip(new.sum(axis=0) - new, best.sum(axis=0) - best, strict=True)
    return sqrt(n - 1) * float(np.std([metric.score(one[None]) - metric.score(other[None]) for one, other in without]))


def let_out(score: float) -> float:
    """A score as the board shows it, in steps."""
    return round(round(score / STEP) * STEP, 6)
