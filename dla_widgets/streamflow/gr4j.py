"""GR4J with CemaNeige in machine code: one day after the other, and one candidate after the other.

Perrin et al. (2003), doi:10.1016/S0022-1694(03)00225-7;
snow by Valery et al. (2014), doi:10.1016/j.jhydrol.2014.04.059.

This module imports numba: :mod:`.conceptual` imports it only when a model runs.
"""

import numpy as np
from numba import njit


@njit(cache=True)
def run(theta, series, q, e, f):
    """Fill `q`, `e`, `f` (time,) with discharge, evaporation, exchange [mm/day]; return what is left in store [mm].

    theta : x1 [mm], x2 [mm/day], x3 [mm], x4 [day], kf [mm/K/day], ctg [-]
    series : (time, 4) rain [mm/day], snowfall [mm/day], temperature [degC], potential evapotranspiration [mm/day]
    """
    x1, x2, x3, x4, kf, ctg = theta
    s, r, snow, cold = 0.5 * x1, 0.5 * x3, 0.0, 0.0
    covered = _covered(series)
    rises, falls = _hydrographs(x4)
    slow, fast = np.zeros(rises.size + 1), np.zeros(falls.size + 1)
    for t in range(series.shape[0]):
        rain, snowfall, warm, demand = series[t]
        cold = min(ctg * cold + (1 - ctg) * warm, 0.0)
        melt = _melt(snow + snowfall, warm, cold, kf, covered)
        snow += snowfall - melt
        s, e[t], through = _production(s, x1, rain + melt, demand)
        _pass(slow, rises, 0.9 * through)
        _pass(fast, falls, 0.1 * through)
        swap = x2 * (r / x3) ** 3 * np.sqrt(r / x3)
        gained = max(swap, -(r + slow[0]))
        r = max(r + slow[0] + gained, 0.0)  # rounding must not leave less than nothing
        routed = r * (1 - (1 + (r / x3) ** 4) ** -0.25)
        r -= routed
        aside = max(fast[0] + swap, 0.0)
        f[t] = gained + aside - fast[0]
        q[t] = routed + aside
    return s + r + snow + slow[1:].sum() + fast[1:].sum()  # what stands first in a hydrograph has just left it


@njit(cache=True)
def errors(thetas, series, observed, counted):
    """Sum of squared errors [mm2/day2] of each candidate (many, 6) on the days that are counted."""
    cost = np.zeros(thetas.shape[0])
    q, e, f = np.empty(observed.size), np.empty(observed.size), np.empty(observed.size)
    for i in range(thetas.shape[0]):
        run(thetas[i], series, q, e, f)
        for t in range(observed.size):
            if counted[t]:
                cost[i] += (q[t] - observed[t]) ** 2
    return cost


@njit(cache=True)
def _covered(series):
    """Snow pack [mm] above which the whole catchment is white: nine tenths of a year's snowfall."""
    total = 0.0
    for t in range(series.shape[0]):
        total += series[t, 1]
    return max(0.9 * 365.25 * total / series.shape[0], 1e-3)


@njit(cache=True)
def _melt(snow, warm, cold, kf, covered):
    """Melt [mm/day] once the pack has lost its cold; patchy snow melts more slowly, down to a tenth."""
    if snow <= 0 or warm <= 0 or cold < 0:
        return 0.0
    return min(kf * warm, snow) * (0.1 + 0.9 * min(snow / covered, 1.0))


@njit(cache=True)
def _production(s, x1, water, demand):
    """The production store after the day [mm]; evaporation [mm/day]; water on its way to the river [mm/day]."""
    filled = s / x1
    if water >= demand:
        net = np.tanh(min((water - demand) / x1, 13.0))
        kept = x1 * (1 - filled**2) * net / (1 + filled * net)
        s, evaporated, through = s + kept, demand, water - demand - kept
    else:
        net = np.tanh(min((demand - water) / x1, 13.0))
        lost = s * (2 - filled) * net / (1 + (1 - filled) * net)
        s, evaporated, through = s - lost, water + lost, 0.0
    leak = s * (1 - (1 + (s / x1 / 2.25) ** 4) ** -0.25)
    return s - leak, evaporated, through + leak


@njit(cache=True)
def _hydrographs(x4):
    """Part of the water that arrives on each day: UH1 rises over x4 days, UH2 rises and falls over twice as many."""
    rises, falls = np.zeros(int(np.ceil(x4))), np.zeros(int(np.ceil(2 * x4)))
    before = 0.0
    for k in range(rises.size):
        now = min((k + 1) / x4, 1.0) ** 2.5
        rises[k], before = now - before, now
    before = 0.0
    for k in range(falls.size):
        u = (k + 1) / x4
        now = 0.5 * u**2.5 if u <= 1 else 1 - 0.5 * max(2 - u, 0.0) ** 2.5
        falls[k], before = now - before, now
    return rises, falls


@njit(cache=True)
def _pass(stored, ordinates, water):
    """A day in a unit hydrograph: everything moves up a place and `water` is spread behind; the first place leaves."""
    for k in range(ordinates.size):
        stored[k] = stored[k + 1] + ordinates[k] * water
