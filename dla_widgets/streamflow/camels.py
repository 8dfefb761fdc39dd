"""CAMELS-US as published, in the one schema: forcing and streamflow text, attribute tables; netCDF; Caravan.

Newman et al. (2015), doi:10.5194/hess-19-209-2015; Addor et al. (2017), doi:10.5194/hess-21-5293-2017
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from .archives import camels_root, fetch_camels
from .basin_cache import remembered
from .basins import FORCINGS, TARGET, BasinError, check_schema
from .camels_folder import CamelsError, CamelsWarning, check_folder, gauge_files
from .gauge_text import COLUMNS, FLAGS, ForcingError, StreamflowError, read_forcing, read_streamflow
from .records import Record, block, read_each, skipped_note
from .tables import attribute_tables, attribute_variables, find_tables, no_tables, positions

__all__ = [
    "CamelsError",
    "CamelsWarning",
    "ForcingError",
    "StreamflowError",
    "camels_root",
    "fetch_camels",
    "load_camels",
]

#: Half of the reading is pandas' parser, which lets other threads run; more threads than this gain nothing.
THREADS = min(4, os.cpu_count() or 1)


def load_camels(
    root: str | os.PathLike,
    basins: Iterable[str] | str | None = None,
    forcing: str | Sequence[str] = "daymet",
    on_error: str = "raise",
    cache: bool | str | os.PathLike = True,
    chunks: Mapping | str | None = None,
    flags: bool = False,
) -> xr.Dataset:
    """Real basins in the one schema (:mod:`.basins`), all of a folder in one call.

    Parameters
    ----------
    root : a folder with ``basin_mean_forcing/`` and ``usgs_streamflow/``, the attribute tables in it or beside it; or
        a folder with Caravan's ``timeseries/`` and ``attributes/``; or a netCDF file of basins
    basins : gauge ids such as ``"01022500"``, in the order wanted; by default all that are complete
    forcing : ``"daymet"``, ``"maurer"``, ``"nldas"``, or several: the first has the plain names (``prcp``), the others
        a suffix (``prcp_maurer``)
    on_error : ``"raise"``, or ``"skip"`` to leave out what cannot be read: a warning names the skipped basins, and
        ``attrs["skipped"]`` the reasons too
    cache : keep what was read as one netCDF file, so that next time takes a tenth of a second. False for no, or the
        folder to keep it in; by default ``DLA_CACHE`` or this machine's place for caches
    chunks : give lazy Dask arrays with these chunks, such as ``{"basin": 16}``
    flags : add ``discharge_quality`` (basin, time), the code of the quality flag of each day's discharge

    Returns
    -------
    basins : daily, from the first day of any basin to the last of any, NaN where one has no record. ``area`` [km2] is
        the area over which discharge was spread

    Raises
    ------
    CamelsError : `root` holds no such data
    BasinError : there is no such basin
    ForcingError, StreamflowError : a file is damaged; the message names the file and the line
    """
    root = Path(root).expanduser()
    if on_error not in ("raise", "skip"):
        raise CamelsError(f'on_error is "raise" or "skip"; got {on_error!r}')
    basins = [basins] if isinstance(basins, str) else None if basins is None else [str(basin) for basin in basins]
    products = [forcing] if isinstance(forcing, str) else list(forcing)
    if root.is_file():
        from .basin_file import load_basin_file

        return load_basin_file(root, basins, products, chunks)
    if (root / "timeseries").is_dir():
        from .caravan import load_caravan

        return load_caravan(root, basins, on_error=on_error, cache=cache, chunks=chunks)
    check_folder(root, products)
    files, missing = gauge_files(root, products, basins)
    if missing and basins is not None and on_error == "raise":
        raise BasinError(next(iter(missing.values())))
    tables = find_tables(root)
    sources = [path for paths in files.values() for path in paths]
    sources += sorted(tables.glob("camels_*.txt")) if tables else []

    def read() -> tuple[xr.Dataset, list[str]]:
        table = attribute_tables(tables) if tables else None
        complete, notes = (files, []) if basins is not None else _complete(files, missing, table)
        if table is None:
            notes.append(no_tables(root))
        records, faults = read_each(complete, _basin_records, on_error, THREADS)
        skipped = faults if basins is None else missing | faults
        if not records:
            reasons = "; ".join(skipped.values()) or "each lacks a part"
            raise CamelsError(f"none of the {len(files) + len(missing)} basins could be read from {root}: {reasons}")
        found = _assemble(records, products, table, flags)
        found.attrs["skipped"] = "\n".join(skipped.values())
        return check_schema(found), [*notes, *skipped_note(skipped, len(records)), *_defects(records, products)]

    return remembered(read, sources, (root.resolve(), tuple(files), *products, on_error, flags), cache, chunks)


def _complete(files: dict, missing: dict, table: pd.DataFrame | None) -> tuple[dict[str, list[Path]], list[str]]:
    """Of all the basins in a folder those that have every file and attributes; and a note on the others."""
    outside = set() if table is None else files.keys() - set(table.index)
    left_out = sorted({*missing, *outside})
    if not left_out:
        return files, []
    names = ", ".join(left_out[:5]) + (" ..." if len(left_out) > 5 else "")
    note = (
        f"{len(left_out)} of {len(files) + len(missing)} basins lack a forcing file, a streamflow file or attributes, "
        f"and were left out: {names}"
    )
    return {basin: paths for basin, paths in files.items() if basin not in outside}, [note]


def _basin_records(paths: list[Path]) -> list[Record]:
    """What a basin's files hold: its forcings, and its streamflow last."""
    forcings = [read_forcing(path) for path in paths[:-1]]
    return [*forcings, read_streamflow(paths[-1], forcings[0].area)]


