"""Baseflow separation: which part of the discharge comes slowly?"""

from __future__ import annotations

from typing import Any

import numpy as np

from .pairs import SkillError

Discharge = Any  #: (time,) or (basin, time), DataArray or plain array [mm/day]


def baseflow(discharge: Discharge, alpha: float = 0.925, passes: int = 3) -> Discharge:
    r"""The slow part of the discharge [mm/day], by the filter of Lyne and Hollick.

    .. math:: f_t = \alpha f_{t-1} + \tfrac{1 + \alpha}{2} (q_t - q_{t-1}), \qquad b_t = q_t - \max(f_t, 0)

    f is the quick flow. The filter runs forwards, backwards and forwards again over its own result, with 30 days
    mirrored at either end. Stretches without a gap are filtered one by one; those of 30 days or fewer stay NaN.

    Parameters
    ----------
    discharge : (time,) or (basin, time) [mm/day]
    alpha : memory of the filter [-]
    passes : odd number of runs over the series

    Raises
    ------
    SkillError : an even number of passes, which would leave the result backwards

    References
    ----------
    Lyne and Hollick (1979); Ladson et al. (2013), doi:10.7158/13241583.2013.11465417
    """
    filtered = np.apply_along_axis(slow_flow, -1, np.asarray(discharge, dtype=float), alpha, passes)
    return discharge.copy(data=filtered) if hasattr(discharge, "dims") else filtered


def slow_flow(q: np.ndarray, alpha: float, passes: int, mirrored: int = 30) -> np.ndarray:
    """:func:`baseflow` of one river's array."""
    if passes < 1 or passes % 2 == 0:
        raise SkillError(f"the baseflow filter takes an odd number of passes, received {passes}")
    slow = np.full(q.shape, np.nan)
    for start, end in spells(~np.isnan(q)):
        if end - start > mirrored:
            padded = np.pad(q[start:end], mirrored, mode="reflect")
            for _ in range(passes):
                padded = _without_quick_flow(padded, alpha)[::-1]
            slow[start:end] = padded[::-1][mirrored:-mirrored]
    return slow


def _without_quick_flow(q: np.ndarray, alpha: float) -> np.ndarray:
    from scipy.signal import lfilter

    gain = (1 + alpha) / 2
    quick, _ = lfilter([gain, -gain], [1, -alpha], q, zi=[q[0] * (1 - gain)])  # quick flow starts as the flow itself
    return q - np.maximum(quick, 0)


def spells(condition: np.ndarray) -> np.ndarray:
    """(n, 2) start and end of the stretches where `condition` holds."""
    return np.flatnonzero(np.diff(np.r_[False, condition, False].astype(int))).reshape(-1, 2)
