"""The Ladder: a leaderboard that cannot be climbed by chance.

Blum and Hardt (2015), "The Ladder: a reliable leaderboard for machine learning competitions", ICML, arXiv:1502.04585,
section 3.1 (the parameter-free mechanism): a team hears a new score only if it is better than its best one by more than
the standard error of the difference; otherwise it hears its best score again. So a file tells its team at most whether it
is better, and what is heard is rounded.

The paper's loss is a mean over rows, whose standard error has a formula. A median over basins and a macro F1 have none, and
rows of a map are not independent: the error is that of a bootstrap over basins or blocks, drawn once and for all.
"""

from __future__ import annotations

import numpy as np

from .metrics import Metric

#: Scores are let out in steps of this, and a smaller gain is none.
STEP = 0.005

#: How many standard errors a gain must have.
ERRORS = 1.0

DRAWS = 200


def climbs(metric: Metric, best: np.ndarray, new: np.ndarray) -> bool:
    """Whether the public units `new` (unit, ...) score better than `best` by more than chance."""
    gain = metric.score(new) - metric.score(best)
    return gain > STEP and gain > ERRORS * standard_error(metric, best, new)


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


def let_out(score: float) -> float:
    """A score as the board shows it, in steps."""
    return round(round(score / STEP) * STEP, 6)
