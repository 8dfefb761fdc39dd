"""A scene on the disk, as :func:`write_store` leaves it, opened on its map or as a stack of squares."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import CourseError
from .legend import IGNORE
from .scenes import LABELS, SPLITS, check_scenes, describe_variables
from .store_writer import StoreError, write_store

__all__ = ["StoreError", "open_scene", "open_store", "split_blocks", "write_store"]


def open_scene(path: str | os.PathLike, chunks: dict | str | None = None) -> xr.Dataset:
    """A stored scene as it was written: (time, band, y, x) on its map.

    Parameters
    ----------
    chunks : for lazy Dask arrays, ``{}`` for the chunks of the store; None gives arrays that are read when they are used

    Raises
    ------
    StoreError : there is no finished scene, or a part of it was lost
    """
    import odc.geo.xr  # noqa: F401 - gives xarray objects their .odc
    import zarr

    path = Path(path).expanduser()
    if not path.exists() and path.with_name(f"{path.name}.part").exists():
        raise StoreError(f"{path} has not come completely; the same `dla fetch landcover` command goes on where it stopped")
    try:
        group = zarr.open_group(path, mode="r")
        counted = group.attrs["chunks"]
    except (OSError, ValueError, KeyError):
        raise StoreError(f"{path} is no scene that `dla fetch landcover` wrote") from None
    for name, count in counted.items():
        if name not in group or group[name].nchunks_initialized != count:
            have = group[name].nchunks_initialized if name in group else 0
            raise StoreError(f"{path} is damaged: {have} of {count} chunks of {name!r} are there. Delete it and fetch it again")
    # with mask_and_scale, 255 would become NaN and the labels floats
    scene = xr.open_zarr(path, chunks=chunks, consolidated=False, mask_and_scale=False, decode_coords="all")
    scene = scene.assign_coords(band=scene.attrs["bands"])
    scene.attrs = {k: v for k, v in scene.attrs.items() if k not in ("chunks", "fingerprint", "bands")}
    first = ["backscatter", LABELS, "valid"]
    return describe_variables(scene[[*first, *(name for name in scene.data_vars if name not in first)]])


def open_store(
    path: str | os.PathLike,
    size: int = 256,
    lazy: bool = False,
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2),
    block: int = 2,
    seed: int = 0,
    minimum: float = 0.5,
) -> xr.Dataset:
    """A stored scene as a stack of squares, whole blocks of neighbours for train, valid or test.

    Pixels that touch are alike, so a square beside one that was trained on is no honest test. Blocks of squares go to one part
    together, which leaves few such borders; larger blocks leave fewer.

    Parameters
    ----------
    size : side of a square [pixel]; what is left over at the right and below is dropped
    lazy : Dask arrays, for scenes larger than memory; else everything is read and checked
    fractions : of the blocks for train, valid and test
    block : side of a block [squares]
    seed : which blocks go where
    minimum : squares of which less than this part is measured and labelled are left out

    Returns
    -------
    scenes : the schema of :mod:`.scenes`, squares named ``r012c034`` by their row and column

    Raises
    ------
    StoreError : the store is damaged, or holds no square of this size
    """
    scene = open_scene(path, chunks={} if lazy else None)
    rows, columns = scene.sizes["y"] // size, scene.sizes["x"] // size
    if not rows or not columns:
        raise StoreError(f"cannot cut squares of {size} pixels from {Path(path).name}, which has {scene.sizes['y']} x "
                         f"{scene.sizes['x']} pixels; open_scenes(path, size=...) takes smaller ones")  # fmt: skip
    with _intact(path):
        usable = _usable(scene, size, rows, columns)
        kept = np.flatnonzero(usable >= minimum)
        if not kept.size:
            raise StoreError(f"no square of {Path(path).name} is measured and labelled on {minimum:.0%} of its pixels; the best "
                             f"is on {usable.max():.0%}. open_scenes(path, minimum=...) accepts less")  # fmt: skip
        stack = _squares(scene, size, (rows, columns), kept, lazy)
    splits = split_blocks(kept // columns, kept % columns, block, fractions, seed)
    stack = describe_variables(stack.assign_coords(split=("scene", splits)))
    return stack if lazy else check_scenes(stack)


def split_blocks(
    rows: Sequence[int], columns: Sequence[int], block: int = 2, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> list[str]:
    """The part of each square, the same for the squares of one block.

    Where there are fewer than six blocks, smaller ones are made: each part gets at least one as soon as there are three
    squares.

    Parameters
    ----------
    rows, columns : (square,) where each square lies
    """
    rows, columns = np.asarray(rows), np.asarray(columns)
    while True:
        names, number = np.unique(np.stack([rows // block, columns // block]), axis=1, return_inverse=True)
        if names.shape[1] >= 6 or block == 1:
            break
        block -= 1
    count = names.shape[1]
    valid, test = (max(1, round(count * f)) if count > 2 else 0 for f in fractions[1:])
    parts = np.array([SPLITS[0]] * (count - valid - test) + [SPLITS[1]] * valid + [SPLITS[2]] * test)
    return np.random.default_rng(seed).permutation(parts)[number.ravel()].tolist()


@contextmanager
def _intact(path: str | os.PathLike) -> Iterator[None]:
    """A checksum that does not fit, or a chunk that cannot be unpacked, as a sentence."""
    try:
        yield
    except CourseError:
        raise
    except (ValueError, OSError, RuntimeError) as reason:
        first = str(reason).strip().split("\n")[0]
        raise StoreError(f"{path} is damaged ({first}). Delete it and fetch it again") from None


def _usable(scene: xr.Dataset, size: int, rows: int, columns: int) -> np.ndarray:
    """Which part of each square is measured and labelled; read row of squares by row of squares."""
    share = np.empty((rows, columns))
    for row in range(rows):
        here = scene[["valid", LABELS]].isel(y=slice(row * size, (row + 1) * size), x=slice(0, columns * size)).compute()
        good = here["valid"].values & (here[LABELS].values != IGNORE)
        share[row] = good.reshape(size, columns, size).mean(axis=(0, 2))
    return share.ravel()


def _squares(scene: xr.Dataset, size: int, shape: tuple[int, int], kept: np.ndarray, lazy: bool) -> xr.Dataset:
    """The squares with the numbers `kept`, counted row by row."""
    rows, columns = shape
    cut = scene.isel(y=slice(0, rows * size), x=slice(0, columns * size)).drop_vars(["y", "x", "time", "spatial_ref"])
    cut = cut.chunk({"y": size, "x": size}) if lazy else cut.load()
    parts = cut.coarsen(y=size, x=size).construct(y=("row", "y"), x=("column", "x"))
    stack = parts.stack(scene=("row", "column"), create_index=False).isel(scene=kept).transpose("scene", ..., "y", "x")
    box, dates = scene.odc.geobox, scene["time"].values.astype("datetime64[ns]")
    places = [divmod(int(k), columns) for k in kept]
    return stack.assign_coords(
        scene=("scene", [f"r{r:03d}c{c:03d}" for r, c in places]),
        crs=("scene", [f"EPSG:{box.crs.epsg}" if box.crs.epsg else box.crs.to_wkt()] * len(kept)),
        transform=(("scene", "affine"), [list(box.translate_pix(c * size, r * size).affine[:6]) for r, c in places]),
        acquired=(("scene", "time"), np.tile(dates, (len(kept), 1))),
    )
