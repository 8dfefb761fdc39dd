"""Observed and simulated discharge, side by side: every score starts here.

What can go wrong before the first number is computed (lengths, dates, units of shape, gaps) is settled in one place, so
that a score itself is its equation and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import CourseError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class SkillError(CourseError):
    """A score cannot be computed from what was given; the message says what to do."""


class UndefinedSkill(SkillError):
    """The score does not exist for these series: a river that never changes has no variance to explain."""


def aligned(observed: Any, simulated: Any) -> tuple[np.ndarray, np.ndarray]:
    """The two series on the same days, as two float arrays of one length, with their gaps (NaN) still in place.

    Series that know their days (``xarray.DataArray``, ``pandas.Series``) are matched by day, and only days that both
    have are kept. Plain arrays and lists are taken to start on the same day.

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit

    Raises
    ------
    SkillError : not numbers, not one-dimensional, different lengths, or no day in common
    """
    observed, simulated = _labelled(observed), _labelled(simulated)
    if hasattr(observed, "indexes") and hasattr(simulated, "indexes"):
        observed, simulated = _common_days(observed, simulated)
    o, s = _numbers(observed, "observed"), _numbers(simulated, "simulated")
    if o.shape != s.shape:
        raise SkillError(
            f"observed has shape {o.shape}, simulated has {s.shape}; one value per day is needed in both"
            + ("; flatten a column with .ravel()" if o.size == s.size else "")
        )
    if o.ndim != 1:
        raise SkillError(
            f"a score compares two series over time, received arrays of shape {o.shape}; "
            "for many basins use by_basin(score, observed, simulated)"
        )
    return o, s


def paired(observed: Any, simulated: Any) -> tuple[np.ndarray, np.ndarray]:
    """The days on which both series have a value: what every score is computed from.

    Parameters
    ----------
    observed, simulated : (time,) discharge in the same unit; days on which either is NaN are left out

    Returns
    -------
    (observed, simulated) : two float arrays of the same length, at least 1, without NaN

    Raises
    ------
    SkillError : see :func:`aligned`; or a value is infinite
    UndefinedSkill : no day is left
    """
    o, s = aligned(observed, simulated)
    both = ~(np.isnan(o) | np.isnan(s))
    if not both.any():
        raise UndefinedSkill(
            f"no day is left: of {o.size} days, {int((~np.isnan(o)).sum())} have an observed value and "
            f"{int((~np.isnan(s)).sum())} a simulated one, never both; check the period"
        )
    o, s = o[both], s[both]
    for name, values in (("observed", o), ("simulated", s)):
        if not np.isfinite(values).all():
            raise SkillError(f"{name} holds an infinite value (step {int(np.argmax(np.isinf(values)))} of the paired "
                             "days); a training run that diverged often ends like this")
    return o, s


def by_basin(score: Callable, observed: Any, simulated: Any):
    """A score for every basin, NaN where it is not defined for that basin (see :class:`UndefinedSkill`).

    Parameters
    ----------
    score : a function of (observed, simulated), such as ``nse``; or ``scores`` for a whole table
    observed, simulated : (basin, time) DataArrays, matched by gauge id and by day, or plain (basin, time) arrays.
        The result follows the basins of `simulated`; `observed` may hold more

    Returns
    -------
    (basin,) DataArray of a score; or, where `score` returns a table row (as ``scores`` does), a DataFrame over basin

    Raises
    ------
    SkillError : a simulated basin was not observed, or a basin's series do not fit together (the basin is named)
    """
    observed, simulated = _basins(observed, "observed"), _basins(simulated, "simulated")
    ids = simulated["basin"].values
    if missing := [b for b in ids if b not in set(observed["basin"].values)]:
        raise SkillError(f"{len(missing)} of {len(ids)} simulated basins have no observations (first: "
                         f"{str(missing[0])!r})")
    rows = [_score_one(score, basin, observed.sel(basin=basin), simulated.sel(basin=basin)) for basin in ids]
    if any(hasattr(row, "index") for row in rows):
        return _table(rows, ids)
    keep = {name: c for name, c in simulated.coords.items() if c.dims == ("basin",)}
    name = getattr(score, "__name__", "score")
    return type(simulated)(np.array(rows, dtype=float), dims="basin", coords=keep, name=name)


def _labelled(values: Any) -> Any:
    """A pandas Series as a DataArray; a dataset is refused with the name of what to take from it."""
    if hasattr(values, "data_vars"):
        raise SkillError("a whole dataset was given; a score needs one variable of it: basins['discharge']")
    return values.to_xarray() if hasattr(values, "to_xarray") and not hasattr(values, "dims") else values


def _common_days(observed: xr.DataArray, simulated: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    import xarray as xr

    observed, simulated = observed.squeeze(drop=True), simulated.squeeze(drop=True)
    if observed.dims != simulated.dims:
        return observed, simulated  # the shapes tell the rest
    o, s = xr.align(observed, simulated, join="inner")
    if o.size == 0 and observed.size and simulated.size:
        raise SkillError(f"no day in common: observed is {_span(observed)}, simulated is {_span(simulated)}; "
                         "select the same period from both")
    return o, s


def _span(series: xr.DataArray) -> str:
    steps = [str(step)[:10] for step in series[series.dims[0]].values[[0, -1]]]
    return " to ".join(steps)


def _numbers(values: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise SkillError(f"{name} must be numbers, received {type(values).__name__}: {str(values)[:60]}") from None


def _basins(values: Any, name: str) -> xr.DataArray:
    import xarray as xr

    values = _labelled(values)
    if not isinstance(values, xr.DataArray):
        values = _numbers(values, name)
        if values.ndim != 2:
            raise SkillError(f"{name} must be (basin, time), received the shape {values.shape}; for one basin call the "
                             "score itself")
        values = xr.DataArray(values, dims=("basin", "time"), coords={"basin": np.arange(len(values))})
    if "basin" not in values.dims:
        raise SkillError(f"{name} has no dimension 'basin', only {list(values.dims)}; for one basin call the score "
                         "itself")
    return values


def _score_one(score: Callable, basin: Any, observed: xr.DataArray, simulated: xr.DataArray) -> float | pd.Series:
    try:
        return score(observed, simulated)
    except UndefinedSkill:
        return np.nan
    except SkillError as wrong:
        raise SkillError(f"basin {str(basin)!r}: {wrong}") from None


def _table(rows: list, ids: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([row if hasattr(row, "index") else {} for row in rows], index=pd.Index(ids, name="basin"))
