"""Does a range of discharge hold what it says? Honest quantiles are exceeded exactly as often as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .sequences import SequenceError


def calibration(observed: xr.DataArray, quantiles: xr.DataArray) -> pd.DataFrame:
    """How often the observations were below each quantile, beside how often they should have been.

    Parameters
    ----------
    observed : (basin, time) or (time,) discharge [mm/day]; NaN where nothing was measured
    quantiles : the same with a dimension ``quantile``, as :func:`~.prediction.predict` gives it for a model of
        quantiles

    Returns
    -------
    table : a row per level: ``below``, the share of days on which the observation was at or below the quantile
        (ideally the level), its ``error``, and the mean ``discharge`` of the quantile [mm/day]

    Raises
    ------
    SequenceError : there is no dimension ``quantile``, or no measured day in common

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x
    """
    observed, quantiles, measured = _together(observed, quantiles)
    rows = []
    for level in quantiles["quantile"].values:
        q = quantiles.sel(quantile=level)
        below = float(((observed <= q) & measured).sum() / measured.sum())
        rows.append((float(level), below, below - float(level), float(q.where(measured).mean())))
    return pd.DataFrame(rows, columns=["level", "below", "error", "discharge"]).set_index("level")


def interval(
    observed: xr.DataArray, quantiles: xr.DataArray, low: float = 0.05, high: float = 0.95
) -> dict[str, float]:
    """The range between two levels: share of days ``inside``, share ``promised``, mean ``width`` [mm/day]."""
    observed, quantiles, measured = _together(observed, quantiles)
    levels = [float(level) for level in quantiles["quantile"].values]
    for level in (low, high):
        if level not in levels:
            raise SequenceError(f"the model has no quantile {level:g}; it has {', '.join(f'{k:g}' for k in levels)}")
    bottom, top = quantiles.sel(quantile=low), quantiles.sel(quantile=high)
    inside = (observed >= bottom) & (observed <= top) & measured
    return {"promised": high - low, "inside": float(inside.sum() / measured.sum()),
            "width": float((top - bottom).where(measured).mean())}  # fmt: skip


def crps(observed: xr.DataArray, quantiles: xr.DataArray) -> float:
    r"""Continuous ranked probability score [mm/day] from the quantiles: the error of a range, 0 at best.

    .. math::
        \mathrm{CRPS} \approx \frac{2}{K} \sum_k \overline{\max(\tau_k (q - \hat q_k),\ (\tau_k - 1)(q - \hat q_k))}

    For a forecast of one number it would be the mean absolute error. The sum stands for an integral over all levels,
    so compare only forecasts with the same ones.

    References
    ----------
    Gneiting and Raftery (2007), doi:10.1198/016214506000001437
    """
    observed, quantiles, measured = _together(observed, quantiles)
    under = (observed - quantiles).where(measured)
    levels = quantiles["quantile"]
    return float(2 * np.maximum(levels * under, (levels - 1) * under).mean())


def _together(observed: xr.DataArray, quantiles: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Both on the days that they share, and which of those were measured."""
    if "quantile" not in quantiles.dims:
        raise SequenceError(
            f"expected quantiles with a dimension 'quantile', got {quantiles.dims}; a model of quantile_lstm() "
            "predicts them"
        )
    observed, quantiles = xr.align(observed, quantiles, join="inner")
    measured = observed.notnull() & quantiles.notnull().all("quantile")
    if not int(measured.sum()):
        raise SequenceError(
            "observations and quantiles have no measured day in common; compare the same basins and period"
        )
    return observed, quantiles, measured
