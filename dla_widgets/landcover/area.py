r"""How much forest is there? Areas and accuracy from a checked sample, with what chance leaves open.

A map that confuses classes counts their areas wrongly. Where a sample of its pixels was checked on the ground, drawn at random
within each mapped class, the areas can be put right (Olofsson et al. 2014, doi:10.1016/j.rse.2014.02.015): with
:math:`W_i` the mapped share of class i, and :math:`n_{ij}` checked pixels mapped as i that truly are j,

.. math:: \hat p_j = \sum_i W_i \frac{n_{ij}}{n_{i\cdot}}, \quad
   S(\hat p_j)^2 = \sum_i W_i^2 \frac{\frac{n_{ij}}{n_{i\cdot}} (1 - \frac{n_{ij}}{n_{i\cdot}})}{n_{i\cdot} - 1}
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from .legend import NAMES
from .skill import Confusion, SkillError


def area_adjusted(sample: Confusion, mapped: ArrayLike, confidence: float = 0.95) -> pd.DataFrame:
    """Share of the area of each class, put right by a checked sample.

    Parameters
    ----------
    sample : confusion of the checked pixels
    mapped : (9,) pixels or area of each class on the whole map; it is made to add up to 1
    confidence : of the interval

    Returns
    -------
    table : per class ``mapped`` and ``adjusted`` share [-], and ``low`` and ``high`` of the interval

    Raises
    ------
    SkillError : a mapped class has fewer than two checked pixels
    """
    p, share, there = _parts(sample, mapped)
    adjusted = share @ p
    variance = share**2 @ (p * (1 - p) / (_checked(sample, there)[:, None] - 1))
    error = stats.norm.ppf(0.5 + confidence / 2) * np.sqrt(variance)
    before = np.zeros(len(NAMES))
    before[there] = share
    columns = {"mapped": before, "adjusted": adjusted, "low": adjusted - error, "high": adjusted + error}
    table = pd.DataFrame(columns, index=pd.Index(NAMES, name="class"))
    return table[(table["mapped"] > 0) | (table["adjusted"] > 0)]


def accuracy_adjusted(sample: Confusion, mapped: ArrayLike, confidence: float = 0.95) -> tuple[float, float, float]:
    """Accuracy of the whole map from a checked sample, and the low and high end of its interval."""
    p, share, there = _parts(sample, mapped)
    right = p[np.arange(len(there)), there]
    accuracy = float(share @ right)
    variance = share**2 @ (right * (1 - right) / (_checked(sample, there) - 1))
    error = float(stats.norm.ppf(0.5 + confidence / 2) * np.sqrt(variance))
    return accuracy, accuracy - error, accuracy + error


def _parts(sample: Confusion, mapped: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of what was mapped as i the part that is j (mapped class, 9), shares of the mapped classes, and which those are."""
    mapped = np.asarray(mapped, float)
    if mapped.shape != (len(NAMES),) or (mapped < 0).any() or not mapped.sum() > 0:
        raise SkillError(f"mapped areas are {len(NAMES)} numbers, one per class, none negative; got {mapped}")
    there = np.flatnonzero(mapped)
    checked = _checked(sample, there)
    if (checked < 2).any():
        few = NAMES[there[checked.argmin()]]
        raise SkillError(
            f"{few} is on the map, but {int(checked.min())} of its pixels were checked; check two or more of each class"
        )
    return sample.matrix.T[there] / checked[:, None], mapped[there] / mapped.sum(), there


def _checked(sample: Confusion, there: np.ndarray) -> np.ndarray:
    return sample.mapped[there]
