"""The real path: Sentinel-1 and land cover of a place and a time through the Open Data Cube, as one scene in the schema.

Two doors lead to the same scene. :func:`load_scene` with the name or address of a STAC catalogue reads it with odc-stac; with
``"datacube"`` it asks the index of an organisation that runs one (:mod:`.cube_index`). Either way the scene is lazy: nothing
but catalogue entries is read before its values are wanted, and then block by block.

Resampling is the place where maps go wrong silently, so there is one rule for each kind. Radar is averaged as linear power
where pixels get larger (an average of decibels would be too dark) and interpolated where they do not; on its own grid, the
default, it is not touched. Classes have no average: the commonest one (mode) where pixels get larger, the nearest otherwise.
"Larger" is half as large again or more: WorldCover's 9.3 m under 10 m of radar is a matter of the nearest.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .catalogues import IO_TO_TERRAMESH, Catalogue, CatalogueError, CatalogueWarning, catalogue_of
from .legend import IGNORE, regroup
from .scenes import BANDS, LABELS, SceneError, describe_variables, linear
from .tiles import (
    Place,
    Tile,
    choose_grid,
    map_of_year,
    metres,
    own_pixels,
    passes,
    period_of,
    place_of,
    share_covered,
)

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

#: Pixels of a lazy block, in rows and in columns.
BLOCK = 1024


def load_scene(
    bbox: Sequence[float] | None = None,
    time: str | Sequence[str] = "2020",
    catalogue: str | Catalogue | object = "planetary-computer",
    geobox: GeoBox | None = None,
    crs: str | None = None,
    resolution: float | None = None,
    orbit: str | None = None,
    coverage: float = 0.95,
    dates: int | None = None,
    year: int | None = None,
    chunks: Mapping[str, int] | None = None,
    **names,
) -> xr.Dataset:
    """Radar and land cover of a place and a time, lazily, on one grid.

    Parameters
    ----------
    bbox : west, south, east, north [degree]
    time : ``"2020"``, ``"2020-06"``, ``"2020-06-15"``, ``"2020-06/2020-08"``, or a pair of such
    catalogue : ``"planetary-computer"``, ``"digital-earth-africa"`` ... (:data:`.catalogues.NAMED`), the address of a STAC API or
        of a catalogue file, a :class:`~.catalogues.Catalogue`; ``"datacube"`` or ``"datacube:ENVIRONMENT"`` for an index, or
        an open :class:`datacube.Datacube`
    geobox : the grid wanted, in place of `bbox`. To get the pixels of a file and no other, ask by its grid
    crs, resolution : of the grid [m], by default the radar's own
    orbit : only ``"ascending"`` or ``"descending"`` passes
    coverage : dates that cover less of the place than this part are left out, with a warning
    dates : no more than so many dates, evenly chosen
    year : of the land-cover map, by default that of the radar or the nearest to it
    chunks : size of the lazy blocks, ``{"x": 1024, "y": 1024}``
    **names : what is called differently in the catalogue: ``radar``, ``labels``, ``label``, ``legend``, ``decibels`` ...

    Returns
    -------
    scene : (time, band, y, x) on its map, the schema of :mod:`.scenes` for one scene. ``compute()`` or
        :func:`.store.write_store` reads it

    Raises
    ------
    CatalogueError : the catalogue cannot be reached or is none; it has nothing there; a polarisation is missing; the tiles
        lie in several coordinate reference systems; they leave too much of the place uncovered
    """
    options = {"crs": crs, "resolution": resolution, "orbit": orbit, "coverage": coverage, "dates": dates, "year": year}
    scene, notes = find_scene(place_of(bbox, geobox), time, catalogue, chunks=chunks, **options, **names)
    for note in notes:
        warnings.warn(note, CatalogueWarning, stacklevel=2)
    return scene


def find_scene(
    place: Place,
    time: str | Sequence[str],
    catalogue: str | Catalogue | object,
    crs: str | None = None,
    resolution: float | None = None,
    orbit: str | None = None,
    coverage: float = 0.95,
    dates: int | None = None,
    year: int | None = None,
    chunks: Mapping[str, int] | None = None,
    **names,
) -> tuple[xr.Dataset, list[str]]:
    """What :func:`load_scene` gives, and notes on what was left out."""
    period, source, notes = period_of(time), _source(catalogue, names), []
    tiles = _complete(_one_side(source.radar(place, period), orbit), source.polarisations, place, time, notes)
    grid = choose_grid(tiles, place, crs, resolution)
    groups = _covering(passes(tiles, (place.bbox[0] + place.bbox[2]) / 2), grid, coverage, notes)
    groups = groups if dates is None else _evenly(groups, dates)
    sheets = _sheets(source, place, year or int(str(groups[0][0].when)[:4]), grid, coverage)
    blocks = dict(chunks or {"x": BLOCK, "y": BLOCK})
    radar = _radar(source, groups, grid, blocks)
    codes = source.open_labels(sheets, grid, blocks, _class_resampling(sheets, grid))
    return _scene(radar, codes, source, grid, groups, sheets), notes


def _source(catalogue, names: dict):
    if isinstance(catalogue, str) and catalogue.partition(":")[0] == "datacube":
        from .cube_index import CubeSource

        return CubeSource(catalogue.partition(":")[2] or None, **names)
    if isinstance(catalogue, (str, Catalogue)):
        from .stac import StacSource

        return StacSource(catalogue_of(catalogue, **names))
    if not hasattr(catalogue, "find_datasets"):
        raise CatalogueError(f"a catalogue is a name, an address, a Catalogue or an open Datacube; got {catalogue!r}")
    from .cube_index import CubeSource

    return CubeSource(catalogue, **names)


# Which tiles ------------------------------------------------------------------------------------------------------


def _one_side(tiles: list[Tile], orbit: str | None) -> list[Tile]:
    if orbit is None:
        return tiles
    if orbit not in ("ascending", "descending"):
        raise CatalogueError(f'orbit is "ascending" or "descending"; got {orbit!r}')
    chosen = [tile for tile in tiles if tile.orbit == orbit]
    if tiles and not chosen:
        told = sorted({tile.orbit for tile in tiles} - {""})
        raise CatalogueError(f"none of the {len(tiles)} tiles is of an {orbit} pass; they are {', '.join(told) or 'not told'}")
    return chosen


def _complete(tiles: list[Tile], polarisations: Sequence[str], place: Place, time, notes: list[str]) -> list[Tile]:
    """Those with both polarisations."""
    if not tiles:
        where = ", ".join(f"{v:.4g}" for v in place.bbox)
        raise CatalogueError(f"no Sentinel-1 at ({where}) in {time!r}. It has flown since October 2014, over land every 6 to "
                             "12 days: ask for a longer time, and look at the order west, south, east, north")  # fmt: skip
    complete = [tile for tile in tiles if tile.bands.issuperset(polarisations)]
    lacking = len(tiles) - len(complete)
    if not complete:
        missing = next(p for p in polarisations if p not in tiles[0].bands)
        raise CatalogueError(
            f"no polarisation {missing!r} in any of the {len(tiles)} tiles (first: {tiles[0].name} with "
            f"{', '.join(sorted(tiles[0].bands)) or 'none'}). Over sea ice and in early years Sentinel-1 took one polarisation, "
            "or HH and HV: ask for another time or place, or name the bands with polarisations=('vv', 'vh')"
        )
    if lacking:
        notes.append(f"{lacking} of {len(tiles)} tiles lack a polarisation and were left out")
    return complete


def _covering(groups: list[list[Tile]], grid: GeoBox, coverage: float, notes: list[str]) -> list[list[Tile]]:
    """The passes that see enough of the place."""
    shares = [share_covered(group, grid) for group in groups]
    enough = [group for group, share in zip(groups, shares) if share >= coverage]
    if not enough:
        best = int(np.argmax(shares))
        raise CatalogueError(
            f"no date covers {coverage:.0%} of the place; the best of {len(groups)}, {_day(groups[best])}, covers "
            f"{shares[best]:.0%}. Ask for a smaller place or a longer time, or accept gaps with coverage="
        )
    if lacking := [f"{_day(g)} ({s:.0%})" for g, s in zip(groups, shares) if s < coverage]:
        some = ", ".join(lacking[:3]) + (" ..." if len(lacking) > 3 else "")
        less = f"{len(lacking)} of {len(groups)} dates cover less than {coverage:.0%} of the place"
        notes.append(f"{less} and were left out: {some}")
    return enough


def _evenly(groups: list[list[Tile]], dates: int) -> list[list[Tile]]:
    if dates < 1:
        raise CatalogueError(f"dates is how many dates are wanted, 1 or more; got {dates}")
    return [groups[i] for i in sorted(set(np.linspace(0, len(groups) - 1, dates).round().astype(int)))]


def _sheets(source, place: Place, year: int, grid: GeoBox, coverage: float) -> list[Tile]:
    """The land-cover map of the nearest year."""
    found = source.labels(place)
    if not found:
        raise CatalogueError(f"no land cover there: {source.name} has none at {', '.join(f'{v:.4g}' for v in place.bbox)}")
    sheets = map_of_year(found, year)
    if (share := share_covered(sheets, grid)) < coverage:
        raise CatalogueError(
            f"the land cover of {str(sheets[0].when)[:4]} covers {share:.0%} of the place, less than {coverage:.0%}; "
            "ask for a smaller place, or accept gaps with coverage="
        )
    return sheets


def _day(group: Sequence[Tile]) -> str:
    return str(group[0].when)[:10]


# What they hold ---------------------------------------------------------------------------------------------------


def _radar(source, groups, grid: GeoBox, blocks: dict) -> xr.Dataset:
    """The bands on `grid`: VV, VH as linear power, NaN where nothing was measured, and perhaps the angle."""
    grids = [tile.grid for group in groups for tile in group if tile.grid is not None]
    if not source.decibels:
        return source.open_radar(groups, grid, blocks, _radar_resampling(grids, grid))
    if not grids or any(other.crs != grids[0].crs for other in grids):
        raise CatalogueError("radar in decibels can be read only where all tiles lie in one coordinate reference system")
    found = source.open_radar(groups, own_pixels(grids[0], grid), blocks, "nearest")
    power = found.assign({band: linear(found[band]) for band in source.polarisations})  # before anything is averaged
    if found.odc.geobox == grid:
        return power
    from odc.geo.xr import xr_reproject

    chunks = (blocks["y"], blocks["x"])
    return xr_reproject(power, grid, resampling=_radar_resampling(grids, grid), dst_nodata=np.nan, chunks=chunks)


def _grows(grids: Sequence[GeoBox], grid: GeoBox) -> bool:
    """Whether the pixels of `grid` are larger than those they are made from, so that each is made from several."""
    return any(metres(grid) >= 1.5 * metres(own) for own in grids)


def _radar_resampling(grids: Sequence[GeoBox], grid: GeoBox) -> str:
    return "average" if _grows(grids, grid) else "bilinear"


def _class_resampling(sheets: Sequence[Tile], grid: GeoBox) -> str:
    return "mode" if _grows([tile.grid for tile in sheets if tile.grid is not None], grid) else "nearest"


def _scene(radar: xr.Dataset, codes: xr.DataArray, source, grid: GeoBox, groups, sheets) -> xr.Dataset:
    """One scene in the schema, every variable lazy."""
    from odc.geo.xr import xr_coords

    bands = [radar[band] for band in source.polarisations]
    power = xr.concat(bands, "band", coords="minimal", compat="override", join="override")
    # 0 and -9999 are how some say "no data"; -30 to -1 are decibels, which check_scenes and the store refuse in words
    power = power.where((power > 0) | ((power > -100) & (power < -1))).astype(np.float32).transpose("time", "band", "y", "x")
    labels = xr.apply_ufunc(_labels, codes, kwargs={"legend": source.legend}, dask="parallelized", output_dtypes=[np.uint8])
    variables = {
        "backscatter": (power.dims, power.data),
        LABELS: (("y", "x"), labels.data),
        "valid": (("y", "x"), power.notnull().all(("time", "band")).data),
    }
    if source.angle and source.angle in radar:
        angle = radar[source.angle]
        variables["incidence_angle"] = (("y", "x"), angle.where(angle > 0).mean("time").astype(np.float32).data)
    attrs = {
        "source": source.name,
        "tiles": ", ".join(tile.name for group in groups for tile in group),
        "label_tiles": ", ".join(tile.name for tile in sheets),
        "label_year": int(str(sheets[0].when)[:4]),
        "label_legend": source.legend,
        "stored_as": "decibels" if source.decibels else "linear power",
    }
    coords = {**xr_coords(grid), "time": radar["time"].values, "band": list(BANDS)}
    return describe_variables(xr.Dataset(variables, coords, attrs))


def _labels(codes: np.ndarray, legend: str) -> np.ndarray:
    if legend == "io-lulc":
        table = np.full(256, IGNORE, np.uint8)
        table[list(IO_TO_TERRAMESH)] = list(IO_TO_TERRAMESH.values())
        if unknown := sorted(set(np.unique(codes).tolist()) - {*IO_TO_TERRAMESH, IGNORE}):
            raise SceneError(f"the legend io-lulc has no code {unknown[0]}: is it another product's map?")
        codes, legend = table[codes], "terramesh"
    return regroup(codes, legend)
