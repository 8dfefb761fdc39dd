"""The map of one scene in the place where it lies, however large the scene is, and the map as a GeoTIFF."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import CourseError
from ..progress import ProgressLine
from .legend import CLASSES, IGNORE, colours, legend_attrs
from .prediction import adjust_prior, predict_logits
from .tiling import strips

if TYPE_CHECKING:
    import keras


class MappingError(CourseError):
    """A map that has no place; the message says what to do."""


def map_scene(
    model: keras.Model,
    scene: xr.Dataset,
    adjust: ArrayLike | None = None,
    tau: float = 1.0,
    *,
    tta: bool = False,
    tile: int = 512,
    overlap: int = 160,
    progress: bool = False,
) -> xr.DataArray:
    """The class of every pixel of one scene on its map, read and mapped tile by tile.

    A lazy scene (:func:`~.datacube.load_scene`, :func:`~.store.open_scene`) is read window by window; in memory are one row
    of tiles and the finished map, one byte a pixel. With the default overlap the map is that of the whole scene, see
    :func:`~.tiling.tiled`.

    Parameters
    ----------
    model : linear power -> logits
    scene : (time, band, y, x) on its map; of a stack, ``georeferenced(scenes, name)`` is one
    adjust, tau, tta : as in :func:`~.prediction.predict`
    tile, overlap : multiples of 32 pixels
    progress : show one line that is rewritten

    Returns
    -------
    (y, x) uint8 labels with the coordinates and the CRS of the scene; IGNORE where nothing was measured
    """
    if "scene" in scene["backscatter"].dims:
        raise MappingError("this is a stack of scenes; georeferenced(scenes, name) takes one of them, "
                           "and predict(model, scenes) maps them all")  # fmt: skip
    power = scene["backscatter"].transpose("y", "x", "time", "band")

    def read(rows: slice, columns: slice) -> np.ndarray:
        window = power[rows, columns].values
        return window.reshape(*window.shape[:2], -1).astype(np.float32, copy=False)

    def logits(window: np.ndarray) -> np.ndarray:
        found = predict_logits(model, window, tta=tta)
        found = found if adjust is None else adjust_prior(found, adjust, tau)
        unseen = ~np.isfinite(window).any(-1, keepdims=True)
        return np.concatenate([found, unseen], -1, dtype=np.float32)

    labels = np.empty(power.shape[:2], np.uint8)
    line = ProgressLine() if progress else None
    for rows, values in strips(logits, read, labels.shape, tile, overlap):
        labels[rows] = np.where(values[..., -1] > 0.5, IGNORE, values[..., :-1].argmax(-1))
        if line:
            line.show(f"{rows.stop} of {len(labels)} rows mapped", last=rows.stop == len(labels))
    like = power.isel(time=0, band=0, drop=True)
    return xr.DataArray(labels, like.coords, ("y", "x"), "prediction", legend_attrs())


def write_map(labels: xr.DataArray, path: str | os.PathLike) -> Path:
    """Write a map as a cloud-optimised GeoTIFF with the legend's colours.

    Parameters
    ----------
    labels : (y, x) labels that know where they lie, as :func:`map_scene` gives them
    path : where to; the file appears whole or not at all

    Raises
    ------
    MappingError : the labels have no CRS
    """
    import odc.geo.xr  # noqa: F401 - gives xarray objects their .odc
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    box = labels.odc.geobox if labels.dims == ("y", "x") else None
    if box is None or box.crs is None:
        raise MappingError(
            f"a map is (y, x) labels with coordinates and a CRS; this has the dimensions {labels.dims} and no place. "
            "map_scene(model, scene) gives one; write_cog(...) takes a prediction of a stack"
        )
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    table = {k: tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for k, c in enumerate(colours(safe=False))}
    options = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": labels.shape[0], "width": labels.shape[1],
               "crs": rasterio.CRS.from_user_input(str(box.crs)), "transform": box.affine, "nodata": IGNORE}  # fmt: skip
    try:
        with MemoryFile() as memory:
            with memory.open(**options) as file:
                file.write(labels.values.astype(np.uint8, copy=False), 1)
                file.write_colormap(1, table)
                file.update_tags(classes=" ".join(f"{k}={land.name.replace(' ', '_')}" for k, land in enumerate(CLASSES)))
            # the commonest class of four, since an average of labels is none
            copy(memory.name, unfinished, driver="COG", compress="deflate", overview_resampling="mode")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
