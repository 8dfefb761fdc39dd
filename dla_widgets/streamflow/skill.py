"""How good is a simulated hydrograph? Scores, each with its equation, its units and the paper it comes from.

All scores take ``(observed, simulated)`` in this order: most of them change when the two are swapped. Days on which
either is NaN are left out (:func:`paired`). Where a score does not exist for the observations at hand (a river that
never changes has no variance to explain, a dry one no volume to compare with), it raises :class:`UndefinedSkill`;
:func:`scores` and :func:`by_basin`, which make tables, write NaN there instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .curve_bias import fhv, flv, fms
from .pairs import SkillError, UndefinedSkill, aligned, by_basin, paired
from .peaks import missed_peaks, peak_timing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = [
    "BEST", "SCORES", "UNITS", "KgeParts", "SkillError", "SkillLost", "UndefinedSkill", "aligned", "alpha_nse",
    "beta_nse", "by_basin", "correlation", "fhv", "flv", "fms", "kge", "kge2012", "kge_parts", "log_nse",
    "missed_peaks", "nse", "nse_decomposition", "or_nan", "paired", "peak_timing", "percent_bias", "rmse", "scores",
]


class KgeParts(NamedTuple):
    """What the Kling-Gupta efficiency is made of; each is 1 for a perfect simulation [-]."""

    r: float  #: linear correlation: are the ups and downs at the right time?
    alpha: float  #: ratio of the standard deviations, simulated over observed: are they as large?
    beta: float  #: ratio of the means: is it the right amount of water?

    @property
    def gamma(self) -> float:
        """Ratio of the coefficients of variation, simulated over observed: `alpha` without its share of `beta`."""
        return self.alpha / self.beta if self.beta else np.nan


class SkillLost(NamedTuple):
    """The three ways to lose skill. None is negative, and together they are 1 - NSE [-]."""

    correlation: float  #: ups and downs at the wrong time
    variability: float  #: too tame or too wild
    bias: float  #: too much or too little water


def nse(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Nash-Sutcliffe efficiency [-]: 1 is perfect, 0 is no better than the observed mean.

    .. math:: \mathrm{NSE} = 1 - \frac{\sum_t (q^o_t - q^s_t)^2}{\sum_t (q^o_t - \overline{q^o})^2}

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit; days on which either is NaN are left out

    Raises
    ------
    SkillError : the series do not fit together
    UndefinedSkill : the observations are constant, or no day is left

    References
    ----------
    Nash and Sutcliffe (1970), doi:10.1016/0022-1694(70)90255-6
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "NSE")
    return float(1 - np.sum((o - s) ** 2) / np.sum((o - o.mean()) ** 2))


def log_nse(observed: ArrayLike, simulated: ArrayLike, share: float = 0.01) -> float:
    r"""NSE of the logarithms [-]: low flows count as much as floods do in NSE.

    .. math:: \mathrm{NSE}\bigl(\ln(q^o + \epsilon), \ln(q^s + \epsilon)\bigr), \quad \epsilon = \overline{q^o} / 100

    The small :math:`\epsilon` lets a river fall dry. As a share of the mean flow it does not depend on the unit.
    Negative simulated flows count as 0.

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit
    share : :math:`\epsilon` as a share of the mean observed flow [-]

    Raises
    ------
    UndefinedSkill : the observations are constant, or never above 0

    References
    ----------
    Pushpalatha et al. (2012), doi:10.1016/j.jhydrol.2011.11.055
    """
    o, s = paired(observed, simulated)
    _must_flow(o, "log-NSE")
    epsilon = share * o.mean()
    return nse(np.log(np.maximum(o, 0) + epsilon), np.log(np.maximum(s, 0) + epsilon))


def rmse(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Root mean square error, in the unit of the discharge: 0 is perfect.

    .. math:: \mathrm{RMSE} = \sqrt{\frac{1}{T} \sum_t (q^o_t - q^s_t)^2}

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit
    """
    o, s = paired(observed, simulated)
    return float(np.sqrt(np.mean((o - s) ** 2)))


