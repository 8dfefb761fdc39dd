"""Biases along the flow-duration curve: do floods, middle and low flows have the right size, whenever they come?

Both series are sorted before they are compared, so timing plays no part: a simulation with the right distribution in
the wrong order is perfect here. All three follow Yilmaz et al. (2008), doi:10.1029/2007WR006716.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .pairs import SkillError, UndefinedSkill, paired

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: A dry river has no logarithm. Flows below this [mm/day] count as this, as in Kratzert et al. (2019),
#: doi:10.5194/hess-23-5089-2019, so that the numbers can stand beside published ones.
DRY = 1e-6


def fhv(observed: ArrayLike, simulated: ArrayLike, share: float = 0.02) -> float:
    r"""Bias of the peak flows [%], the highest 2 % of the days: 0 is perfect, negative is floods that are too small.

    .. math:: \mathrm{FHV} = 100 \, \frac{\sum_{h=1}^{H} (q^s_h - q^o_h)}{\sum_{h=1}^{H} q^o_h}

    with both series sorted from high to low and H = 2 % of the days.

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit
    share : of the days that count as high, between 0 and 1 [-]

    Raises
    ------
    SkillError : the series do not fit together, or `share` is not between 0 and 1
    UndefinedSkill : the highest observed flows are 0

    References
    ----------
    Yilmaz et al. (2008), doi:10.1029/2007WR006716
    """
    o, s = _curves(observed, simulated)
    high = slice(0, _count(share, o.size))
    if o[high].sum() <= 0:
        raise UndefinedSkill(f"FHV divides by the highest observed flows, and all {o.size} of them are 0 or less")
    return float(100 * np.sum(s[high] - o[high]) / np.sum(o[high]))


def fms(observed: ArrayLike, simulated: ArrayLike, upper: float = 0.2, lower: float = 0.7) -> float:
    r"""Bias of the slope of the curve's middle [%]: 0 is perfect, positive is a basin that reacts too sharply.

    .. math:: \mathrm{FMS} = 100 \, \frac{(\ln q^s_{20} - \ln q^s_{70}) - (\ln q^o_{20} - \ln q^o_{70})}
                                          {\ln q^o_{20} - \ln q^o_{70}}

    with :math:`q_{20}` and :math:`q_{70}` the flows that are exceeded on 20 % and on 70 % of the days.

    Parameters
    ----------
    observed, simulated : (time,) discharge [mm/day]; flows below 1e-6 count as 1e-6
    upper, lower : exceedance probabilities between which the slope is taken [-]

    Raises
    ------
    SkillError : the series do not fit together, or not 0 < upper < lower < 1
    UndefinedSkill : the observed curve is flat there

    References
    ----------
    Yilmaz et al. (2008), doi:10.1029/2007WR006716
    """
    if not 0 < upper < lower < 1:
        raise SkillError(f"FMS needs exceedance probabilities 0 < upper < lower < 1, received {upper:g} and {lower:g}")
    o, s = _curves(observed, simulated)
    at = np.minimum(np.round(np.array([upper, lower]) * o.size).astype(int), o.size - 1)
    slopes = [np.subtract(*np.log(np.maximum(curve[at], DRY))) for curve in (s, o)]
    if slopes[1] == 0:
        raise UndefinedSkill(f"FMS divides by the slope of the observed curve, which is flat between {upper:.0%} and "
                             f"{lower:.0%}")
    return float(100 * (slopes[0] - slopes[1]) / slopes[1])


def flv(observed: ArrayLike, simulated: ArrayLike, share: float = 0.3) -> float:
    r"""Bias of the low flows [%], the lowest 30 % of the days: 0 is perfect, positive is a river that falls too little.

    .. math:: \mathrm{FLV} = -100 \, \frac{\sum_l (\ln q^s_l - \ln q^s_L) - \sum_l (\ln q^o_l - \ln q^o_L)}
                                           {\sum_l (\ln q^o_l - \ln q^o_L)}

    with both series sorted from high to low, l over the lowest 30 % of the days, and L the lowest of all.

    Parameters
    ----------
    observed, simulated : (time,) discharge [mm/day]; flows below 1e-6 count as 1e-6
    share : of the days that count as low, between 0 and 1 [-]

    Raises
    ------
    SkillError : the series do not fit together, or `share` is not between 0 and 1
    UndefinedSkill : the lowest observed flows are all equal, as in a river that falls dry for a third of the year

    References
    ----------
    Yilmaz et al. (2008), doi:10.1029/2007WR006716
    """
    o, s = _curves(observed, simulated)
    low = slice(o.size - _count(share, o.size), None)
    above_lowest = [np.sum(np.log(q / q[-1])) for q in (np.maximum(s[low], DRY), np.maximum(o[low], DRY))]
    if above_lowest[1] == 0:
        raise UndefinedSkill(f"FLV compares how the lowest {share:.0%} of the days vary, and here the observed ones "
                             f"are all {o[-1]:g}")
    return float(-100 * (above_lowest[0] - above_lowest[1]) / above_lowest[1])


def _curves(observed: ArrayLike, simulated: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both series from high to low."""
    o, s = paired(observed, simulated)
    return np.sort(o)[::-1], np.sort(s)[::-1]


def _count(share: float, days: int) -> int:
    if not 0 < share < 1:
        raise SkillError(f"share is a fraction of the days between 0 and 1, received {share:g}; 2 % is 0.02")
    return max(1, round(share * days))
