"""The one schema of the streamflow project: an :class:`xarray.Dataset` of daily basins.

======================  ==================  ===========================================================
what                    dimensions          names
======================  ==================  ===========================================================
forcings                (basin, time)       those of :data:`FORCINGS` that the source has
target                  (basin, time)       ``discharge`` [mm/day]; NaN where nothing was measured
static attributes       (basin,)            the names of the CAMELS tables (Addor et al. 2017), ``area``
coordinates             (basin,), (time,)   ``basin`` (gauge id, text), ``lat``, ``lon``, ``time`` (daily)
======================  ==================  ===========================================================

Every variable carries ``units`` and ``long_name``; the dataset carries ``source``. Real CAMELS-US basins
(:mod:`.camels`) and simulated ones (:mod:`.simulated`) both have this form, so whatever runs on one runs on the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import CourseError

#: name -> (unit, long name)
FORCINGS = {
    "prcp": ("mm/day", "precipitation"),
    "srad": ("W/m2", "shortwave radiation"),
    "tmax": ("degC", "maximum air temperature"),
    "tmin": ("degC", "minimum air temperature"),
    "vp": ("Pa", "vapour pressure"),
    "swe": ("mm", "snow water equivalent"),
    "dayl": ("s", "day length"),
}

#: What a model may look at. `swe` and `dayl` are left out, as in Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019:
#: the first is itself a model's output, the second says no more than the date.
INPUTS = ("prcp", "srad", "tmax", "tmin", "vp")

TARGET = "discharge"

#: The periods of Kratzert et al. (2019), so that scores can stand beside the published ones.
PERIODS = {
    "train": slice("1999-10-01", "2008-09-30"),
    "test": slice("1989-10-01", "1999-09-30"),
}

#: Millimetres per day over one square kilometre that one cubic foot per second amounts to.
CFS_TO_MM_KM2 = 0.028316846592 * 86_400 / 1_000


class BasinError(CourseError):
    """A basin dataset is not what it should be; the message says what to do."""


def open_basins(source: str | os.PathLike | None = None, **options) -> xr.Dataset:
    """Basins in the one schema: simulated ones by default, real ones by changing one word.

    Parameters
    ----------
    source : ``"simulated"`` (the default), ``"camels"`` (what ``dla fetch camels`` brought, or ``DLA_DATA``), or the
        path of a CAMELS-US folder or of a netCDF file. The environment variable ``DLA_BASINS`` changes the default.
    **options : passed on to :func:`~dla_widgets.streamflow.simulated.simulated_basins` or
        :func:`~dla_widgets.streamflow.camels.load_camels`

    Raises
    ------
    BasinError : there is no such data
    """
    source = str(source or os.environ.get("DLA_BASINS") or "simulated")
    if source == "simulated":
        from .simulated import simulated_basins

        return simulated_basins(**options)
    from .camels import camels_root, load_camels

    root = camels_root() if source == "camels" else Path(source).expanduser()
    return load_camels(root, **options)


def forcings(basins: xr.Dataset) -> list[str]:
    """Names of the forcings that `basins` has, in the order of :data:`FORCINGS` (``prcp_maurer`` follows ``prcp``)."""
    order = list(FORCINGS)
    names = [
        str(name) for name in basins.data_vars if str(name).split("_")[0] in FORCINGS and "time" in basins[name].dims
    ]
    return sorted(names, key=lambda name: (order.index(name.split("_")[0]), name))


def attributes(basins: xr.Dataset) -> list[str]:
    """Names of the static attributes a model may see: numeric, complete, and not computed from discharge.

    CAMELS ships signatures such as ``runoff_ratio`` as attributes too. They are made from the very discharge that a
    model is asked to predict, so they carry ``derived_from = "discharge"`` here and are left out.
    """
    names = []
    for name, values in basins.data_vars.items():
        if values.dims != ("basin",) or values.attrs.get("derived_from") == TARGET:
            continue
        if np.issubdtype(values.dtype, np.number) and bool(np.isfinite(values).all()):
            names.append(str(name))
    return names


def select_basins(basins: xr.Dataset, ids: Iterable[str]) -> xr.Dataset:
    """The basins of `basins` with these gauge ids, in this order; a misspelt one is named with its likely meaning."""
    known = [str(b) for b in basins["basin"].values]
    for wanted in (ids := [ids] if isinstance(ids, str) else list(ids)):
        if wanted not in known:
            raise BasinError(no_such_basin(wanted, known, basins.attrs.get("source", "this dataset")))
    return basins.sel(basin=ids)


def no_such_basin(wanted: str, known: list[str], where: str) -> str:
    """The sentence that a misspelt basin earns."""
    close = get_close_matches(str(wanted), known, n=1, cutoff=0.6)
    range_ = f"{len(known)} basins, {known[0]} ... {known[-1]}" if known else "no basins at all"
    return f"no basin {str(wanted)!r} in {where} ({range_})" + (f"; did you mean {close[0]!r}?" if close else "")


def check_schema(basins: xr.Dataset) -> xr.Dataset:
    """Return `basins` unchanged if it follows the schema, or say what does not.

    Raises
    ------
    BasinError : a dimension, the target, a unit or a coordinate is missing, or time is not daily
    """
    for dim in ("basin", "time"):
        if dim not in basins.dims:
            raise BasinError(f"a basin dataset has the dimensions basin and time; this one has {list(basins.sizes)}")
    for name in [TARGET, *forcings(basins), *attributes(basins)]:
        if name not in basins:
            raise BasinError(f"no variable {name!r}; found {sorted(map(str, basins.data_vars))}")
        if "units" not in basins[name].attrs:
            raise BasinError(f"{name!r} has no units; set basins[{name!r}].attrs['units']")
    if not forcings(basins):
        raise BasinError(
            f"no forcing found; expected some of {list(FORCINGS)}, got {sorted(map(str, basins.data_vars))}"
        )
    for name in ("lat", "lon"):
        if name not in basins.coords:
            raise BasinError(f"no coordinate {name!r}: where are the gauges?")
    steps = np.unique(np.diff(basins["time"].values).astype("timedelta64[h]").astype(int))
    if steps.size and not (steps.size == 1 and steps[0] == 24):
        raise BasinError(f"time must be daily without gaps; found steps of {', '.join(map(str, steps[:4]))} hours")
    if (unit := basins[TARGET].attrs["units"]) != "mm/day":
        raise BasinError(
            f"discharge must be in mm/day, is in {unit}; cfs_to_mm_per_day() converts cubic feet per second"
        )
    return basins


def cfs_to_mm_per_day(discharge, area_km2):
    """Cubic feet per second from `area_km2` square kilometres, as a depth of water [mm/day] over them."""
    return discharge * CFS_TO_MM_KM2 / area_km2