def percent_bias(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Error of the total volume [%]: 0 is perfect, positive is too much water.

    .. math:: 100 \, \frac{\sum_t (q^s_t - q^o_t)}{\sum_t q^o_t}

    Beware of the sign: this is %BiasRR of Yilmaz et al. Others (Moriasi et al. 2007, doi:10.13031/2013.23153) subtract
    the other way round, and there a positive PBIAS means too little water.

    Raises
    ------
    UndefinedSkill : the observed volume is 0

    References
    ----------
    Yilmaz et al. (2008), doi:10.1029/2007WR006716
    """
    o, s = paired(observed, simulated)
    _must_flow(o, "percent bias")
    return float(100 * np.sum(s - o) / np.sum(o))


def correlation(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Pearson's linear correlation r [-] of the two series; 0 for a constant simulation, which follows nothing.

    .. math:: r = \frac{1}{T} \sum_t \frac{(q^o_t - \mu_o)(q^s_t - \mu_s)}{\sigma_o \sigma_s}

    The limit of r for a constant simulation does not exist; 0 is the convention of Knoben et al. (2019),
    doi:10.5194/hess-23-4323-2019, by which the observed mean as a forecast has KGE = 1 - sqrt(2) = -0.41.

    Raises
    ------
    UndefinedSkill : the observations are constant
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "correlation")
    if _constant(s):
        return 0.0
    o, s = o - o.mean(), s - s.mean()
    o, s = o / np.abs(o).max(), s / np.abs(s).max()  # squares of tiny flows would underflow to nothing
    return float(np.clip(np.sum(o * s) / np.sqrt(np.sum(o**2) * np.sum(s**2)), -1, 1))


def alpha_nse(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Variability ratio [-]: 1 is perfect, below 1 the simulation is too tame.

    .. math:: \alpha = \sigma_s / \sigma_o

    Raises
    ------
    UndefinedSkill : the observations are constant

    References
    ----------
    Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "alpha-NSE")
    return 0.0 if _constant(s) else float(s.std() / o.std())


def beta_nse(observed: ArrayLike, simulated: ArrayLike) -> float:
    r"""Bias in units of the river's own variability [-]: 0 is perfect, positive is too much water.

    .. math:: \beta_n = (\mu_s - \mu_o) / \sigma_o

    Raises
    ------
    UndefinedSkill : the observations are constant

    References
    ----------
    Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "beta-NSE")
    return float((s.mean() - o.mean()) / o.std())


