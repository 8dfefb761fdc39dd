"""The one schema of the land-cover project: :class:`xarray.Dataset` radar scenes with a label for every pixel.

====================  =====================================  =====================================================
what                  dimensions                             name
====================  =====================================  =====================================================
backscatter           (scene, time, band, y, x) float32      ``backscatter``, gamma nought as **linear power** [1]; NaN
                                                             where the radar saw nothing
land cover            (scene, y, x) uint8                    ``landcover``, 0 to 8 as in :mod:`.legend`, 255 = ignored
valid                 (scene, y, x) bool                     ``valid``: every date and band has a measurement
incidence angle       (scene, y, x) float32, where known     ``incidence_angle`` [degree]
true land cover       (scene, y, x) uint8, simulated only    ``truth``: what the labels would be without their faults
coordinates           (scene,)                               ``scene`` (name), ``split`` (train, valid, test), ``crs``
coordinates           (scene, 6), (scene, time), (band,)     ``transform`` (affine), ``acquired`` (date), ``band``
====================  =====================================  =====================================================

A stack of scenes of one size has all of this. One scene on the map, as :func:`georeferenced` and the Open Data Cube
(:mod:`.datacube`) give it, is the same without the dimension ``scene``: ``x`` and ``y`` are coordinates in metres, ``time``
is the date, and the CRS stands where rioxarray and odc-geo look for it. Decibels are a view (:func:`decibel`), never stored.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import CourseError
from .legend import CLASSES, IGNORE, legend_attrs

BANDS = ("VV", "VH")
SPLITS = ("train", "valid", "test")
LABELS = "landcover"

#: The smallest power that a decibel is taken of: -60 dB, far below what Sentinel-1 can tell from its own noise.
FLOOR = 1e-6


class SceneError(CourseError):
    """A radar scene is not what it should be; the message says what to do."""


def open_scenes(source: str | os.PathLike | None = None, **options) -> xr.Dataset:
    """A stack of scenes in the one schema: simulated ones by default, real ones by changing one word.

    Parameters
    ----------
    source : ``"simulated"`` (the default), or a path: a Zarr that ``dla fetch landcover`` wrote, a netCDF file that
        :func:`save_scenes` wrote, or a folder of chips as TerraMesh publishes them. The environment variable
        ``DLA_SCENES`` changes the default.
    **options : passed on to :func:`~.simulated.simulated_scenes`, :func:`~.store.open_store` or
        :func:`~.chips.load_chips`

    Raises
    ------
    SceneError : there is no such data
    """
    source = str(source or os.environ.get("DLA_SCENES") or "simulated")
    if source == "simulated":
        from .simulated import simulated_scenes

        return simulated_scenes(**options)
    path = Path(source).expanduser()
    if not path.exists():
        raise SceneError(
            f"no scenes at {path}; `dla fetch landcover` brings real ones, and open_scenes() without a name makes simulated ones"
        )
    if path.suffix == ".zarr":
        from .store import open_store

        return open_store(path, **options)
    if path.suffix == ".nc":
        return load_scenes(path)
    from .chips import load_chips

    return load_chips(path, **options)


def save_scenes(scenes: xr.Dataset, path: str | os.PathLike) -> Path:
    """Write a stack of scenes to one netCDF file; a file that was there stays until the new one is whole."""
    path = Path(path)
    draft = path.with_name(path.name + ".part")
    packed = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding = {name: packed for name, values in scenes.data_vars.items() if "y" in values.dims}
    try:
        scenes.to_netcdf(draft, engine="netcdf4", encoding=encoding)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load_scenes(path: str | os.PathLike) -> xr.Dataset:
    """The stack that :func:`save_scenes` wrote.

    Raises
    ------
    SceneError : there is none in this file, or it is damaged
    """
    try:
        with xr.open_dataset(path, engine="netcdf4", mask_and_scale=False) as stored:
            scenes = stored.load()
    except (OSError, ValueError, RuntimeError) as reason:
        raise SceneError(f"{path} holds no scenes that can be read ({reason}); fetch it again") from None
    texts = {name: values.astype(str) for name, values in scenes.variables.items() if values.dtype == object}
    return check_scenes(scenes.assign({name: (values.dims, values.data, values.attrs) for name, values in texts.items()}))


def select_scenes(scenes: xr.Dataset, split: str | Sequence[str]) -> xr.Dataset:
    """The scenes of one part, ``"train"``, ``"valid"`` or ``"test"``, or those with the given names."""
    if isinstance(split, str):
        if split not in SPLITS:
            raise SceneError(f"no part {split!r}; the parts of a stack are {', '.join(SPLITS)}")
        chosen = scenes.isel(scene=np.flatnonzero(scenes["split"].values == split))
        if not chosen.sizes["scene"]:
            raise SceneError(f"no scene of this stack is for {split!r}; it has {_count(scenes)}")
        return chosen
    known = [str(s) for s in scenes["scene"].values]
    if strange := [name for name in split if name not in known]:
        raise SceneError(f"no scene {strange[0]!r}; there are {len(known)}, {known[0]} ... {known[-1]}")
    return scenes.sel(scene=list(split))


def decibel(power):
    """Linear power in decibel, 10 log10; NaN stays NaN, and nothing is darker than :data:`FLOOR`."""
    return 10 * np.log10(np.maximum(power, FLOOR))


def linear(decibels):
    """Decibels as linear power."""
    return 10 ** (np.asarray(decibels) / 10) if not isinstance(decibels, xr.DataArray) else 10 ** (decibels / 10)


def arrays(scenes: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """What a network eats: power (scene, y, x, channel) float32 and labels (scene, y, x) uint8.

    The channels are the bands of the first date, then those of the next. Pixels that the radar did not see are NaN in the
    power and :data:`~.legend.IGNORE` in the labels. The first layer of every model of :mod:`.models` makes decibels of the
    power and scales them, so that no scaling can be forgotten or fitted twice.
    """
    power = scenes["backscatter"].transpose("scene", "y", "x", "time", "band").values
    power = np.ascontiguousarray(power.reshape(*power.shape[:3], -1), np.float32)
    labels = np.where(scenes["valid"].values, scenes[LABELS].values, IGNORE).astype(np.uint8)
    return power, labels


def label_map(scenes: xr.Dataset, labels: np.ndarray, name: str = "prediction") -> xr.DataArray:
    """Labels (scene, y, x) with the names and parts of `scenes` beside them."""
    like = scenes[LABELS]
    return xr.DataArray(np.asarray(labels, np.uint8), like.coords, like.dims, name, legend_attrs())


def georeferenced(scenes: xr.Dataset, name: str) -> xr.Dataset:
    """One scene of a stack on its map: coordinates in metres, dates as time, the CRS set."""
    import odc.geo.xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

    scene = select_scenes(scenes, [name]).isel(scene=0)
    box = GeoBox((scene.sizes["y"], scene.sizes["x"]), Affine(*map(float, scene["transform"].values)), str(scene["crs"].values))
    dates = scene["acquired"].values
    bare = scene.drop_vars(["crs", "transform", "acquired", "split"]).assign_coords(time=dates)
    placed = bare.assign_coords(odc.geo.xr.xr_coords(box))
    return placed.odc.assign_crs(box.crs)


def stack_scenes(parts: Sequence[xr.Dataset], names: Sequence[str], splits: Sequence[str]) -> xr.Dataset:
    """A stack from scenes on their maps, all of one size, with the same bands and the same number of dates.

    Raises
    ------
    SceneError : the scenes differ in size, bands or number of dates
    """
    shapes = {tuple(p["backscatter"].sizes[d] for d in ("time", "band", "y", "x")) for p in parts}
    if len(shapes) != 1:
        raise SceneError(f"scenes of a stack have one size; these have (time, band, y, x) = {sorted(shapes)}. "
                         "Cut them with cut_scene(scene, size).")  # fmt: skip
    flat = []
    for part in parts:
        box = part.odc.geobox
        bare = part.drop_vars([c for c in part.coords if c not in ("band",)])
        bare = bare.assign_coords(
            crs=f"EPSG:{box.crs.epsg}" if box.crs.epsg else box.crs.to_wkt(),
            transform=("affine", list(box.affine[:6])),
            acquired=("time", part["time"].values.astype("datetime64[ns]")),
        )
        flat.append(bare)
    stack = xr.concat(flat, "scene", combine_attrs="drop_conflicts", data_vars="all", coords="different", compat="equals",
                      join="exact")  # fmt: skip
    for name, dims in (("crs", ("scene",)), ("transform", ("scene", "affine")), ("acquired", ("scene", "time"))):
        if stack[name].dims != dims:  # the same in all of them
            stack = stack.assign_coords({name: stack[name].expand_dims(scene=len(parts)).transpose(*dims)})
    stack = stack.assign_coords(scene=("scene", list(names)), split=("scene", list(splits)))
    return check_scenes(stack)


def cut_scene(scene: xr.Dataset, size: int) -> list[xr.Dataset]:
    """A scene on its map as squares of `size` pixels, row by row; what is left at the right and below is dropped."""
    rows, columns = scene.sizes["y"] // size, scene.sizes["x"] // size
    if not rows or not columns:
        raise SceneError(f"cannot cut squares of {size} pixels from a scene of {scene.sizes['y']} by {scene.sizes['x']}")
    return [
        scene.isel(y=slice(r * size, (r + 1) * size), x=slice(c * size, (c + 1) * size))
        for r in range(rows)
        for c in range(columns)
    ]


def describe_variables(scenes: xr.Dataset) -> xr.Dataset:
    """`scenes` with units, long names and the legend on its variables."""
    attrs = {
        "backscatter": {"long_name": "gamma nought backscatter", "units": "1", "scale": "linear power"},
        "incidence_angle": {"long_name": "local incidence angle", "units": "degree"},
        "valid": {"long_name": "measured on every date in every band", "units": "1"},
        LABELS: legend_attrs(),
        "truth": legend_attrs() | {"long_name": "true land cover"},
    }
    for name in scenes.data_vars:
        scenes[name].attrs.update(attrs.get(str(name), {}))
    return scenes


def check_scenes(scenes: xr.Dataset) -> xr.Dataset:
    """Return the stack `scenes` unchanged if it follows the schema, or say what does not.

    Raises
    ------
    SceneError : a dimension, a variable, a coordinate or a unit is missing, power is negative or in decibels, or a label
        is none of the legend's
    """
    for name, dims in (
        ("backscatter", ("scene", "time", "band", "y", "x")),
        (LABELS, ("scene", "y", "x")),
        ("valid", ("scene", "y", "x")),
    ):
        if name not in scenes:
            raise SceneError(f"no variable {name!r}; found {', '.join(map(str, scenes.data_vars)) or 'none'}")
        if scenes[name].dims != dims:
            raise SceneError(f"{name!r} has the dimensions {scenes[name].dims}, expected {dims}")
        if "units" not in scenes[name].attrs:
            raise SceneError(f"{name!r} has no units; describe_variables(scenes) sets them")
    for name in ("scene", "band", "split", "crs", "transform", "acquired"):
        if name not in scenes.coords:
            raise SceneError(f"no coordinate {name!r}; a stack has scene, band, split, crs, transform and acquired")
    if missing := [b for b in BANDS if b not in scenes["band"].values]:
        raise SceneError(f"no polarisation {missing[0]}; this stack has {', '.join(map(str, scenes['band'].values))}")
    lowest = float(np.nanmin(scenes["backscatter"].values, initial=np.inf))
    if lowest < 0:
        raise SceneError(f"backscatter is stored as linear power, which is not negative; the lowest here is {lowest:.3g}. "
                         "Are these decibels? linear(values) turns them into power.")  # fmt: skip
    labels = np.unique(scenes[LABELS].values)
    if strange := [int(v) for v in labels if v >= len(CLASSES) and v != IGNORE]:
        raise SceneError(f"{strange[0]} is no label; they run from 0 to {len(CLASSES) - 1}, {IGNORE} is ignored. "
                         "regroup(codes, legend) makes labels of another legend's codes.")  # fmt: skip
    return scenes


def _count(scenes: xr.Dataset) -> str:
    names, numbers = np.unique(scenes["split"].values, return_counts=True)
    return ", ".join(f"{number} for {str(name)!r}" for name, number in zip(names, numbers))
