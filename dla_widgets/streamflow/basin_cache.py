"""Basins that were read once, kept as one netCDF file: opened in a tenth of a second, or lazily with Dask.

A kept file carries a fingerprint of the files it was made from (path, size, time of change), and is used only while
that is theirs. It is written under another name and renamed, so there is never half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .camels_folder import CamelsWarning

#: Raised when the form of the kept files changes, so that older ones are not read.
FORM = 1

#: The latest this many selections of basins are kept.
KEPT = 6

_FINGERPRINT, _NOTES = "fingerprint", "notes"


def cache_folder() -> Path:
    """Where read basins are kept: ``DLA_CACHE``, or the usual place for caches on this machine."""
    if folder := os.environ.get("DLA_CACHE"):
        return Path(folder).expanduser()
    import pooch

    return Path(pooch.os_cache("dla")) / "basins"


def fingerprint(files: Iterable[Path], *settings: Any) -> str:
    """Changes when one of `files` is replaced or edited, or when `settings` do."""
    digest = hashlib.sha256(repr((FORM, settings)).encode())
    for path in files:
        state = path.stat()
        digest.update(f"{path}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def kept_file(folder: Path, *what: Any) -> Path:
    """The one file in `folder` for this selection, whatever the state of its sources."""
    return folder / f"camels-{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}.nc"


def remembered(
    read: Callable[[], tuple[xr.Dataset, list[str]]],
    sources: list[Path],
    what: tuple,
    cache: bool | str | os.PathLike = True,
    chunks: Mapping | str | None = None,
) -> xr.Dataset:
    """What `read` gives, or what it gave last time if none of its `sources` has changed since.

    Parameters
    ----------
    read : gives the basins, and notes that are made into warnings now and every time
    what : the selection; other things ask for another kept file
    cache : True for :func:`cache_folder`, False for none, or a folder
    chunks : give lazy Dask arrays with these chunks
    """
    if not cache:
        basins, notes = read()
        basins = basins if chunks is None else basins.chunk(chunks)
    else:
        folder = cache_folder() if cache is True else Path(cache).expanduser()
        basins, notes = _kept_or_read(read, kept_file(folder, *what), fingerprint(sources, *what), chunks)
    for note in notes:
        warnings.warn(note, CamelsWarning, stacklevel=3)
    return basins


def _kept_or_read(read, path: Path, mark: str, chunks) -> tuple[xr.Dataset, list[str]]:
    if found := recall(path, mark, chunks):
        return found
    basins, notes = read()
    try:
        keep(basins, path, mark, notes)
    except OSError as reason:
        note = f"what was read is not kept: {path.parent} cannot be written to ({reason}); set DLA_CACHE to a folder"
        notes = [*notes, note]
    if chunks is None:
        return basins, notes
    return recall(path, mark, chunks) or (basins.chunk(chunks), notes)


def recall(path: Path, mark: str, chunks: Mapping | str | None = None) -> tuple[xr.Dataset, list[str]] | None:
    """The basins kept in `path` and the notes that were kept with them; None if there are none of this fingerprint.

    Parameters
    ----------
    chunks : None to load them; else the chunks of lazy Dask arrays, ``{"basin": 16}``
    """
    try:
        basins = xr.open_dataset(path, engine="netcdf4", chunks=chunks, cache=False)
    except (OSError, ValueError):  # none there, or not one of ours
        return None
    if basins.attrs.pop(_FINGERPRINT, None) != mark:
        basins.close()
        return None
    notes = json.loads(basins.attrs.pop(_NOTES))
    os.utime(path)
    if chunks is None:
        with basins:
            basins = basins.load()
    return _fixed_width(basins), notes


def keep(basins: xr.Dataset, path: Path, mark: str, notes: list[str]) -> None:
    """Write `basins` to `path` in one step, and forget the selections that were not used for longest.

    Raises
    ------
    OSError : the folder cannot be written to, or the disk is full
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.stem}-{os.getpid()}.tmp")
    try:
        marked = basins.assign_attrs({_FINGERPRINT: mark, _NOTES: json.dumps(notes)})
        marked.to_netcdf(new, engine="netcdf4", encoding={"time": {"dtype": "int32"}})
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    for old in sorted(path.parent.glob("camels-*.nc"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _fixed_width(basins: xr.Dataset) -> xr.Dataset:
    """Text as it was before netCDF made objects of it."""
    texts = {name: values.astype(str) for name, values in basins.variables.items() if values.dtype == np.dtype(object)}
    return basins.assign({n: v.load() for n, v in texts.items()}) if texts else basins
