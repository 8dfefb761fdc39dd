"""``dla fetch landcover``: radar and land cover of a place and a time, from a catalogue to a checked Zarr on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import xarray as xr

from ..download import check_space
from .catalogues import Catalogue
from .store_writer import write_store


def landcover_folder() -> Path:
    """Where fetched scenes are kept unless another folder is named: in ``DLA_DATA``, or this machine's place for such data."""
    if named := os.environ.get("DLA_DATA"):
        return Path(named).expanduser() / "landcover"
    import pooch

    return Path(pooch.os_cache("dla")) / "landcover"


def fetch_landcover(
    bbox: Sequence[float] | str,
    time: str,
    folder: str | os.PathLike | None = None,
    catalogue: str | Catalogue | object = "planetary-computer",
    name: str | None = None,
    progress: bool = True,
    say: Callable[[str], None] = print,
    workers: int = 4,
    **options,
) -> Path:
    """Bring radar and land cover of a place and a time to this machine.

    The same call goes on where an earlier one broke off, and does nothing where all is there already.

    Parameters
    ----------
    bbox : west, south, east, north [degree], or a text with these four between commas
    time : ``"2021-06"``, ``"2021-06/2021-08"`` ...
    folder : where to put it, by default :func:`landcover_folder`
    catalogue, **options : as :func:`.datacube.load_scene` takes them
    name : of the store, by default made of the place and the time
    progress : show what is found, and a bar
    say : takes a line of text
    workers : blocks that are read at the same time

    Returns
    -------
    path : of the Zarr; ``open_scenes(path)`` opens it

    Raises
    ------
    CatalogueError : the catalogue cannot be reached, or has nothing that fits
    StoreError : another scene is there; or the connection broke for good, what has come is kept
    FetchError : there is no space on the disk
    """
    from .datacube import find_scene
    from .tiles import place_of

    place = place_of(bbox.split(",") if isinstance(bbox, str) else bbox)
    folder = Path(folder).expanduser() if folder is not None else landcover_folder()
    say = say if progress else (lambda _: None)
    say(f"Asking {_called(catalogue)} ...")
    scene, notes = find_scene(place, time, catalogue, **options)
    for line in [*notes, *describe(scene)]:
        say(line)
    path = folder / f"{name or store_name(place.bbox, time)}.zarr"
    if not path.exists():
        check_space(folder, scene.nbytes, "the scene")
    return write_store(scene, path, lambda: find_scene(place, time, catalogue, **options)[0], progress, workers)


def store_name(bbox: Sequence[float], time: str) -> str:
    """Such as ``E008.50N49.20_E008.90N49.50_2021-06_2021-08``."""
    west, south, east, north = bbox
    corners = [f"{'WE'[x >= 0]}{abs(x):06.2f}{'SN'[y >= 0]}{abs(y):05.2f}" for x, y in ((west, south), (east, north))]
    return "_".join([*corners, str(time).replace("/", "_").replace(":", "")])


def describe(scene: xr.Dataset) -> list[str]:
    """What is going to come, in a few lines."""
    box, dates = scene.odc.geobox, scene["time"].values.astype("datetime64[D]")
    span = f"{dates[0]}" if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return [
        f"Radar: {len(dates)} date{'s' if len(dates) > 1 else ''}, {span}; land cover: {scene.attrs['label_year']}",
        f"Grid: {box.shape[0]} x {box.shape[1]} pixels of {abs(box.resolution.x):g} m in EPSG:{box.crs.epsg}, "
        f"{scene.nbytes / 1e6:.0f} MB",
    ]


def _called(catalogue) -> str:
    if isinstance(catalogue, str):
        return catalogue
    return catalogue.address if isinstance(catalogue, Catalogue) else "the datacube index"
