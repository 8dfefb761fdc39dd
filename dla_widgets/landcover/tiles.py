"""What a catalogue found, whatever kind it is: which tiles make one date, which grid they share, what they leave uncovered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from .catalogues import CatalogueError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from odc.geo.geom import Geometry

#: Corners may miss the pixel grid by this part of a pixel and still count as on it.
SAME = 1e-3

#: Metres in a degree of latitude.
DEGREE = 111_320.0


@dataclass(frozen=True)
class Tile:
    """A dataset of a catalogue: one frame of a radar pass, or one sheet of a land-cover map.

    Attributes
    ----------
    name : as the catalogue calls it
    when : UTC
    footprint : what it covers
    grid : its pixels, None where the catalogue does not tell
    orbit : ``"ascending"``, ``"descending"``, or empty where not told
    bands : the names of its bands
    source : the catalogue's own object
    """

    name: str
    when: np.datetime64
    footprint: Geometry
    grid: GeoBox | None
    orbit: str
    bands: frozenset[str]
    source: Any


@dataclass(frozen=True)
class Place:
    """What is asked for: a bounding box in degrees, or a grid."""

    bbox: tuple[float, float, float, float]
    geobox: GeoBox | None = None

    @property
    def outline(self) -> Geometry:
        from odc.geo.geom import box

        return self.geobox.extent if self.geobox is not None else box(*self.bbox, "EPSG:4326")


def place_of(bbox: Sequence[float] | None, geobox: GeoBox | None = None) -> Place:
    """The place, checked.

    Raises
    ------
    CatalogueError : neither or both are given, or the box is none
    """
    if (bbox is None) == (geobox is None):
        raise CatalogueError("say where: bbox=(west, south, east, north) in degrees, or geobox=, one of the two")
    if geobox is not None:
        box = geobox.extent.to_crs("EPSG:4326", resolution="auto").boundingbox
        return Place((box.left, box.bottom, box.right, box.top), geobox)
    try:
        west, south, east, north = (float(v) for v in bbox)
    except (TypeError, ValueError):
        raise CatalogueError(f"bbox is four numbers, west, south, east, north in degrees; got {bbox!r}") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise CatalogueError(f"bbox is west, south, east, north in degrees of longitude and latitude; got {bbox!r}")
    if south >= north:
        raise CatalogueError(f"the south of bbox, {south:g}, is not below its north, {north:g}")
    if west >= east:
        raise CatalogueError(f"the west of bbox, {west:g}, is not below its east, {east:g}. "
                             "Across the 180th meridian ask for the two sides one by one.")  # fmt: skip
    return Place((west, south, east, north))


def period_of(time: str | Sequence[str]) -> tuple[np.datetime64, np.datetime64]:
    """First and last moment of ``"2021"``, ``"2021-06"``, ``"2021-06-15"``, ``"2021-06/2021-08"`` or a pair of such."""
    import pandas as pd

    parts = time.split("/") if isinstance(time, str) else [str(t) for t in time]
    try:
        if not 1 <= len(parts) <= 2:
            raise ValueError
        first, last = pd.Period(parts[0]), pd.Period(parts[-1])
        start, end = first.start_time.to_datetime64(), last.end_time.to_datetime64()
    except (ValueError, TypeError):
        raise CatalogueError(f"no time {time!r}; write 2021, 2021-06, 2021-06-15, or two of these as 2021-06/2021-08") from None
    if end < start:
        raise CatalogueError(f"the time {time!r} ends before it begins")
    return start.astype("datetime64[us]"), end.astype("datetime64[us]")


# Dates ------------------------------------------------------------------------------------------------------------


def passes(tiles: Sequence[Tile], longitude: float) -> list[list[Tile]]:
    """The frames of one pass together, passes in order of time.

    A pass is what was seen on one solar day from one direction: an ascending and a descending pass of a day look from
    opposite sides, and are two dates of a scene, never one.
    """
    groups: dict[tuple[date, str], list[Tile]] = {}
    for tile in sorted(tiles, key=lambda t: (t.when, t.name)):
        solar = tile.when + np.timedelta64(int(longitude / 15 * 3600), "s")
        groups.setdefault((solar.astype("datetime64[D]").item(), tile.orbit), []).append(tile)
    return sorted(groups.values(), key=lambda group: group[0].when)


def map_of_year(tiles: Sequence[Tile], year: int) -> list[Tile]:
    """The sheets of the map that is nearest to `year`; of two equally near ones the earlier."""
    years = {int(str(t.when.astype("datetime64[Y]"))) for t in tiles}
    chosen = min(years, key=lambda y: (abs(y - year), y))
    return [t for t in tiles if int(str(t.when.astype("datetime64[Y]"))) == chosen]


# Grids ------------------------------------------------------------------------------------------------------------


def choose_grid(tiles: Sequence[Tile], place: Place, crs: str | None = None, resolution: float | None = None) -> GeoBox:
    """The grid of a scene: the one asked for, else the radar's own, so that its pixels come as they are.

    Raises
    ------
    CatalogueError : the tiles lie in several CRS and none is chosen, or do not tell their grid
    """
    if place.geobox is not None:
        return place.geobox
    grids = [tile.grid for tile in tiles if tile.grid is not None]
    if not grids and (crs is None or resolution is None):
        raise CatalogueError(f"the catalogue does not tell the pixel grid of {tiles[0].name}; say crs= and resolution=")
    target = _crs(crs) if crs else _own_crs(grids, place)
    own = [grid for grid in grids if grid.crs == target and grid.crs.projected]
    if own and resolution in (None, abs(own[0].resolution.x)):
        return aligned(own[0], place.outline)
    return _from_bounds(place.outline.to_crs(target, resolution="auto"), resolution or metres(grids[0]))


def _crs(name: str):
    from odc.geo.crs import CRS, CRSError

    try:
        crs = CRS(name)
    except CRSError:
        raise CatalogueError(f"no coordinate reference system {name!r}; write it as EPSG:32632") from None
    if not crs.projected:
        raise CatalogueError(f"{name} is in degrees; scenes are in metres. Leave crs out, or name a projected one: EPSG:32632")
    return crs


def _own_crs(grids: Sequence[GeoBox], place: Place):
    """The CRS that all of them share; where that is in degrees, the UTM zone of the place."""
    counts = Counter(str(grid.crs.epsg or grid.crs) for grid in grids)
    if len(counts) > 1:
        found = ", ".join(f"EPSG:{name} ({number})" for name, number in counts.most_common())
        raise CatalogueError(f"the radar's tiles lie in {len(counts)} coordinate reference systems: {found}. "
                             f"Choose one, crs='EPSG:{counts.most_common(1)[0][0]}', and all are brought to it.")  # fmt: skip
    if grids[0].crs.projected:
        return grids[0].crs
    from odc.geo.crs import CRS

    west, south, east, north = place.bbox
    return CRS.utm((west + east) / 2, (south + north) / 2)


def aligned(grid: GeoBox, outline: Geometry) -> GeoBox:
    """The part of `grid`'s own pixels that holds `outline`, and not one row more (:meth:`GeoBox.enclosing` rounds up 1e-9)."""
    from odc.geo.geobox import GeoBox

    pixels = grid.project(outline.to_crs(grid.crs, resolution="auto")).boundingbox
    left, top = math.floor(pixels.left + SAME), math.floor(pixels.bottom + SAME)
    right, bottom = math.ceil(pixels.right - SAME), math.ceil(pixels.top - SAME)
    return GeoBox((bottom - top, right - left), grid.translate_pix(left, top).affine, grid.crs)


