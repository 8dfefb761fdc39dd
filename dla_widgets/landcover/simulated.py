"""Simulated radar scenes, the offline default: an invented country of forest, seen by Sentinel-1, labelled at 100 m.

Maps come from :mod:`.landscape`, backscatter and speckle from :mod:`.radar`, the faults of the labels from
:mod:`.label_faults`. ``course/landcover/simulated_scenes.md`` compares them with real radar.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import ndimage

from .label_faults import product_labels
from .landscape import SETTINGS, Landscape, make_landscape, real_landscape
from .legend import CLASSES, IGNORE
from .radar import draw_view, mean_backscatter, observe, outside_swath
from .scenes import BANDS, LABELS, SceneError, check_scenes, describe_variables
from .worldcover import worldcover_windows

#: Which part a scene is for, in turn: 60, 20 and 20 %. Five and the seven settings have no common divisor, so that each
#: part of 35 scenes or more has every kind.
TURN = ("train", "train", "train", "valid", "test")

#: Invented scenes lie on a lattice, eight to a row across one swath of the radar, in UTM zone 33 south (the Congo basin).
CRS, CORNER, COLUMNS, APART, PIXEL = "EPSG:32733", (300_000.0, 9_900_000.0), 8, 28_000.0, 10.0


class Place(NamedTuple):
    """A landscape and where it lies."""

    land: Landscape
    truth: np.ndarray  #: labels, :data:`~.legend.IGNORE` where nobody knows
    crs: str
    transform: tuple[float, ...]


def simulated_scenes(
    n: int = 64,
    size: int = 256,
    dates: int = 1,
    seed: int = 0,
    labels: np.ndarray | str | os.PathLike | None = None,
) -> xr.Dataset:
    """Invented scenes in the one schema, the same ones every time.

    Parameters
    ----------
    n : how many; the first four are the same whether 4 or 64 are asked for
    size : side of a scene [pixel of 10 m]
    dates : images of each scene, spread over one year
    seed : another seed, another country
    labels : real land cover in place of invented: labels 0 to 8 of this course (scene, y, x), or the path of a WorldCover
        tile, from which windows are read. The backscatter stays simulated, and `attrs` say so.

    Returns
    -------
    Dataset (scene, time, band, y, x): backscatter (linear power), landcover (with the faults of a 100 m product), truth
    (without them), valid, incidence_angle [degree]; the scenes are ``sim-00``, ``sim-01``, ...

    Raises
    ------
    SceneError : `n`, `size`, `dates` or `seed` is not a whole number, or too small; or `labels` do not fit
    """
    for name, value, least in (("n", n, 1), ("size", size, 32), ("dates", dates, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise SceneError(f"{name} must be a whole number of at least {least}, got {value!r}")
    places = _invented(n, size, seed) if labels is None else _real(labels, n, size, seed)
    acquired = _dates(dates)
    seen = [_look(i, place, acquired, seed) for i, place in enumerate(places)]
    scenes = _stack(seen, places, acquired)
    source = "simulated" if labels is None else "simulated backscatter on real land cover"
    return scenes.assign_attrs(title="simulated radar scenes", source=source, seed=seed)


def _dates(dates: int) -> np.ndarray:
    """Dates of one year, at Sentinel-1's twelve days or multiples of them; one alone lies in the growing season."""
    if dates == 1:
        return np.array(["2019-05-09"], "datetime64[ns]")
    steps = np.round(np.arange(dates) * 30 / dates) if dates <= 30 else np.arange(dates)
    return (np.datetime64("2019-01-09") + (12 * steps).astype("timedelta64[D]")).astype("datetime64[ns]")


