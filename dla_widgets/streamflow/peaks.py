"""Flood peaks: does the simulated peak come on the right day, and does it come at all?

Meant for daily series. A peak near the start, the end or a gap is left out, because its neighbourhood cannot be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .pairs import UndefinedSkill, aligned, paired

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def peak_timing(observed: ArrayLike, simulated: ArrayLike, window: int = 3) -> float:
    """Mean distance in time between observed and simulated flood peaks [days]: 0 is perfect.

    An observed peak stands out by one standard deviation of the observations or more and is 100 days from a higher one.
    Its simulated partner is the same day if the simulation peaks there, else the highest day within `window` days. So
    the score cannot exceed `window`, and says nothing of the peaks' height.

    Parameters
    ----------
    observed, simulated : (time,) daily discharge in the same unit
    window : days to look for the simulated peak on either side

    Raises
    ------
    UndefinedSkill : no observed peak stands out

    References
    ----------
    Kratzert et al. (2021), appendix, doi:10.5194/hess-25-2685-2021
    """
    o, s, day = _paired_days(observed, simulated)
    peaks = _in_full_view(_peaks(o, distance=100, prominence=float(o.std())), day, window)
    if not peaks.size:
        raise UndefinedSkill(f"peak timing needs a flood to look at; none of the {o.size} days stands out by one "
                             f"standard deviation ({o.std():.3g})")
    return float(np.mean([abs(_nearest_peak(s, peak, window)) for peak in peaks]))


def missed_peaks(observed: ArrayLike, simulated: ArrayLike, window: int = 1, percentile: float = 80) -> float:
    """Share of the observed peaks without a simulated peak within `window` days [-]: 0 is perfect, 1 is none found.

    Peaks of either series are higher than its own `percentile` and 30 days from a higher one, so a simulation that is
    too low throughout can still catch every peak.

    Parameters
    ----------
    observed, simulated : (time,) daily discharge in the same unit
    window : days by which the simulated peak may be early or late
    percentile : of the flows above which a local maximum counts as a peak, 0 to 100

    Raises
    ------
    UndefinedSkill : no observed peak to catch

    References
    ----------
    As in NeuralHydrology, doi:10.21105/joss.04050, but over the peaks that could be looked at: those near the ends or a
    gap are left out of both counts.
    """
    o, s, day = _paired_days(observed, simulated)
    wanted = _in_full_view(_peaks(o, distance=30, height=np.percentile(o, percentile)), day, window)
    found = _peaks(s, distance=30, height=np.percentile(s, percentile))
    if not wanted.size:
        raise UndefinedSkill(f"no peak to catch: none of the {o.size} days is a local maximum above the "
                             f"{percentile:g}th percentile")
    caught = np.abs(wanted[:, None] - found[None, :]) <= window
    return float(1 - caught.any(axis=1).mean())


def _paired_days(observed: ArrayLike, simulated: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paired values and the step each of them belongs to, so that gaps stay visible."""
    o, s = aligned(observed, simulated)
    day = np.flatnonzero(~(np.isnan(o) | np.isnan(s)))
    return *paired(o, s), day


def _peaks(values: np.ndarray, **conditions) -> np.ndarray:
    from scipy.signal import find_peaks  # half a second to import, and only needed here

    return find_peaks(values, **conditions)[0]


def _in_full_view(peaks: np.ndarray, day: np.ndarray, window: int) -> np.ndarray:
    """The peaks that have `window` days without a gap on either side."""
    inside = peaks[(peaks >= window) & (peaks + window < day.size)]
    return inside[day[inside + window] - day[inside - window] == 2 * window]


def _nearest_peak(s: np.ndarray, peak: int, window: int) -> int:
    """Days from an observed peak to the simulated one, negative if that is early."""
    if window == 0 or s[peak - 1] < s[peak] > s[peak + 1]:
        return 0
    return int(np.argmax(s[peak - window : peak + window + 1])) - window
