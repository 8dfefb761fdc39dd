"""Basins that someone put into one netCDF file, in the schema or under names such as ``prcp_daymet`` and ``QObs``."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from .basins import FORCINGS, TARGET, BasinError, check_schema, no_such_basin
from .camels_folder import CamelsError, CamelsWarning
from .tables import attribute_tables, attribute_variables, find_tables, no_tables, positions

#: What discharge [mm/day] is called elsewhere.
DISCHARGES = (TARGET, "QObs", "QObs(mm/d)", "streamflow")


def load_basin_file(
    path: Path,
    basins: Iterable[str] | None = None,
    products: Iterable[str] = ("daymet",),
    chunks: Mapping | str | None = None,
) -> xr.Dataset:
    """The basins of a netCDF file in the one schema; attributes from the CAMELS tables near it unless it has its own.

    Parameters
    ----------
    path : file with the dimensions ``basin`` and ``time`` (or ``date``), forcings, and discharge [mm/day]
    basins : gauge ids, in the order wanted; all by default
    products : forcing products: the first one's ``prcp_daymet`` becomes ``prcp``, the others keep their suffix
    chunks : give lazy Dask arrays with these chunks; None loads everything

    Raises
    ------
    CamelsError : the file holds no basins, or not these products
    BasinError : there is no such basin
    """
    with _opened(path, chunks) as stored:
        ids = [str(basin) for basin in stored["basin"].values]
        wanted = ids if basins is None else list(basins)
        if strangers := [basin for basin in wanted if basin not in ids]:
            raise BasinError(no_such_basin(strangers[0], ids, path.name))
        places = np.array([ids.index(basin) for basin in wanted])
        variables = {n: v[places].load().variable for n, v in stored.data_vars.items() if v.dims == ("basin",)}
        for name, original in _names(stored, list(products), path).items():
            unit, long_name = FORCINGS.get(name.split("_")[0], ("mm/day", "discharge"))
            values = _rows(stored[original], places, lazy=chunks is not None)
            variables[name] = (("basin", "time"), values, {"units": unit, "long_name": long_name})
        coords = {"basin": wanted, "time": stored["time"].values}
        coords |= {n: stored[n][places].load().variable for n in ("lat", "lon") if n in stored.coords}
        found = xr.Dataset(variables, coords, {"source": path.name} | stored.attrs)
    return check_schema(found if "lat" in coords else _with_attributes(found, path))


def _opened(path: Path, chunks: Mapping | str | None) -> xr.Dataset:
    try:
        stored = xr.open_dataset(path, chunks=chunks, engine="netcdf4")
    except (OSError, ValueError) as reason:
        raise CamelsError(f"{path} cannot be read as a netCDF file of basins: {reason}") from None
    if "date" in stored.dims:
        stored = stored.rename(date="time")
    if not {"basin", "time"} <= set(stored.dims) or not {"basin", "time"} <= set(stored.coords):
        raise CamelsError(
            f"{path} holds no basins: expected the dimensions basin and time (or date), found {dict(stored.sizes)}"
        )
    return stored


def _names(stored: xr.Dataset, products: Sequence[str], path: Path) -> dict[str, str]:
    """Name in the schema -> name in the file, in the order of the schema."""
    there = [str(name) for name, values in stored.data_vars.items() if set(values.dims) == {"basin", "time"}]
    names = {}
    for base in FORCINGS:
        names |= {name: name for name in there if name == base}
        for i, product in enumerate(products):
            if (original := f"{base}_{product}") in there:
                names[original if i or base in names else base] = original
    discharge = next((name for name in DISCHARGES if name in there), None)
    if discharge is None or not names:
        expected = f"discharge or QObs, and prcp_{products[0]}, tmax_{products[0]} ... or prcp, tmax ..."
        raise CamelsError(
            f"{path.name} holds no basins with {', '.join(products)} forcing: expected {expected}; found "
            f"{', '.join(there) or 'nothing over basin and time'}"
        )
    return names | {TARGET: discharge}


def _rows(values: xr.DataArray, places: np.ndarray, lazy: bool):
    """These basins' rows, in single precision."""
    values = values.transpose("basin", "time")
    if lazy:
        return values[places].astype(np.float32).data
    # One contiguous read: compressed files are slow to read row by row.
    first, last = places.min(), places.max()
    return values[first : last + 1].values[places - first].astype(np.float32)


def _with_attributes(basins: xr.Dataset, path: Path) -> xr.Dataset:
    ids = list(basins["basin"].values)
    if (folder := find_tables(path.parent)) is None:
        warnings.warn(no_tables(path.parent), CamelsWarning, stacklevel=4)
        return basins.assign_coords(positions(None, ids))
    table = attribute_tables(folder)
    basins = basins.assign(attribute_variables(table, ids)).assign_coords(positions(table, ids))
    if "area" not in basins and "area_gages2" in basins:
        basins["area"] = basins["area_gages2"]
    return basins
