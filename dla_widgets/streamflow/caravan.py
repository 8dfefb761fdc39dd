"""Caravan in the one schema: ERA5-Land forcing, discharge and attributes of basins all over the world.

The files are those of https://doi.org/10.5281/zenodo.6522634 (netCDF or CSV, about 25 GB with all sources; nothing here
downloads them). Two things differ from CAMELS-US as published: ``srad`` is *net* shortwave radiation, and vapour
pressure is computed here, from the dew point where the files have one, else from the night's minimum temperature.

Kratzert et al. (2023), doi:10.1038/s41597-023-01975-w
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from .basin_cache import remembered
from .basins import FORCINGS, TARGET, BasinError, check_schema, no_such_basin
from .camels_folder import CamelsError
from .records import Record, RecordError, block, on_consecutive_days, read_each, skipped_note
from .tables import attribute_variables, positions

#: Name in the schema -> name in Caravan; all have the schema's units already
VARIABLES = {
    "prcp": "total_precipitation_sum",
    "srad": "surface_net_solar_radiation_mean",
    "tmax": "temperature_2m_max",
    "tmin": "temperature_2m_min",
    "swe": "snow_depth_water_equivalent_mean",
    TARGET: "streamflow",
}
DEW_POINT = "dewpoint_temperature_2m_mean"
#: name -> (unit, long name) of the attributes that have a unit; frequencies are fractions of days here
LABELS = {
    "area": ("km2", "area of the basin"),
    "p_mean": ("mm/day", "mean daily precipitation"),
    "pet_mean": ("mm/day", "mean daily potential evaporation"),
    "pet_mean_ERA5_LAND": ("mm/day", "mean daily potential evaporation of ERA5-Land"),
    "pet_mean_FAO_PM": ("mm/day", "mean daily potential evaporation after Penman and Monteith (FAO)"),
    "high_prec_dur": ("days", "mean duration of high-precipitation events"),
    "low_prec_dur": ("days", "mean duration of dry spells"),
}


class CaravanError(RecordError):
    """A file of Caravan cannot be read; the message names the file and the line."""

    advice = 'fetch it again from https://doi.org/10.5281/zenodo.6522634, or skip it with on_error="skip"'


def load_caravan(
    root: str | os.PathLike,
    basins: Iterable[str] | str | None = None,
    source: str = "camels",
    on_error: str = "raise",
    cache: bool | str | os.PathLike = True,
    chunks: Mapping | str | None = None,
) -> xr.Dataset:
    """Basins of Caravan in the one schema.

    Parameters
    ----------
    root : folder with ``timeseries/netcdf/`` or ``timeseries/csv/``, and ``attributes/``
    basins : ids such as ``"camels_01022500"``, or ``"01022500"`` for one of `source`; all of `source` by default
    source : the data set within Caravan: ``"camels"``, ``"camelsgb"``, ``"hysets"`` ...
    on_error, cache, chunks : as for :func:`~.camels.load_camels`

    Raises
    ------
    CamelsError : `root` holds no such data
    BasinError : there is no such basin
    CaravanError : a file is damaged; the message names the file and the line
    """
    root = Path(root).expanduser()
    basins = [basins] if isinstance(basins, str) else basins
    wanted = None if basins is None else [b if "_" in str(b) else f"{source}_{b}" for b in basins]
    sources = sorted({basin.partition("_")[0] for basin in wanted}) if wanted else [source]
    files, missing = _files(root, sources, wanted)
    if missing and on_error == "raise":
        raise BasinError(next(iter(missing.values())))
    tables = [path for name in sources for path in sorted((root / "attributes" / name).glob("attributes_*.csv"))]

    threads = (
        4 if any(path.suffix == ".csv" for path in files.values()) else 1
    )  # the netCDF library takes one at a time

    def read() -> tuple[xr.Dataset, list[str]]:
        records, faults = read_each(files, _record, on_error, threads)
        skipped = missing | faults
        if not records:
            raise CamelsError(f"none of {len(skipped)} basins could be read from {root}: {'; '.join(skipped.values())}")
        found = _assemble(records, _attributes(tables, list(records)))
        found.attrs["skipped"] = "\n".join(skipped.values())
        notes = [gap for record in records.values() for gap in record.gaps]
        if not tables:
            notes.append(
                f"no attributes/{sources[0]}/attributes_*.csv in {root}: no static attributes, and where the gauges "
                "are is unknown"
            )
        return check_schema(found), [*skipped_note(skipped, len(records)), *notes]

    return remembered(
        read, [*files.values(), *tables], ("caravan", root.resolve(), tuple(files), on_error), cache, chunks
    )


def _files(root: Path, sources: list[str], wanted: list[str] | None) -> tuple[dict[str, Path], dict[str, str]]:
    """The file of each basin, netCDF before CSV; and what is missing of those wanted."""
    home = root / "timeseries"
    there = {
        path.stem: path
        for kind in ("csv/{}/*.csv", "netcdf/{}/*.nc")
        for name in sources
        for path in sorted(home.glob(kind.format(name)))
    }
    if not there:
        others = sorted({path.name for path in home.glob("*/*/")})
        raise CamelsError(
            f"no basins of {', '.join(sources)} in {home}: expected csv/{sources[0]}/ or netcdf/{sources[0]}/; "
            f"it has the sources {', '.join(others) or 'none'}"
        )
    known = sorted(there)
    files = {basin: there[basin] for basin in (known if wanted is None else wanted) if basin in there}
    missing = {basin: no_such_basin(basin, known, "Caravan") for basin in wanted or [] if basin not in there}
    return files, missing


def _record(path: Path) -> Record:
    table = _netcdf(path) if path.suffix == ".nc" else _csv(path)
    first_line = 1 if path.suffix == ".nc" else 2
    if lacking := [name for name in VARIABLES.values() if name not in table]:
        raise CaravanError(path, 1, f"expected a variable {lacking[0]}, found {', '.join(table.columns[:4])} ...")
    night = table[DEW_POINT] if DEW_POINT in table else table[VARIABLES["tmin"]]
    columns = [table[name].to_numpy(float) for name in VARIABLES.values()] + [_vapour_pressure(night.to_numpy(float))]
    days = table.index.to_numpy().astype("datetime64[D]")
    return on_consecutive_days(path, days, np.column_stack(columns), first_line, CaravanError)


def _netcdf(path: Path) -> pd.DataFrame:
    try:
        with xr.open_dataset(path, engine="netcdf4") as stored:
            names = [name for name in (*VARIABLES.values(), DEW_POINT) if name in stored]
            return stored[names].to_dataframe()
    except (OSError, ValueError) as reason:
        raise CaravanError(path, 1, f"this is no netCDF file ({reason})", cut=True) from None


def _csv(path: Path) -> pd.DataFrame:
    wanted = {"date", DEW_POINT, *VARIABLES.values()}
    raw = path.read_bytes()
    # pandas fills up short lines with NaN, and NaN is what a day without discharge looks like.
    even = raw.count(b",") == raw.count(b"\n") * raw.partition(b"\n")[0].count(b",") and raw.endswith(b"\n")
    try:
        table = pd.read_csv(io.BytesIO(raw), usecols=lambda name: name in wanted)
        days = table.pop("date").to_numpy(str).astype("datetime64[D]")
        if even and not np.isnat(days).any():
            return table.set_index(days).astype(float)
    except (ValueError, KeyError):
        pass
    raise _csv_fault(path, raw)


def _csv_fault(path: Path, raw: bytes) -> CaravanError:
    """Which line of a file that cannot be read is at fault."""
    names, *lines = raw.decode(errors="replace").removesuffix("\n").split("\n")
    names = names.strip().split(",")
    if "date" not in names:
        return CaravanError(path, 1, f"expected a column date, found {', '.join(names[:4])}")
    for number, line in enumerate(lines, start=2):
        fields = line.strip().split(",")
        if len(fields) != len(names):
            return CaravanError(
                path, number, f"expected {len(names)} fields, found {len(fields)}", cut=number == len(lines) + 1
            )
        for name, text in zip(names, fields):
            try:
                np.datetime64(text or "?", "D") if name == "date" else float(text or "nan")
            except ValueError:
                return CaravanError(path, number, f"{name} is {text!r}, not a {'date' if name == 'date' else 'number'}")
    if not raw.endswith(b"\n"):
        return CaravanError(path, len(lines) + 1, "the last line has no end", cut=True)
    return CaravanError(path, 1, "the file cannot be read as a table")


def _vapour_pressure(dew_point: np.ndarray) -> np.ndarray:
    """Saturation vapour pressure [Pa] at a temperature [degC]: Alduchov and Eskridge (1996), their equation 21."""
    return 610.94 * np.exp(17.625 * dew_point / (dew_point + 243.04))


def _assemble(records: dict[str, Record], table: pd.DataFrame | None) -> xr.Dataset:
    ids, parts = list(records), list(records.values())
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    time = np.arange(start, end + 1)
    values = dict(zip([*VARIABLES, "vp"], block(parts, start, len(time))))
    labels = {**FORCINGS, TARGET: ("mm/day", "discharge"), "srad": ("W/m2", "net shortwave radiation")}
    variables = {
        name: (("basin", "time"), values[name], {"units": labels[name][0], "long_name": labels[name][1]})
        for name in (*FORCINGS, TARGET)
        if name in values
    }
    attrs = {"source": "Caravan", "forcing": "ERA5-Land", "references": "doi:10.1038/s41597-023-01975-w"}
    coords = {"basin": ids, "time": time.astype("datetime64[ns]"), **positions(table, ids)}
    static = {} if table is None else attribute_variables(table, ids, LABELS)
    return xr.Dataset(variables | static, coords, attrs)


def _attributes(paths: list[Path], basins: list[str]) -> pd.DataFrame | None:
    """The tables side by side: climate, HydroATLAS, and the others with position and area."""
    groups: dict[str, list[pd.DataFrame]] = {}
    for path in paths:
        table = pd.read_csv(path, dtype={"gauge_id": str, "gauge_name": str}, index_col="gauge_id")
        groups.setdefault(path.name.rsplit("_", 1)[0], []).append(table)
    if not groups:
        return None
    return pd.concat([pd.concat(tables) for tables in groups.values()], axis=1).reindex(basins)
