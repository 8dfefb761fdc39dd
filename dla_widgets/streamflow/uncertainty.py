"""How far can a score be trusted? Ten years of a river are one sample; other ten years would have given another score.

A few floods decide the NSE of a whole record. Drawing whole water years again and again, with replacement, shows how
much: days may not be drawn one by one, because a river remembers yesterday.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .pairs import SkillError, UndefinedSkill, _common_days, _labelled, aligned
from .signatures import water_year

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DAYS_PER_YEAR = 365


class Interval(NamedTuple):
    """A score and the range in which it would lie in most other samples of the same river."""

    low: float
    value: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def block_bootstrap(
    score: Callable[[ArrayLike, ArrayLike], float],
    observed: Any,
    simulated: Any,
    block: int | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.9,
) -> Interval:
    """Confidence interval of a score by drawing years with replacement.

    Parameters
    ----------
    score : a function of (observed, simulated), such as ``nse``
    observed, simulated : (time,) discharge in the same unit
    block : length of the pieces that are drawn [days]; by default water years (from 1 October) where the series know
        their dates, else 365 days. A remainder shorter than half a block is joined to the last one
    n : number of resampled records
    seed : the same seed gives the same interval
    level : share of the resampled scores inside the interval [-]

    Returns
    -------
    Interval : the percentiles (1 - level) / 2 and (1 + level) / 2, and the score of the record itself in between

    Raises
    ------
    SkillError : the series do not fit together, there are fewer than three blocks, `level` is not between 0 and 1, or
        the score is undefined for more than half of the resampled records

    References
    ----------
    Clark et al. (2021), doi:10.1029/2020WR029001
    """
    o, s, blocks = _blocks(observed, simulated, block)
    value = score(o, s)
    draws = _resampled(lambda days: score(o[days], s[days]), blocks, n, seed)
    return _interval(draws, value, level)


def bootstrap_difference(
    score: Callable[[ArrayLike, ArrayLike], float],
    observed: Any,
    simulated: Any,
    reference: Any,
    block: int | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.9,
) -> Interval:
    """Is a model better than another? Interval of the difference of their scores, both on the same drawn years.

    Two intervals may overlap although one model wins in nearly every year: a flood year is hard for both. The
    difference takes that out. If the interval does not hold 0, the better score is unlikely to be luck.

    Parameters
    ----------
    simulated, reference : (time,) discharge of the two models; the result is the score of `simulated` minus that of
        `reference`, over the days that both have
    score, observed, block, n, seed, level : as in :func:`block_bootstrap`

    Raises
    ------
    SkillError : as in :func:`block_bootstrap`
    """
    simulated, reference = _labelled(simulated), _labelled(reference)
    if hasattr(simulated, "indexes") and hasattr(reference, "indexes"):
        simulated, reference = _common_days(simulated, reference)
    o, a, blocks = _blocks(observed, simulated, block)
    _, b, _ = _blocks(observed, reference, block)
    if a.shape != b.shape:
        raise SkillError(f"the two models must cover the same days, received {a.size} and {b.size}")
    a, b = np.where(np.isnan(b), np.nan, a), np.where(np.isnan(a), np.nan, b)
    value = score(o, a) - score(o, b)
    draws = _resampled(lambda days: score(o[days], a[days]) - score(o[days], b[days]), blocks, n, seed)
    return _interval(draws, value, level)


def _blocks(observed: Any, simulated: Any, block: int | None) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The aligned series, and the steps of each block."""
    observed, simulated = _labelled(observed), _labelled(simulated)
    dates = _dates(observed, simulated)
    o, s = aligned(observed, simulated)
    steps = np.arange(o.size)
    if block is None and dates is not None:
        cuts = np.flatnonzero(np.diff(water_year(dates))) + 1
    elif (length := DAYS_PER_YEAR if block is None else int(block)) > 0:
        cuts = np.arange(length, o.size - length / 2 + 1, length).astype(int)
    else:
        raise SkillError(f"a block has at least one day, received {block}")
    blocks = [days for days in np.split(steps, cuts) if days.size]
    if len(blocks) < 3:
        raise SkillError(f"{o.size} days make {len(blocks)} blocks, and a spread needs at least 3; "
                         "give a longer record or shorter blocks, as in block=90")
    return o, s, blocks


def _dates(observed: Any, simulated: Any) -> np.ndarray | None:
    """The days that both series have, if both know them."""
    if not (hasattr(observed, "indexes") and hasattr(simulated, "indexes")):
        return None
    common, _ = _common_days(observed, simulated)
    times = common[common.dims[0]].values if common.ndim == 1 else np.empty(0)
    return times if np.issubdtype(times.dtype, np.datetime64) else None


def _resampled(score: Callable[[np.ndarray], float], blocks: list[np.ndarray], n: int, seed: int) -> np.ndarray:
    """The score of `n` records, each of as many blocks as there are, drawn with replacement."""
    chosen = np.random.default_rng(seed).integers(len(blocks), size=(n, len(blocks)))
    return np.array([_or_nan(score, np.concatenate([blocks[k] for k in row])) for row in chosen])


def _or_nan(score: Callable[[np.ndarray], float], days: np.ndarray) -> float:
    try:
        return score(days)
    except UndefinedSkill:
        return np.nan


def _interval(draws: np.ndarray, value: float, level: float) -> Interval:
    if not 0 < level < 1:
        raise SkillError(f"level is a share between 0 and 1, received {level:g}; 90 % is 0.9")
    if np.isnan(draws).mean() > 0.5:
        raise SkillError(f"the score is undefined for {np.isnan(draws).mean():.0%} of the {draws.size} resampled "
                         "records; the record holds too few events for it")
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(value), float(high))