def _lattice(i: int) -> tuple[float, ...]:
    """The affine transform of invented scene `i`."""
    return (PIXEL, 0.0, CORNER[0] + i % COLUMNS * APART, 0.0, -PIXEL, CORNER[1] - i // COLUMNS * APART)


def _invented(n: int, size: int, seed: int) -> list[Place]:
    kinds = list(SETTINGS.values())
    lands = [make_landscape(np.random.default_rng([seed, i, 0]), size, kinds[i % len(kinds)]) for i in range(n)]
    return [Place(land, land.classes, CRS, _lattice(i)) for i, land in enumerate(lands)]


def _real(labels: np.ndarray | str | os.PathLike, n: int, size: int, seed: int) -> list[Place]:
    """Places on known land cover."""
    if isinstance(labels, (str, os.PathLike)):
        known = [tuple(window) for window in worldcover_windows(labels, n, size, seed)]
    else:
        known = [(each, CRS, _lattice(i)) for i, each in enumerate(_checked(labels, n, size))]
    places = []
    for i, (truth, crs, transform) in enumerate(known):
        unknown = truth == IGNORE
        nearest = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
        land = real_landscape(np.random.default_rng([seed, i, 0]), truth[tuple(nearest)])
        places.append(Place(land, truth, crs, transform))
    return places


def _checked(labels: np.ndarray, n: int, size: int) -> np.ndarray:
    labels = np.asarray(labels)
    shape = labels.shape
    if labels.ndim != 3 or shape[1:] != (size, size) or len(labels) < n:
        raise SceneError(f"labels of {n} scenes of {size} pixels have the shape ({n}, {size}, {size}); these have {shape}. "
                         "Pass n=..., size=... as they are, or cut the map into squares.")  # fmt: skip
    strange = [v for v in np.unique(labels).tolist() if v != IGNORE and v not in range(len(CLASSES))]
    if strange:
        raise SceneError(f"{strange[0]} is no label; they run from 0 to {len(CLASSES) - 1}, {IGNORE} is unknown. "
                         "regroup(codes, legend) makes labels of another legend's codes.")  # fmt: skip
    if (labels[:n] == IGNORE).all(axis=(1, 2)).any():
        raise SceneError("one of the scenes of these labels is unknown altogether; leave it out")
    return labels[:n].astype(np.uint8)


def _look(i: int, place: Place, acquired: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What the radar sees of a place, and what the product says of it."""
    rng, column = np.random.default_rng([seed, i, 1]), i % COLUMNS
    view = draw_view(rng, column / (COLUMNS - 1))
    scene = mean_backscatter(rng, place.land, view)
    years = (acquired - acquired.astype("datetime64[Y]")) / np.timedelta64(365, "D")
    images = np.stack([observe(np.random.default_rng([seed, i, 3, k]), scene, place.land, view, float(year))
                       for k, year in enumerate(years)])  # fmt: skip
    if column in (0, COLUMNS - 1):
        images[..., outside_swath(rng, len(place.truth), left=column == 0)] = np.nan
    return {
        "backscatter": images,
        LABELS: product_labels(np.random.default_rng([seed, i, 2]), place.truth),
        "valid": np.isfinite(images).all(axis=(0, 1)),
        "incidence_angle": scene.angle,
        "truth": place.truth,
    }


def _stack(seen: list[dict[str, np.ndarray]], places: list[Place], acquired: np.ndarray) -> xr.Dataset:
    dims = {"backscatter": ("scene", "time", "band", "y", "x")}
    n = len(seen)
    scenes = xr.Dataset(
        {name: (dims.get(name, ("scene", "y", "x")), np.stack([each[name] for each in seen])) for name in seen[0]},
        coords={
            "scene": [f"sim-{i:02d}" for i in range(n)],
            "split": ("scene", [TURN[i % len(TURN)] for i in range(n)]),
            "band": list(BANDS),
            "crs": ("scene", [place.crs for place in places]),
            "transform": (("scene", "affine"), [place.transform for place in places]),
            "acquired": (("scene", "time"), np.tile(acquired, (n, 1))),
        },
    )
    return check_scenes(describe_variables(scenes))