def nse_decomposition(observed: ArrayLike, simulated: ArrayLike) -> SkillLost:
    r"""Where did the skill go? 1 - NSE as the sum of three parts, none of them negative [-].

    .. math:: 1 - \mathrm{NSE} = \underbrace{2 \alpha (1 - r)}_\text{correlation}
              + \underbrace{(1 - \alpha)^2}_\text{variability} + \underbrace{\beta_n^2}_\text{bias}

    This is the paper's decomposition of the mean square error,
    :math:`2 \sigma_s \sigma_o (1 - r) + (\sigma_s - \sigma_o)^2 + (\mu_s - \mu_o)^2`, over the observed variance;
    solved for NSE it reads :math:`2 \alpha r - \alpha^2 - \beta_n^2`.

    Raises
    ------
    UndefinedSkill : the observations are constant

    References
    ----------
    Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "the decomposition of NSE")
    alpha = alpha_nse(o, s)
    return SkillLost(2 * alpha * (1 - correlation(o, s)), (1 - alpha) ** 2, beta_nse(o, s) ** 2)


def kge_parts(observed: ArrayLike, simulated: ArrayLike) -> KgeParts:
    r"""Correlation r, variability ratio alpha, volume ratio beta of the Kling-Gupta efficiency; all 1 if perfect [-].

    .. math:: r, \qquad \alpha = \sigma_s / \sigma_o, \qquad \beta = \mu_s / \mu_o

    Raises
    ------
    UndefinedSkill : the observations are constant, or their mean is not above 0

    References
    ----------
    Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003
    """
    o, s = paired(observed, simulated)
    _must_vary(o, "KGE")
    _must_flow(o, "KGE")
    return KgeParts(correlation(o, s), alpha_nse(o, s), float(s.mean() / o.mean()))


def kge(observed: ArrayLike, simulated: ArrayLike, weights: ArrayLike = (1, 1, 1)) -> float:
    r"""Kling-Gupta efficiency of 2009 [-]: 1 is perfect; the observed mean as a forecast has 1 - sqrt(2) = -0.41.

    .. math:: \mathrm{KGE} = 1 - \sqrt{[w_r (r - 1)]^2 + [w_\alpha (\alpha - 1)]^2 + [w_\beta (\beta - 1)]^2}

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit
    weights : of correlation, variability and volume

    Raises
    ------
    SkillError : the series do not fit together, or there are not three weights
    UndefinedSkill : the observations are constant, or their mean is not above 0

    References
    ----------
    Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003
    """
    return _distance_from_perfect(kge_parts(observed, simulated), weights)


def kge2012(observed: ArrayLike, simulated: ArrayLike, weights: ArrayLike = (1, 1, 1)) -> float:
    r"""Kling-Gupta efficiency of 2012 [-]: as :func:`kge`, but variability and volume no longer overlap.

    .. math:: \mathrm{KGE'} = 1 - \sqrt{[w_r (r - 1)]^2 + [w_\gamma (\gamma - 1)]^2 + [w_\beta (\beta - 1)]^2},
              \quad \gamma = \frac{\sigma_s / \mu_s}{\sigma_o / \mu_o}

    A simulation with 20 % too much water every day is punished twice by KGE (in :math:`\beta` and in :math:`\alpha`),
    once here.

    Raises
    ------
    UndefinedSkill : the observations are constant, or one of the means is not above 0

    References
    ----------
    Kling et al. (2012), doi:10.1016/j.jhydrol.2012.01.011
    """
    o, s = paired(observed, simulated)
    parts = kge_parts(o, s)
    if parts.beta <= 0:
        raise UndefinedSkill(f"KGE of 2012 divides by the simulated mean, which must be above 0; it is {s.mean():g}")
    return _distance_from_perfect((parts.r, parts.gamma, parts.beta), weights)


#: every score that is one number, by the name that tables use
SCORES = {
    "nse": nse, "kge": kge, "kge2012": kge2012, "r": correlation, "alpha_nse": alpha_nse, "beta_nse": beta_nse,
    "rmse": rmse, "percent_bias": percent_bias, "log_nse": log_nse, "fhv": fhv, "fms": fms, "flv": flv,
    "peak_timing": peak_timing, "missed_peaks": missed_peaks,
}

#: unit of a score; "-" where it has none. RMSE has the unit of the discharge, which is mm/day in this project.
UNITS = dict.fromkeys(SCORES, "-") | {
    "rmse": "mm/day", "percent_bias": "%", "fhv": "%", "fms": "%", "flv": "%", "peak_timing": "days",
}

#: value of a score for a perfect simulation
BEST = dict.fromkeys(SCORES, 0.0) | dict.fromkeys(("nse", "kge", "kge2012", "r", "alpha_nse", "log_nse"), 1.0)


def scores(observed: ArrayLike, simulated: ArrayLike) -> pd.Series:
    """All of :data:`SCORES` at once, NaN where one is not defined for these series.

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit [mm/day]

    Returns
    -------
    pandas.Series : ``scores(o, s).nse`` or ``["nse"]``; units in :data:`UNITS`, perfect values in :data:`BEST`

    Raises
    ------
    SkillError : the series do not fit together, or no day is left
    """
    import pandas as pd

    o, s = aligned(observed, simulated)
    paired(o, s)
    return pd.Series({name: or_nan(score, o, s) for name, score in SCORES.items()}, name="score")


def or_nan(score, o: np.ndarray, s: np.ndarray) -> float:
    """A score, NaN where it is not defined for these series."""
    try:
        return score(o, s)
    except UndefinedSkill:
        return np.nan


def _distance_from_perfect(parts: ArrayLike, weights: ArrayLike) -> float:
    parts, weights = np.asarray(parts, dtype=float), np.asarray(weights, dtype=float)
    if weights.shape != (3,):
        raise SkillError(f"KGE takes three weights (correlation, variability, volume), received {weights.tolist()}")
    return float(1 - np.sqrt(np.sum((weights * (parts - 1)) ** 2)))


def _constant(values: np.ndarray) -> bool:
    """Compared value by value: the mean of equal floats can differ from them in the last digit, their spread from 0."""
    return bool(values.max() == values.min())


def _must_vary(o: np.ndarray, score: str) -> None:
    if _constant(o):
        raise UndefinedSkill(f"{score} needs observations that vary; all {o.size} of them are {o[0]:g}")


def _must_flow(o: np.ndarray, score: str) -> None:
    if o.mean() <= 0:
        raise UndefinedSkill(f"{score} divides by the observed volume, which must be above 0; the mean of {o.size} "
                             f"days is {o.mean():g}")
