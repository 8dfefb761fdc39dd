"""Real land cover for simulated radar: windows of an ESA WorldCover tile, with forest and something besides forest in each.

Zanaga et al. (2022), ESA WorldCover 10 m 2021 v200, doi:10.5281/zenodo.7254221
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .legend import IGNORE, regroup
from .scenes import SceneError

#: What a window must have: nearly every pixel known, some of it forest, some of it not, not too much of it sea.
KNOWN, OTHER, WATER = 0.98, (0.01, 0.6), 0.35


class Window(NamedTuple):
    """A square of a map: labels (y, x), the CRS, and the six numbers of the affine transform."""

    labels: np.ndarray
    crs: str
    transform: tuple[float, ...]


def worldcover_windows(path: str | os.PathLike, n: int, size: int, seed: int) -> list[Window]:
    """The first `n` fit windows of a tile, in an order drawn by `seed`; no two overlap.

    Raises
    ------
    SceneError : there is no such file, it is no map of classes, or it has too few fit windows
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.windows import Window as Part

    if not Path(path).exists():
        raise SceneError(f"no land-cover map at {path}; WorldCover tiles are at https://esa-worldcover.org")
    found: list[Window] = []
    try:
        with rasterio.open(path) as tile:
            for row, column in _candidates(tile, size, seed):
                part = Part(column, row, size, size)
                labels = regroup(tile.read(1, window=part), "worldcover")
                if _fit(labels):
                    crs = f"EPSG:{tile.crs.to_epsg()}" if tile.crs.to_epsg() else tile.crs.to_wkt()
                    found.append(Window(labels, crs, tuple(tile.window_transform(part)[:6])))
                if len(found) == n:
                    return found
    except RasterioError as reason:
        raise SceneError(f"{path} cannot be read as a map ({reason}); copy it once more") from None
    raise SceneError(f"{Path(path).name} has {len(found)} windows of {size} pixels with forest and {OTHER[0]:.0%} or more of "
                     f"something else; {n} were asked for. Ask for fewer, or take a tile with more land.")  # fmt: skip


def _candidates(tile, size: int, seed: int) -> list[tuple[int, int]]:
    """Corners of the windows that a coarse look says are land, in drawn order."""
    rows, columns = tile.height // size, tile.width // size
    if not rows or not columns:
        raise SceneError(f"a window of {size} pixels does not fit into a map of {tile.height} by {tile.width}")
    per = 4 if size >= 64 and rows * columns > 16 else 1
    coarse = tile.read(1, window=((0, rows * size), (0, columns * size)), out_shape=(rows * per, columns * per))
    land = ((coarse != 0) & (coarse != 255)).reshape(rows, per, columns, per).mean((1, 3))
    corners = np.argwhere(land > 0.5) * size
    return [tuple(map(int, corner)) for corner in np.random.default_rng([seed, 77]).permutation(corners)]


def _fit(labels: np.ndarray) -> bool:
    known = labels != IGNORE
    if known.mean() < KNOWN:
        return False
    return OTHER[0] <= (labels[known] != 0).mean() <= OTHER[1] and (labels == 6).mean() <= WATER
