"""Hydrological signatures: a river's character in a dozen numbers.

All follow Addor et al. (2017), doi:10.5194/hess-21-5293-2017, table 3, so that they can stand beside the attribute
``camels_hydro`` that comes with CAMELS (made from 1989-10-01 to 2009-09-30). They are computed from discharge: they say
what a model should reproduce, and must never be among its inputs.

Each takes (time,) or (basin, time) discharge, as a DataArray or a plain array with time last, and returns a float or a
(basin,) DataArray. Days without a value are left out; a signature that does not exist for a river is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .baseflow import slow_flow, spells
from .pairs import SkillError, paired

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from .baseflow import Discharge

    Signature = float | xr.DataArray

#: unit of each column of :func:`signatures`
UNITS = {
    "q_mean": "mm/day", "runoff_ratio": "-", "stream_elas": "-", "slope_fdc": "-", "baseflow_index": "-",
    "hfd_mean": "days since 1 October", "q5": "mm/day", "q95": "mm/day", "high_q_freq": "days/year",
    "high_q_dur": "days", "low_q_freq": "days/year", "low_q_dur": "days", "zero_q_freq": "-",
}

DAYS_PER_YEAR = 365.25

#: A water year with fewer of its days is not looked at.
ENOUGH = 0.95


class FlowDuration(NamedTuple):
    """How often is a flow exceeded?"""

    exceedance: np.ndarray  #: share of the days on which the flow is exceeded [-], rising
    discharge: np.ndarray  #: the flow, falling [mm/day]


def flow_duration(discharge: Discharge) -> FlowDuration:
    """The flow-duration curve: flows from high to low, and the share of days on which each is exceeded.

    Parameters
    ----------
    discharge : (time,) [mm/day]; NaN are left out

    Returns
    -------
    FlowDuration : `exceedance` is rank / (n + 1) (Weibull's plotting position), never quite 0 or 1

    References
    ----------
    Vogel and Fennessey (1994), doi:10.1061/(ASCE)0733-9496(1994)120:4(485)
    """
    flows, _ = paired(discharge, discharge)
    return FlowDuration(np.arange(1, flows.size + 1) / (flows.size + 1), np.sort(flows)[::-1])


def per_basin(signature: Callable) -> Callable:
    """Let a signature of one river's arrays take many rivers, DataArrays and gaps at the ends."""

    @wraps(signature)
    def wrapped(*series: Discharge, **options) -> Signature:
        import xarray as xr

        if not any(isinstance(s, xr.DataArray) for s in series):
            arrays = [np.asarray(s, dtype=float) for s in series]
            if any(a.shape != arrays[0].shape for a in arrays):
                shapes = " and ".join(str(a.shape) for a in arrays)
                raise SkillError(f"series of one length are needed, received {shapes}")
            return signature(*arrays, **options) if arrays[0].ndim == 1 else np.array(
                [signature(*rows, **options) for rows in zip(*arrays, strict=True)])
        if any("time" not in getattr(s, "dims", ()) for s in series):
            dims = " and ".join(str(getattr(s, "dims", type(s).__name__)) for s in series)
            raise SkillError(f"a signature needs the dimension 'time', received {dims}")
        series = [s.astype(float) for s in xr.align(*series, join="inner")]
        result = xr.apply_ufunc(signature, *series, input_core_dims=[["time"]] * len(series), vectorize=True,
                                kwargs=options, dask="parallelized", output_dtypes=[float])
        name = signature.__name__
        return float(result) if result.ndim == 0 else result.rename(name)

    return wrapped


@per_basin
def runoff_ratio(discharge: np.ndarray, prcp: np.ndarray) -> float:
    r"""Share of the precipitation that runs off [-]: mean discharge over mean precipitation, on days that have both.

    .. math:: \overline{q} / \overline{p}

    Above 1 the balance does not close: rain missed by the gauges, a wrong area, or water from elsewhere.

    References
    ----------
    Sawicz et al. (2011), eq. 1, doi:10.5194/hess-15-2895-2011
    """
    both = ~(np.isnan(discharge) | np.isnan(prcp))
    return float(discharge[both].sum() / prcp[both].sum()) if prcp[both].sum() > 0 else np.nan


@per_basin
def slope_fdc(discharge: np.ndarray, lower: float = 0.33, upper: float = 0.66, log: bool = False) -> float:
    r"""Slope of the flow-duration curve's middle [-]: steep where flow comes and goes, flat where storage evens it out.

    .. math:: \frac{q_{66} - q_{33}}{\overline{q}\,(0.66 - 0.33)} \qquad\text{or, with log,}\qquad
              \frac{\ln q_{66} - \ln q_{33}}{0.66 - 0.33}

    with :math:`q_{33}` not exceeded on 33 % of the days. The paper that came with CAMELS describes the slope of the
    logarithms, but the numbers in its table are the other one, to the last digit, so that one is the default.

    Parameters
    ----------
    discharge : (time,) or (basin, time) [mm/day]
    lower, upper : probabilities of non-exceedance between which the slope is taken [-]
    log : the slope of the logarithms; NaN where :math:`q_{33}` is 0

    References
    ----------
    Yadav et al. (2007), table 3, doi:10.1016/j.advwatres.2007.01.005; with log: Sawicz et al. (2011), eq. 3,
    doi:10.5194/hess-15-2895-2011
    """
    low, high = _quantiles(discharge, [lower, upper])
    if log:
        return float(np.log(high / low) / (upper - lower)) if low > 0 else np.nan
    mean = np.nanmean(discharge) if np.isfinite(low) else 0.0
    return float((high - low) / mean / (upper - lower)) if mean > 0 else np.nan


@per_basin
def baseflow_index(discharge: np.ndarray, alpha: float = 0.925, passes: int = 3) -> float:
    r"""Share of the discharge that comes slowly, from groundwater and lakes [-]: 0 is all floods, 1 is a spring.

    The sum of :func:`baseflow` over the sum of the discharge.

    References
    ----------
    Ladson et al. (2013), doi:10.7158/13241583.2013.11465417
    """
    slow = slow_flow(discharge, alpha, passes)
    total = discharge[~np.isnan(slow)].sum()
    return float(np.nansum(slow) / total) if total > 0 else np.nan


def half_flow_date(discharge: xr.DataArray) -> Signature:
    """Days after 1 October by which half of a water year's discharge has passed, mean over the years [days].

    Late where snow keeps the winter's water until spring. Years with less than 95 % of their days, or without flow, are
    left out.

    Parameters
    ----------
    discharge : (time,) or (basin, time) DataArray with dates [mm/day]

    References
    ----------
    Court (1962), doi:10.1029/JZ067i011p04335
    """
    return _by_years(_half_flow_date, discharge).rename("half_flow_date") if discharge.ndim > 1 else float(
        _by_years(_half_flow_date, discharge))


def elasticity(discharge: xr.DataArray, prcp: xr.DataArray) -> Signature:
    r"""By how many per cent does the year's discharge change if its precipitation changes by one per cent [-]?

    .. math:: \mathrm{median}_y \frac{q_y - \overline{q}}{p_y - \overline{p}} \cdot \frac{\overline{p}}{\overline{q}}

    over water years y with at least 95 % of their days.

    Parameters
    ----------
    discharge, prcp : (time,) or (basin, time) DataArrays with dates [mm/day]

    References
    ----------
    Sankarasubramanian et al. (2001), eq. 7, doi:10.1029/2000WR900330
    """
    result = _by_years(_elasticity, discharge, prcp)
    return result.rename("elasticity") if result.ndim else float(result)


@per_basin
def high_flow_frequency(discharge: np.ndarray, times: float = 9.0) -> float:
    """Days a year with more than 9 times the median flow [days/year].

    References
    ----------
    Clausen and Biggs (2000), doi:10.1016/S0022-1694(00)00306-1; Westerberg and McMillan (2015),
    doi:10.5194/hess-19-3951-2015
    """
    return _share(_is_high(discharge, times), discharge) * DAYS_PER_YEAR


@per_basin
def high_flow_duration(discharge: np.ndarray, times: float = 9.0) -> float:
    """Mean length of the spells with more than 9 times the median flow [days]; 0 if there are none.

    References
    ----------
    Clausen and Biggs (2000), doi:10.1016/S0022-1694(00)00306-1
    """
    return _mean_spell(_is_high(discharge, times))


@per_basin
def low_flow_frequency(discharge: np.ndarray, times: float = 0.2) -> float:
    """Days a year with less than 0.2 times the mean flow [days/year].

    References
    ----------
    Olden and Poff (2003), doi:10.1002/rra.700; Westerberg and McMillan (2015), doi:10.5194/hess-19-3951-2015
    """
    return _share(_is_low(discharge, times), discharge) * DAYS_PER_YEAR


@per_basin
def low_flow_duration(discharge: np.ndarray, times: float = 0.2) -> float:
    """Mean length of the spells with less than 0.2 times the mean flow [days]; 0 if there are none.

    References
    ----------
    Olden and Poff (2003), doi:10.1002/rra.700
    """
    return _mean_spell(_is_low(discharge, times))


@per_basin
def zero_flow_frequency(discharge: np.ndarray) -> float:
    """Share of the days without any flow [-]."""
    return _share(discharge == 0, discharge)


@per_basin
def flow_quantile(discharge: np.ndarray, probability: float) -> float:
    """The flow that is not exceeded on this share of the days [mm/day]: 0.05 is a low flow, 0.95 a high one.

    Beware: in the language of flow-duration curves "Q95" is exceeded on 95 % of the days, and low.
    """
    return float(_quantiles(discharge, [probability])[0])


def signatures(basins: xr.Dataset) -> pd.DataFrame:
    """All signatures of all basins, under the names of the CAMELS table ``camels_hydro``; units in :data:`UNITS`.

    Parameters
    ----------
    basins : in the one schema, with ``discharge`` and ``prcp`` [mm/day]; select a period to compare like with like

    Returns
    -------
    DataFrame : one row per basin; ``hfd_mean`` counts days from 1 October
    """
    import pandas as pd

    q, p = (basins[name] if "basin" in basins[name].dims else basins[name].expand_dims("basin") for name in
            ("discharge", "prcp"))
    q = q.load()
    columns = {
        "q_mean": q.mean("time"), "runoff_ratio": runoff_ratio(q, p), "stream_elas": elasticity(q, p),
        "slope_fdc": slope_fdc(q), "baseflow_index": baseflow_index(q), "hfd_mean": half_flow_date(q),
        "q5": flow_quantile(q, probability=0.05), "q95": flow_quantile(q, probability=0.95),
        "high_q_freq": high_flow_frequency(q), "high_q_dur": high_flow_duration(q),
        "low_q_freq": low_flow_frequency(q), "low_q_dur": low_flow_duration(q), "zero_q_freq": zero_flow_frequency(q),
    }
    return pd.DataFrame({name: column.values for name, column in columns.items()},
                        index=pd.Index(q["basin"].values.astype(str), name="basin"))


def water_year(time: np.ndarray) -> np.ndarray:
    """Number of the water year of each date: that of 1 October 1999 to 30 September 2000 is 2000."""
    months = time.astype("datetime64[M]").astype(int)  # since January 1970
    return 1970 + (months + 3) // 12


def _by_years(signature: Callable, *series: xr.DataArray) -> xr.DataArray:
    """Apply `signature` to (days, water year of each day) of every basin."""
    import xarray as xr

    dated = ["time" in getattr(s, "dims", ()) and np.issubdtype(s["time"].dtype, np.datetime64) for s in series]
    if not all(dated):
        raise SkillError(f"{signature.__name__.strip('_')} is made from water years and needs a DataArray with dates "
                         f"as 'time', received {type(series[dated.index(False)]).__name__}")
    series = [s.astype(float) for s in xr.align(*series, join="inner")]
    years = water_year(series[0]["time"].values)
    return xr.apply_ufunc(lambda *rows: signature(*rows, years), *series, input_core_dims=[["time"]] * len(series),
                          vectorize=True)


def _half_flow_date(q: np.ndarray, years: np.ndarray) -> float:
    dates = [_first_day_above_half(q[years == year]) for year in _full_years(q, years)]
    return float(np.nanmean(dates)) if np.isfinite(dates).any() else np.nan


def _first_day_above_half(q: np.ndarray) -> float:
    passed = np.cumsum(np.nan_to_num(q))
    return float(np.argmax(passed > passed[-1] / 2) + 1) if passed[-1] > 0 else np.nan


def _elasticity(q: np.ndarray, p: np.ndarray, years: np.ndarray) -> float:
    missing = np.isnan(q) | np.isnan(p)
    q, p = np.where(missing, np.nan, q), np.where(missing, np.nan, p)
    full = _full_years(q, years)
    if len(full) < 2 or np.nanmean(q) == 0 or np.nanmean(p) == 0:
        return np.nan
    dq, dp = (np.array([np.nanmean(v[years == year]) for year in full]) / np.nanmean(v) - 1 for v in (q, p))
    return float(np.median(dq[dp != 0] / dp[dp != 0])) if (dp != 0).any() else np.nan


def _full_years(q: np.ndarray, years: np.ndarray) -> list[int]:
    return [int(year) for year in np.unique(years) if np.sum(~np.isnan(q[years == year])) >= ENOUGH * 365]


def _mean_spell(condition: np.ndarray) -> float:
    lengths = np.diff(spells(condition), axis=1)
    return float(lengths.mean()) if lengths.size else 0.0


def _is_high(q: np.ndarray, times: float) -> np.ndarray:
    return q > times * np.nanmedian(q) if np.isfinite(q).any() else np.zeros(q.shape, bool)


def _is_low(q: np.ndarray, times: float) -> np.ndarray:
    return q < times * np.nanmean(q) if np.isfinite(q).any() else np.zeros(q.shape, bool)


def _share(condition: np.ndarray, q: np.ndarray) -> float:
    measured = np.sum(~np.isnan(q))
    return float(condition.sum() / measured) if measured else np.nan


def _quantiles(q: np.ndarray, probabilities: list[float]) -> np.ndarray:
    measured = q[~np.isnan(q)]
    return np.quantile(measured, probabilities) if measured.size else np.full(len(probabilities), np.nan)
