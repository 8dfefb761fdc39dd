"""Writing a scene to the disk as Zarr (version 3): complete or not there at all.

A scene is written block by block to ``NAME.zarr.part`` and renamed when all of it has come and was checked. A list of finished
blocks lies beside them, so a download that broke off goes on where it stopped. Every chunk carries a checksum (CRC-32C), which
is verified whenever it is read, and the number of chunks is kept: one that is lost is missed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock

import numpy as np
import xarray as xr

from ..errors import CourseError
from .legend import CLASSES, IGNORE
from .scenes import LABELS, SceneError

#: Pixels of a block that is read at once, and of a chunk on the disk, in rows and in columns.
BLOCK, CHUNK = 1024, 512

#: Seconds to wait before each new try of a block that could not be read.
PAUSES = (0.5, 1.0, 2.0, 4.0)

#: Raised when the form of a store changes, so that an unfinished one of before is not continued.
FORM = 1


class StoreError(SceneError):
    """A stored scene is damaged or cannot be written; the message says what is kept and what to do."""


def write_store(
    scene: xr.Dataset,
    path: str | os.PathLike,
    reopen: Callable[[], xr.Dataset] | None = None,
    progress: bool = True,
    workers: int = 4,
) -> Path:
    """Write one scene on its map to a Zarr; what came in an earlier run that broke off is not read again.

    Parameters
    ----------
    scene : (time, band, y, x) as :func:`.datacube.load_scene` gives it, lazy or not
    path : ends with ``.zarr``
    reopen : gives the scene anew; used after a failure, since addresses with a token do not last
    progress : show a bar
    workers : blocks that are read at the same time

    Returns
    -------
    path : the finished store

    Raises
    ------
    StoreError : another scene is there; or the reading broke off for good
    CourseError : what was read is not what it should be; then nothing is left
    """
    path = Path(path).expanduser()
    mark = fingerprint(_checked(scene))
    if path.suffix != ".zarr":
        raise StoreError(f"the name of a store ends with .zarr; got {path.name!r}")
    if path.exists():
        if _mark_of(path) == mark:
            return path
        raise StoreError(f"{path} holds another scene; choose another name= for this one, or delete that")
    part, record = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part-blocks")
    if _mark_of(part) != mark:
        _forget(part, record)
        _prepare(scene, part, mark)
    try:
        _fill(_Source(scene, reopen), part, record, progress, workers)
        _finish(part)
    except StoreError:
        raise
    except CourseError:
        _forget(part, record)
        raise
    os.replace(part, path)
    record.unlink(missing_ok=True)
    return path


def _forget(part: Path, record: Path) -> None:
    shutil.rmtree(part, ignore_errors=True)
    record.unlink(missing_ok=True)


def fingerprint(scene: xr.Dataset) -> str:
    """Changes when the place, the dates, the tiles, the grid or the legend do; of a scene in memory, when its values do."""
    box = scene.odc.geobox
    what = (FORM, str(box.crs), tuple(box.affine), tuple(box.shape), scene["time"].values.astype("int64").tolist(),
            sorted(map(str, scene.data_vars)), sorted((k, str(v)) for k, v in scene.attrs.items()))  # fmt: skip
    digest = hashlib.sha256(repr(what).encode())
    for name in sorted(map(str, scene.data_vars)):
        if scene[name].chunks is None:  # in memory, so that nothing tells what it is but the values
            digest.update(np.ascontiguousarray(scene[name].values))
    return digest.hexdigest()


def _checked(scene: xr.Dataset) -> xr.Dataset:
    import odc.geo.xr  # noqa: F401 - gives xarray objects their .odc

    for name, dims in (("backscatter", ("time", "band", "y", "x")), (LABELS, ("y", "x")), ("valid", ("y", "x"))):
        if name not in scene or scene[name].dims != dims:
            found = f"has the dimensions {scene[name].dims}" if name in scene else "is missing"
            raise StoreError(f"a store holds one scene on its map: {name!r} {found}, expected {dims}. "
                             "georeferenced(scenes, name) takes one scene out of a stack")  # fmt: skip
    if scene.odc.geobox is None:
        raise StoreError("the scene does not say where it lies: no coordinates in metres, or no CRS")
    return scene


def _mark_of(path: Path) -> str | None:
    import zarr

    try:
        return zarr.open_group(path, mode="r").attrs.get("fingerprint")
    except (OSError, ValueError, KeyError):  # none there, or none of ours
        return None


def _prepare(scene: xr.Dataset, part: Path, mark: str) -> None:
    """The empty arrays; the mark comes last, so that none is found in half of them."""
    import dask.array
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    part.parent.mkdir(parents=True, exist_ok=True)
    texts = [c for c in scene.coords if c not in ("time", "y", "x", "spatial_ref")]  # for which Zarr has no settled type
    empty, encoding = scene.drop_vars(texts).assign_attrs(bands=scene["band"].values.tolist()), {}
    compressors = [ZstdCodec(level=3), Crc32cCodec()]
    for name, variable in scene.data_vars.items():
        chunks = tuple(min(CHUNK, n) if d in ("y", "x") else n if d == "band" else 1 for d, n in variable.sizes.items())
        fill = {"f": np.nan, "u": IGNORE}.get(variable.dtype.kind, 0)
        nothing = dask.array.full(variable.shape, fill, dtype=variable.dtype, chunks=chunks)
        empty[name] = (variable.dims, nothing, variable.attrs | {"grid_mapping": "spatial_ref"})
        encoding[name] = {"chunks": chunks, "fill_value": fill, "_FillValue": None, "compressors": compressors}
    for name in empty.variables:
        empty[name].encoding = {}
    empty.to_zarr(part, mode="w", zarr_format=3, consolidated=False, compute=False, encoding=encoding)
    zarr.open_group(part, mode="r+").attrs["fingerprint"] = mark


def _blocks(scene: xr.Dataset) -> Iterator[tuple[str, dict[str, slice]]]:
    """Variable and place of every block; ``valid`` follows from the backscatter and is not read."""
    rows, columns = scene.sizes["y"], scene.sizes["x"]
    for name in scene.data_vars:
        dates = range(scene.sizes["time"]) if "time" in scene[name].dims else [None]
        for date in dates if name != "valid" else []:
            for top in range(0, rows, BLOCK):
                for left in range(0, columns, BLOCK):
                    place = {"y": slice(top, min(top + BLOCK, rows)), "x": slice(left, min(left + BLOCK, columns))}
                    yield str(name), ({} if date is None else {"time": slice(date, date + 1)}) | place


def _fill(source: _Source, part: Path, record: Path, progress: bool, workers: int) -> None:
    """Read and write the blocks that are not there yet."""
    import zarr
    from tqdm import tqdm

    finished = set(record.read_text().split("\n")) if record.exists() else set()
    blocks = list(_blocks(source.scene))
    missing = [block for block in blocks if _word(*block) not in finished]
    group = zarr.open_group(part, mode="r+")
    bar = tqdm(total=len(blocks), initial=len(blocks) - len(missing), desc="blocks", disable=not progress)
    with bar, open(record, "a", encoding="utf-8") as lines, ThreadPoolExecutor(workers) as pool:
        try:
            for work in as_completed([pool.submit(_bring, source, group, *block) for block in missing]):
                lines.write(f"{work.result()}\n")
                lines.flush()
                bar.update()
        except _BrokenOff as reason:
            raise StoreError(
                f"the reading stopped after {int(bar.n)} of {len(blocks)} blocks ({reason}). What has come is kept in {part}: "
                "the same command goes on from there"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _bring(source: _Source, group, name: str, place: dict[str, slice]) -> str:
    """Read, check and write one block."""
    values = source.read(name, place)
    if name == "backscatter":
        _check_power(values)
    elif name == LABELS:
        _check_labels(values)
    group[name][tuple(place.get(d, slice(None)) for d in source.scene[name].dims)] = values
    return _word(name, place)


def _word(name: str, place: dict[str, slice]) -> str:
    return " ".join([name, *(f"{d}{s.start}" for d, s in place.items())])


class _BrokenOff(Exception):
    """A block could not be read, however often it was tried."""


class _Source:
    """Reads blocks of a lazy scene, and opens it anew when that fails."""

    def __init__(self, scene: xr.Dataset, reopen: Callable[[], xr.Dataset] | None):
        self.scene, self.reopen, self.lock = scene, reopen, Lock()

    def read(self, name: str, place: dict[str, slice]) -> np.ndarray:
        from rasterio.errors import RasterioError

        for pause in (*PAUSES, None):
            scene = self.scene
            try:
                return scene[name].isel(place).compute(scheduler="synchronous").values
            except (OSError, RasterioError) as reason:
                if pause is None:
                    raise _BrokenOff(_why(reason)) from None
                time.sleep(pause)
                self._again(scene)

    def _again(self, failed: xr.Dataset) -> None:
        with self.lock:
            if self.reopen is None or self.scene is not failed:
                return  # another thread did it already
            try:
                fresh = self.reopen()
            except CourseError:
                return  # the catalogue does not answer either; the old addresses are tried once more
            if fingerprint(fresh) == fingerprint(failed):
                self.scene = fresh


def _why(reason: BaseException) -> str:
    """The first cause: GDAL says what happened, rasterio only that something did."""
    while reason.__cause__ is not None:
        reason = reason.__cause__
    return str(reason).strip().split("\n")[0][:200] or type(reason).__name__


def _finish(part: Path) -> None:
    """Find out where everything was measured, and count the chunks."""
    import zarr

    group = zarr.open_group(part, mode="r+")
    power, valid = group["backscatter"], group["valid"]
    for top in range(0, valid.shape[0], BLOCK):
        for left in range(0, valid.shape[1], BLOCK):
            here = (slice(top, top + BLOCK), slice(left, left + BLOCK))
            dates = (power[(date, slice(None), *here)] for date in range(power.shape[0]))
            valid[here] = np.logical_and.reduce([np.isfinite(values).all(axis=0) for values in dates])
    group.attrs["chunks"] = {name: array.nchunks_initialized for name, array in group.arrays()}


def _check_power(values: np.ndarray) -> None:
    if (lowest := np.nanmin(values, initial=np.inf)) < 0:
        raise SceneError(f"the backscatter that came is not linear power: its lowest value is {lowest:.3g}. Is it in decibels? "
                         "Then say decibels=True (dla fetch landcover --decibels)")  # fmt: skip


def _check_labels(labels: np.ndarray) -> None:
    strange = labels[(labels >= len(CLASSES)) & (labels != IGNORE)]
    if strange.size:
        raise SceneError(f"the land cover that came has the label {strange[0]}, expected 0 to {len(CLASSES) - 1} or {IGNORE}")
