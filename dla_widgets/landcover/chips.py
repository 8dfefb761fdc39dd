"""Real Sentinel-1 chips as TerraMesh publishes them, in the one schema: squares of radar with a land class for each pixel.

A folder holds ``S1RTC/NAME.tif`` (VV and VH, gamma nought in dB), ``LULC/NAME.tif`` (classes), and perhaps
``DEM/NAME.tif`` (elevation [m]), pixel on pixel.

Blumenstiel et al. (2025), TerraMesh, doi:10.48550/arXiv.2504.11172
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import xarray as xr

from .legend import IGNORE, regroup
from .scenes import BANDS, SceneError, check_scenes, describe_variables

RADAR, LABEL, ELEVATION = "S1RTC", "LULC", "DEM"

#: The part of a chip's squares, turned by one from chip to chip: every chip trains, and every corner is tested somewhere.
TURN = ("train", "valid", "train", "test")

#: Origins of two files of a chip may differ by this part of a pixel: TerraMesh's do by 1e-11.
SAME = 1e-3


@dataclass(frozen=True)
class Chip:
    """What the files of one chip hold: power (band, y, x), labels (y, x), elevation (y, x) or None, and where and when."""

    name: str
    power: np.ndarray
    labels: np.ndarray
    elevation: np.ndarray | None
    crs: str
    transform: tuple[float, ...]
    acquired: np.datetime64


def load_chips(
    folder: str | os.PathLike,
    size: int = 112,
    source_legend: str = "terramesh",
    chips: Iterable[str] | str | None = None,
) -> xr.Dataset:
    """A stack of squares cut from the chips of a folder; each chip gives some to train, valid and test.

    With four squares a chip, two are for training and one each for the others, at another corner from chip to chip.
    Squares of one chip touch, so the pixels at their common border are alike: the score on the test squares tells how
    well known regions are mapped, not how well a network would do in another country. With ``size=224`` whole chips are
    the parts, and the score does tell that.

    Parameters
    ----------
    folder : with ``S1RTC/`` and ``LULC/``, GeoTIFF files of the same names
    size : side of a square [pixel]; what is left over at the right and below is dropped
    source_legend : legend of the label files, see :func:`~.legend.regroup`
    chips : names of the chips wanted, in that order; all by default

    Returns
    -------
    scenes : the schema of :mod:`.scenes`; ``elevation`` (scene, y, x) [m] too where every chip has it

    Raises
    ------
    SceneError : a file is missing, damaged, or does not fit the other
    LegendError : the labels have a code that the legend has not
    """
    folder = Path(folder).expanduser()
    read = [_read_chip(folder, name, source_legend) for name in _chip_names(folder, chips)]
    squares = [square for number, chip in enumerate(read) for square in _squares(chip, number, size)]
    together = {key: [square[key] for square in squares] for key in squares[0]}
    power = np.stack(together["power"])[:, None]
    variables = {
        "backscatter": (("scene", "time", "band", "y", "x"), power),
        "landcover": (("scene", "y", "x"), np.stack(together["labels"])),
        "valid": (("scene", "y", "x"), np.isfinite(power).all(axis=(1, 2))),
    }
    if all(chip.elevation is not None for chip in read):
        variables["elevation"] = (("scene", "y", "x"), np.stack(together["elevation"]),
                                  {"units": "m", "long_name": "elevation"})  # fmt: skip
    coords = {
        "scene": together["scene"],
        "split": ("scene", together["split"]),
        "crs": ("scene", together["crs"]),
        "transform": (("scene", "affine"), together["transform"]),
        "acquired": (("scene", "time"), np.array(together["acquired"], "datetime64[ns]")[:, None]),
        "band": list(BANDS),
    }
    attrs = {"source": f"chips of {folder.name}", "references": "doi:10.48550/arXiv.2504.11172"}
    return check_scenes(describe_variables(xr.Dataset(variables, coords, attrs)))


def _chip_names(folder: Path, wanted: Iterable[str] | str | None) -> list[str]:
    known = sorted(path.stem for path in (folder / RADAR).glob("*.tif"))
    if not known:
        raise SceneError(
            f"no chips in {folder}: expected {RADAR}/NAME.tif and {LABEL}/NAME.tif in it, as TerraMesh publishes them"
        )
    names = known if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise SceneError(f"no chip {name!r} in {folder} ({len(known)} chips, {known[0]} ... {known[-1]})"
                             + (f"; did you mean {close[0]!r}?" if close else ""))  # fmt: skip
    if not names:
        raise SceneError(f"the list of chips is empty; {folder} has {len(known)}: {known[0]} ... {known[-1]}")
    return names


def _read_chip(folder: Path, name: str, legend: str) -> Chip:
    """The files of a chip, on one grid, as power and labels."""
    decibels, radar = _read(folder / RADAR / f"{name}.tif")
    if len(decibels) != len(BANDS):
        raise SceneError(f"{RADAR}/{name}.tif has {len(decibels)} bands, expected {len(BANDS)}: {', '.join(BANDS)}")
    if np.nanmin(decibels, initial=np.inf) >= 0 and np.isfinite(decibels).any():
        raise SceneError(f"{RADAR}/{name}.tif should be in decibel, which are negative for most of the ground; its lowest value "
                         f"is {np.nanmin(decibels):.3g}. Write 10 log10 of the power into it.")  # fmt: skip
    codes, label = _read(folder / LABEL / f"{name}.tif")
    _check_same_grid(folder, name, LABEL, radar, label)
    labels = regroup(np.where(np.isfinite(codes[0]), codes[0], IGNORE).astype(np.int64), legend)
    elevation = None
    if (folder / ELEVATION / f"{name}.tif").exists():
        heights, dem = _read(folder / ELEVATION / f"{name}.tif")
        _check_same_grid(folder, name, ELEVATION, radar, dem)
        elevation = heights[0].astype(np.float32)
    power = (10 ** (decibels / 10)).astype(np.float32)
    return Chip(name, power, labels, elevation, radar["crs"], radar["transform"], radar["acquired"])


def _read(path: Path) -> tuple[np.ndarray, dict]:
    """Values (band, y, x), NaN where the file says it has none; and the file's grid and date."""
    import rasterio
    from rasterio.errors import RasterioError

    if not path.exists():
        raise SceneError(f"{path.parent.name}/{path.name} is missing from {path.parents[1]}; "
                         f"every chip needs {RADAR} and {LABEL}")  # fmt: skip
    try:
        with rasterio.open(path) as file:
            values = file.read(masked=True).astype(float).filled(np.nan)
            crs, tags = file.crs, file.tags()
            grid = {"shape": file.shape, "transform": tuple(file.transform[:6])}
    except RasterioError as reason:
        raise SceneError(f"{path.parent.name}/{path.name} cannot be read ({reason}); copy it once more") from None
    if crs is None:
        raise SceneError(f"{path.parent.name}/{path.name} does not say where on the Earth it is: it has no CRS")
    grid["crs"] = f"EPSG:{crs.to_epsg()}" if crs.to_epsg() else crs.to_wkt()
    grid["acquired"] = np.datetime64(tags["datetime"], "ns") if tags.get("datetime") else np.datetime64("NaT", "ns")
    return np.where(np.isfinite(values), values, np.nan), grid


