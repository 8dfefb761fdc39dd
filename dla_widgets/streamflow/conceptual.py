r"""GR4J with a snow store: a calibrated conceptual rainfall-runoff model in six parameters.

Two stores and two unit hydrographs (Perrin, Michel and Andreassian 2003, doi:10.1016/S0022-1694(03)00225-7) behind a
degree-day snow store (CemaNeige: Valery, Andreassian and Perrin 2014, doi:10.1016/j.jhydrol.2014.04.059), fed with
potential evapotranspiration from temperature (Oudin et al. 2005). Of the water that the production store lets go, nine
tenths pass the routing store :math:`R`, and the rest, :math:`Q_1`, goes by:

.. math:: Q_r = R \, \{1 - [1 + (R/x_3)^4]^{-1/4}\}, \qquad Q = Q_r + \max(0, Q_1 + F), \qquad F = x_2 (R/x_3)^{7/2}

Water is neither made nor lost, but for the exchange :math:`F` with neighbouring catchments, which the model reports.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Parameter(NamedTuple):
    """Where a parameter may lie, and whether steps towards it are steps in its logarithm."""

    low: float
    high: float
    unit: str
    meaning: str
    log: bool = False


PARAMETERS = {
    "x1": Parameter(20, 2500, "mm", "capacity of the production store", log=True),
    "x2": Parameter(-8, 8, "mm/day", "exchange of groundwater with the neighbours"),
    "x3": Parameter(5, 800, "mm", "capacity of the routing store", log=True),
    "x4": Parameter(0.6, 8, "day", "time base of the unit hydrograph", log=True),
    "kf": Parameter(0.5, 12, "mm/K/day", "melt per kelvin above freezing"),
    "ctg": Parameter(0, 1, "1", "how long the snow stays cold"),
}


def potential_evapotranspiration(tmin: ArrayLike, tmax: ArrayLike, lat: ArrayLike, doy: ArrayLike) -> np.ndarray:
    r"""Potential evapotranspiration [mm/day] from temperature and the height of the sun alone.

    .. math:: E = \frac{R_e}{\lambda \rho} \, \frac{T + 5}{100} \quad \text{where } T > -5, \text{ else } 0

    Parameters
    ----------
    tmin, tmax : (..., time) daily minimum and maximum temperature [degC]
    lat : latitude [degrees north], a number or broadcasting against the above, say (basin, 1)
    doy : (time,) day of the year, 1 to 366

    References
    ----------
    Oudin et al. (2005), doi:10.1016/j.jhydrol.2004.08.026; the radiation :math:`R_e` above the atmosphere is eq. 21 of
    FAO-56 (Allen et al. 1998)
    """
    mean = (np.asarray(tmin, float) + np.asarray(tmax, float)) / 2
    year = 2 * np.pi * np.asarray(doy) / 365.25
    tilt = 0.409 * np.sin(year - 1.39)
    phi = np.radians(lat)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(tilt), -1, 1))
    sun = np.sin(phi) * np.sin(tilt) * sunset + np.cos(phi) * np.cos(tilt) * np.sin(sunset)
    radiation = 24 * 60 / np.pi * 0.0820 * (1 + 0.033 * np.cos(year)) * sun  # [MJ/m2/day]
    return radiation / 2.45 * np.maximum(mean + 5, 0) / 100


def simulate(theta: ArrayLike, prcp: ArrayLike, tmin: ArrayLike, tmax: ArrayLike, pet: ArrayLike) -> dict:
    """One catchment, day by day, from half-full stores without snow.

    Parameters
    ----------
    theta : (6,) the parameters, in the order and units of :data:`PARAMETERS`
    prcp, pet : (time,) [mm/day]
    tmin, tmax : (time,) [degC]

    Returns
    -------
    discharge, evaporation, exchange : (time,) [mm/day]; exchange is positive where water is gained
    before, after : () what all stores held at the start and at the end [mm]
    """
    from .gr4j import run

    theta = np.ascontiguousarray(theta, float)
    series = _forcing(prcp, tmin, tmax, pet)
    q, e, f = (np.empty(series.shape[0]) for _ in range(3))
    after = run(theta, series, q, e, f)
    return {"discharge": q, "evaporation": e, "exchange": f, "before": 0.5 * (theta[0] + theta[2]), "after": after}


def calibrate(observed: ArrayLike, prcp, tmin, tmax, pet, spin_up: int, seed: int = 0, rounds: int = 45) -> np.ndarray:
    """The parameters (6,) with the highest NSE against `observed` [mm/day], by differential evolution.

    Days with NaN and the first `spin_up` days are not counted. Storn and Price (1997), doi:10.1023/A:1008202821328
    (``current-to-best/1/bin``); the same seed gives the same parameters.
    """
    from .gr4j import errors

    observed = np.ascontiguousarray(observed, float)
    counted = np.isfinite(observed)
    counted[:spin_up] = False
    series = _forcing(prcp, tmin, tmax, pet)
    rng, size = np.random.default_rng(seed), 24  # candidates at a time
    at = rng.random((size, len(PARAMETERS)))
    cost = errors(_physical(at), series, observed, counted)
    for _ in range(rounds):
        one, two = at[rng.integers(size, size=size)], at[rng.integers(size, size=size)]
        pull = rng.uniform(0.3, 0.9, (size, 1))
        step = at + pull * (at[cost.argmin()] - at) + pull * (one - two)
        step = np.where(rng.random(at.shape) < 0.85, step, at)
        step = np.clip(np.abs(step), 0, 1)
        new = errors(_physical(step), series, observed, counted)
        better = new < cost
        at[better], cost[better] = step[better], new[better]
    return _physical(at[[cost.argmin()]])[0]


def _forcing(prcp, tmin, tmax, pet) -> np.ndarray:
    """(time, 4): rain, snowfall, mean temperature, demand. Snow falls in the part of the day that is below 0 degC."""
    prcp, tmin, tmax, pet = (np.asarray(x, float) for x in (prcp, tmin, tmax, pet))
    frozen = np.clip(-tmin / np.maximum(tmax - tmin, 1e-6), 0, 1)
    return np.stack([prcp * (1 - frozen), prcp * frozen, (tmin + tmax) / 2, pet], axis=1)


def _physical(at: np.ndarray) -> np.ndarray:
    """Points of the unit cube (many, 6) as parameters in their units."""
    out = np.empty_like(at)
    for k, p in enumerate(PARAMETERS.values()):
        out[:, k] = p.low * (p.high / p.low) ** at[:, k] if p.log else p.low + (p.high - p.low) * at[:, k]
    return out
