"""The bytes of a submission as netCDF: a prediction out of such a file, or the reason why there is none; and back.

What a stranger sends may point to other files, which HDF5 would open and read as if they were part of this one. So what
lies in a file is looked at before any of it is read, and of what is read the size is known.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from .streamflow.basins import TARGET
from .submission_csv import SubmissionError, refusal

HDF5, CLASSIC = b"\x89HDF\r\n\x1a\n", (b"CDF\x01", b"CDF\x02", b"CDF\x05")
REMEDY = 'Write it with write_submission(prediction, "name.nc").'

#: Letters of a gauge id at most.
ID = 100


def is_netcdf(start: bytes) -> bool:
    """Whether a file that begins like this is netCDF, of whichever kind."""
    return start.startswith(HDF5) or start.startswith(CLASSIC)


def read_netcdf(path: Path, cells: int, name: str) -> xr.DataArray:
    """The prediction (basin, time) in a file: numbers and times, which are not judged yet.

    Parameters
    ----------
    cells : a larger prediction is not read
    name : what to call the file in messages

    Raises
    ------
    SubmissionError : it is damaged, lacks a name, is too large, or is not all in this one file
    """
    import netCDF4

    try:
        with path.open("rb") as file:
            if file.read(8) == HDF5:
                _check_alone(path, cells, name)
        with warnings.catch_warnings(), netCDF4.Dataset(path) as stored:
            warnings.simplefilter("ignore")  # of odd attributes; the values are judged anyway
            _check_names(stored, cells, name)
            others = [other for other in stored.variables if other not in (TARGET, "basin", "time")]
            kept = xr.open_dataset(xr.backends.NetCDF4DataStore(stored), drop_variables=others, decode_timedelta=False)
            prediction = kept[TARGET].transpose("basin", "time").load()
            days = prediction["time"].dtype
    except (MemoryError, SubmissionError):
        raise
    except Exception as reason:  # whatever HDF5, netCDF and xarray think of a damaged file
        why = " ".join(str(reason).replace(str(path), name).split())[:120]
        raise refusal(f"{name}: the netCDF file is damaged ({why}). {REMEDY}") from None
    units = " ".join(str(prediction.attrs.get("units", "")).split())[:40]
    if units and not units.lower().startswith(("mm", "millimet")):
        raise refusal(f"{name}: {TARGET} says that its units are {units!r}; expected mm/day. Convert it, and say units='mm/day'.")
    if prediction.dtype.kind not in "fiu" or days.kind != "M":
        what = f"{TARGET} holds {prediction.dtype} and time {days}"
        raise refusal(f"{name}: {what}; expected numbers and days of the standard calendar. {REMEDY}")
    return prediction


def _check_alone(path: Path, cells: int, name: str) -> None:
    """Nothing in an HDF5 file leads out of it, and none of its blocks is larger than a right file's."""
    import h5py

    with h5py.File(path, "r") as file:
        for each in file:
            if not isinstance(file.get(each, getlink=True), h5py.HardLink):
                raise refusal(f"{name}: {each[:40]!r} is a link; a file must hold all that it says. {REMEDY}")
            if not isinstance(file[each], h5py.Dataset):
                raise refusal(f"{name}: {each[:40]!r} is a group; the discharge lies at the top of the file. {REMEDY}")
            if file[each].external or file[each].is_virtual:
                raise refusal(f"{name}: {each[:40]!r} lies in another file; a file must hold all that it says. {REMEDY}")
            if np.prod(file[each].chunks or 0, dtype=float) > 2 * cells + 1e5:
                raise refusal(f"{name}: {each[:40]!r} is stored in blocks larger than a right prediction. {REMEDY}")


def _check_names(stored, cells: int, name: str) -> None:
    there = stored.variables
    if [each for each in (TARGET, "basin", "time") if each not in there]:
        found = ", ".join(map(str, there))[:120] or "nothing"
        raise refusal(f"{name}: expected the variables {TARGET}, basin and time, found {found}. {REMEDY}")
    if set(there[TARGET].dimensions) != {"basin", "time"}:
        found = ", ".join(there[TARGET].dimensions)[:120]
        raise refusal(f"{name}: expected {TARGET} with the dimensions basin and time, found {found}. {REMEDY}")
    if there["time"].dimensions != ("time",) or there["basin"].dimensions[:1] != ("basin",):
        raise refusal(f"{name}: basin and time must say of each row and column which it is. {REMEDY}")
    size, letters = there[TARGET].shape, there["basin"].size / max(1, there["basin"].shape[0])
    if size[0] * size[1] > cells or letters > ID:
        raise refusal(f"{name}: {' by '.join(map(str, size))} values are more than a right prediction has. {REMEDY}")


def write_netcdf(prediction: xr.DataArray, path: Path) -> None:
    """Write a prediction (basin, time), and nothing but its values, basins and days."""
    values = prediction.transpose("basin", "time")
    where = {"basin": [str(basin) for basin in values["basin"].values], "time": values.indexes["time"]}
    plain = xr.DataArray(np.asarray(values.values, float), where, ("basin", "time"), TARGET, {"units": "mm/day"})
    plain.to_netcdf(path, engine="netcdf4", encoding={TARGET: {"zlib": True, "complevel": 4}})