def own_pixels(own: GeoBox, grid: GeoBox) -> GeoBox:
    """The part of the pixels of `own` that is needed to make those of `grid`: the very same where they lie on each other."""
    if own.crs == grid.crs and own.resolution == grid.resolution:
        same = aligned(own, grid.extent)
        off = max(abs(a - b) for a, b in zip(same.affine[:6], grid.affine[:6]))
        if same.shape == grid.shape and off < SAME * grid.resolution.x:
            return grid
    around = grid.buffered(2 * max(abs(grid.resolution.x), metres(own)))
    return aligned(own, around.extent.to_crs(own.crs))


def _from_bounds(outline: Geometry, resolution: float) -> GeoBox:
    from odc.geo.geobox import GeoBox

    return GeoBox.from_bbox(outline.boundingbox, outline.crs, resolution=resolution)


def metres(grid: GeoBox) -> float:
    """The pixel size of `grid` in metres; one in degrees is rounded to whole metres."""
    size = abs(float(grid.resolution.y))
    return size if grid.crs.projected else float(max(1, round(size * DEGREE)))


def share_covered(tiles: Sequence[Tile], grid: GeoBox) -> float:
    """Which part of `grid` the footprints of `tiles` cover together, 0 to 1."""
    from odc.geo.geom import unary_union

    area = grid.extent
    shapes = [tile.footprint.to_crs(grid.crs, resolution="auto") for tile in tiles]
    together = unary_union([shape.buffer(0) for shape in shapes]).intersection(area)
    share = together.area / area.area
    return 1.0 if share > 0.999 else share  # footprints are rounded degrees