def _assemble(
    records: dict[str, list[Record]], products: list[str], table: pd.DataFrame | None, flags: bool
) -> xr.Dataset:
    """All records on one daily time axis, from the first day of any to the last of any."""
    start = min(part.start for parts in records.values() for part in parts)
    end = max(part.end for parts in records.values() for part in parts)
    time = np.arange(start, end + 1)
    *forcings, streamflow = (block(parts, start, len(time)) for parts in zip(*records.values()))
    variables = {}
    for name, (unit, long_name) in FORCINGS.items():
        for i, (product, values) in enumerate(zip(products, forcings)):
            attrs = {"units": unit, "long_name": long_name, "product": product}
            variables[name if i == 0 else f"{name}_{product}"] = (("basin", "time"), values[COLUMNS.index(name)], attrs)
    variables[TARGET] = (("basin", "time"), streamflow[0], {"units": "mm/day", "long_name": "discharge"})
    if flags:
        variables[f"{TARGET}_quality"] = (
            ("basin", "time"),
            np.nan_to_num(streamflow[1]).astype(np.int8),
            _flag_attrs(),
        )
    areas = [parts[0].area for parts in records.values()]
    variables["area"] = (
        "basin",
        areas,
        {"units": "km2", "long_name": "area of the basin, over which discharge is spread"},
    )
    if table is not None:
        variables |= attribute_variables(table, list(records))
    coords = {"basin": list(records), "time": time.astype("datetime64[ns]"), **positions(table, list(records))}
    attrs = {
        "source": "CAMELS-US",
        "forcing": ", ".join(products),
        "references": "doi:10.5194/hess-19-209-2015, doi:10.5194/hess-21-5293-2017",
    }
    return xr.Dataset(variables, coords, attrs)


def _flag_attrs() -> dict:
    """The quality flags after the CF conventions: 0 is a day without any record."""
    meanings = {"A": "approved", "A:e": "approved_estimated", "M": "missing"}
    return {
        "units": "1",
        "long_name": "quality flag of the discharge",
        "flag_values": np.array([0, *FLAGS], np.int8),
        "flag_meanings": " ".join(["no_record", *(meanings.get(flag, flag) for flag in FLAGS.values())]),
    }


# Notes on the data, which become warnings -------------------------------------------------------------------------


def _defects(records: dict[str, list[Record]], products: list[str]) -> list[str]:
    """Gaps, file by file; and what is wrong with a product, once for the product and not for each basin."""
    notes = [gap for parts in records.values() for part in parts for gap in part.gaps]
    *forcings, streamflow = zip(*records.values())
    last = max(part.end for part in streamflow)
    for product, parts in zip(products, forcings):
        notes += _equal_temperatures(product, parts) + _early_ends(product, parts, last)
    return notes


def _equal_temperatures(product: str, parts: Sequence[Record]) -> list[str]:
    tmax, tmin = COLUMNS.index("tmax"), COLUMNS.index("tmin")
    same = [part for part in parts if np.array_equal(part.values[:, tmax], part.values[:, tmin], equal_nan=True)]
    if not same:
        return []
    known = ": CAMELS published one temperature twice" if product in ("maurer", "nldas") else ""
    return [
        f"{product}: tmax equals tmin on every day in {len(same)} of {len(parts)} files (first: {same[0].path.name}, "
        f"from line 5 on){known}. Use one of the two, or daymet's"
    ]


def _early_ends(product: str, parts: Sequence[Record], last: np.datetime64) -> list[str]:
    early = [part for part in parts if part.end < last]
    if not early:
        return []
    first = min(early, key=lambda part: part.end)
    why = ""
    if product == "maurer" and first.end == np.datetime64("2008-12-31"):
        why = "; Maurer's data end there"
    elif len(early) < len(parts):
        why = "; the other files go on, so it looks cut off"
    return [
        f"{product}: {len(early)} of {len(parts)} files end before the discharge does, on {last} (first: "
        f"{first.path.name}, line {first.last_line}, on {first.end}{why}). Later days are NaN"
    ]
