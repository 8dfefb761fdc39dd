"""Simulated radar scenes, the offline default: an invented country of forest, seen by Sentinel-1, labelled at 100 m.

Maps come from :mod:`.landscape`, backscatter from :mod:`.radar`, the faults of the labels from :mod:`.label_faults`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import xarray as xr

from .label_faults import product_labels
from .landscape import SETTINGS, Landscape, make_landscape
from .radar import draw_view, mean_backscatter, observe
from .scenes import BANDS, LABELS, SceneError, check_scenes, describe_variables

#: Which part a scene is for, in turn: 60, 20 and 20 %.
TURN = ("train", "train", "train", "valid", "test")

#: The scenes lie side by side, eight to a row, from this corner of UTM zone 33 south (the Congo basin).
CRS, CORNER, COLUMNS, PIXEL = "EPSG:32733", (400_000.0, 9_900_000.0), 8, 10.0


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
    labels : real land cover in place of invented: labels 0 to 8 of this course as an array (scene, y, x), or the path of
        a WorldCover tile, from which windows are read. The backscatter stays simulated, and `attrs` say so.

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
    acquired = _dates(dates)
    made = [_scene(i, size, acquired, seed) for i in range(n)]
    return _stack(made, acquired, seed, size)


def _dates(dates: int) -> np.ndarray:
    """Dates of one year, as far apart as Sentinel-1's twelve days allow; one alone lies in the growing season."""
    if dates == 1:
        return np.array(["2019-05-09"], "datetime64[ns]")
    steps = np.round(np.arange(dates) * 30 / dates) if dates <= 30 else np.arange(dates)
    return (np.datetime64("2019-01-09") + (12 * steps).astype("timedelta64[D]")).astype("datetime64[ns]")


def _scene(i: int, size: int, acquired: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    kinds = list(SETTINGS.values())
    land = make_landscape(np.random.default_rng([seed, i, 0]), size, kinds[i % len(kinds)])
    return _seen(i, land, acquired, seed)


def _seen(i: int, land: Landscape, acquired: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What the radar sees of a landscape, and what the product says of it."""
    rng = np.random.default_rng([seed, i, 1])
    view = draw_view(rng)
    scene = mean_backscatter(rng, land, view)
    years = (acquired - acquired.astype("datetime64[Y]")) / np.timedelta64(365, "D")
    images = [observe(np.random.default_rng([seed, i, 3, k]), scene, land, view, float(year)) for k, year in enumerate(years)]
    return {
        "backscatter": np.stack(images),
        LABELS: product_labels(np.random.default_rng([seed, i, 2]), land.classes),
        "truth": land.classes,
        "incidence_angle": scene.angle,
    }


def _stack(made: Sequence[dict[str, np.ndarray]], acquired: np.ndarray, seed: int, size: int) -> xr.Dataset:
    n = len(made)
    dims = {"backscatter": ("scene", "time", "band", "y", "x")}
    data = {name: (dims.get(name, ("scene", "y", "x")), np.stack([m[name] for m in made])) for name in made[0]}
    data["valid"] = (("scene", "y", "x"), np.isfinite(data["backscatter"][1]).all(axis=(1, 2)))
    corner = [(CORNER[0] + i % COLUMNS * size * PIXEL, CORNER[1] - i // COLUMNS * size * PIXEL) for i in range(n)]
    scenes = xr.Dataset(
        data,
        coords={
            "scene": [f"sim-{i:02d}" for i in range(n)],
            "split": ("scene", [TURN[i % len(TURN)] for i in range(n)]),
            "band": list(BANDS),
            "crs": ("scene", [CRS] * n),
            "transform": (("scene", "affine"), [[PIXEL, 0.0, x, 0.0, -PIXEL, y] for x, y in corner]),
            "acquired": (("scene", "time"), np.tile(acquired, (n, 1))),
        },
        attrs={"title": "simulated radar scenes", "source": "simulated", "seed": seed},
    )
    return check_scenes(describe_variables(scenes))