def _check_same_grid(folder: Path, name: str, kind: str, one: dict, other: dict) -> None:
    steps = np.abs(np.subtract(one["transform"], other["transform"])) / abs(one["transform"][0])
    if one["shape"] != other["shape"] or one["crs"] != other["crs"] or steps.max() > SAME:
        raise SceneError(
            f"{kind}/{name}.tif does not lie on {RADAR}/{name}.tif: {_grid(other)} against {_grid(one)}. "
            f"Are both from the same publication of {folder.name}?"
        )


def _grid(grid: dict) -> str:
    a, _, x, _, _, y = grid["transform"]
    return f"{grid['shape'][0]} x {grid['shape'][1]} pixels of {a:g} at ({x:.1f}, {y:.1f}) in {grid['crs']}"


def _squares(chip: Chip, number: int, size: int) -> Iterable[dict]:
    """The squares of a chip, row by row, each as one entry of the stack."""
    rows, columns = (n // size for n in chip.labels.shape)
    if not rows or not columns:
        shape = " x ".join(map(str, chip.labels.shape))
        raise SceneError(f"cannot cut squares of {size} pixels from {chip.name}, which is {shape}")
    a, b, c, d, e, f = chip.transform
    for place in range(rows * columns):
        top, left = size * (place // columns), size * (place % columns)
        cut = (..., slice(top, top + size), slice(left, left + size))
        yield {
            "scene": chip.name if rows * columns == 1 else f"{chip.name}-{place}",
            "split": TURN[(number + place) % len(TURN)],
            "power": chip.power[cut],
            "labels": chip.labels[cut],
            "elevation": None if chip.elevation is None else chip.elevation[cut],
            "crs": chip.crs,
            "transform": [a, b, c + a * left + b * top, d, e, f + d * left + e * top],
            "acquired": chip.acquired,
        }
