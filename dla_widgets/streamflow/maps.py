"""Where the basins are: gauges on a map of the contiguous United States, coloured by a value.

Drawn with cartopy in plate carree (longitude and latitude as they are) over our own :mod:`.outlines`. Nothing is
downloaded: cartopy's own features would ask the internet, and wait without end where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..panels.picture import CYCLE, OKABE_ITO, Picture, style
from .basins import BasinError, no_such_basin
from .outlines import outlines

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: west, east, south, north of the contiguous United States [degrees]
CONTIGUOUS = (-125.5, -66.0, 24.0, 50.0)

Values = Any  #: name of a (basin,) variable, a (basin,) DataArray or Series, or an array in the order of the basins


@style()
def basin_map(
    basins: xr.Dataset | xr.DataArray,
    values: Values = None,
    label: str | None = None,
    highlight: str | list[str] | None = None,
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
    zoom: bool = False,
    names: bool = False,
    title: str | None = None,
) -> Picture:
    """The gauges on a map, coloured by a value.

    Parameters
    ----------
    basins : anything with the coordinates ``basin``, ``lat`` and ``lon`` [degrees]
    values : what colours the gauges: the name of an attribute, or one value per basin such as its NSE
    label : of the colour bar; the variable's own name and unit by default
    highlight : basins to ring and name
    limits : values at the ends of the colour bar; what is beyond gets the end's colour
    cmap : Matplotlib colour map
    zoom : show the surroundings of these basins only, not the whole contiguous United States
    names : write the basins' ids beside them, as many as there is room for

    Raises
    ------
    BasinError : no gauge positions, or no basin of that name
    """
    import cartopy.crs as ccrs

    ids, lon, lat = _positions(basins)
    ringed = known_basins([highlight] if isinstance(highlight, str) else list(highlight or []), ids)
    numbers, bar = (None, None) if values is None else values_of(basins, values, label)
    extent = _around(lon, lat) if zoom else CONTIGUOUS
    shape = (extent[3] - extent[2]) / (extent[1] - extent[0])
    picture = Picture(8, 0.35 + 0.25 * bool(title) + (7.4 if numbers is None else 6.5) * shape)
    ax = picture.add_subplot(projection=ccrs.PlateCarree())
    _draw_outlines(ax, extent)
    dots = _draw_gauges(ax, lon, lat, numbers, limits, cmap)
    if numbers is not None:
        picture.colorbar(dots, ax=ax, label=wrapped(bar), shrink=0.85, pad=0.02, extend=_extend(numbers, limits))
    for k in _with_room(lon, lat, extent) if names else []:
        ax.annotate(ids[k], (lon[k], lat[k]), xytext=(5, 3), textcoords="offset points", fontsize=8, zorder=4)
    for basin in ringed:
        ring(ax, lon[ids.index(basin)], lat[ids.index(basin)], basin)
    ax.set_title("" if title is None else title)
    picture.alt = _map_in_words(ids, lon, lat, numbers, bar, ringed, title)
    return picture


def _positions(basins: xr.Dataset | xr.DataArray) -> tuple[list[str], np.ndarray, np.ndarray]:
    if missing := [name for name in ("basin", "lat", "lon") if name not in basins.coords]:
        raise BasinError(f"a map needs the coordinates basin, lat and lon; {', '.join(missing)} missing, found "
                         f"{sorted(map(str, basins.coords))}")
    lon, lat = (np.atleast_1d(basins[name].values).astype(float) for name in ("lon", "lat"))
    return [str(b) for b in np.atleast_1d(basins["basin"].values)], lon, lat


def values_of(basins: xr.Dataset | xr.DataArray, values: Values, label: str | None) -> tuple[np.ndarray, str]:
    """One number per basin, and what to call it with its unit."""
    if isinstance(values, str):
        if values not in (found := getattr(basins, "data_vars", {})):
            known = sorted(str(n) for n, v in found.items() if v.dims == ("basin",))
            raise BasinError(no_such_basin(values, known, "the attributes").replace("no basin", "no attribute", 1))
        values = basins[values]
    if hasattr(values, "reindex_like") and hasattr(values, "index"):
        values = values.reindex([str(b) for b in basins["basin"].values])
    elif hasattr(values, "coords") and "basin" in values.coords and values.dims == ("basin",):
        values = values.reindex(basin=basins["basin"].values)
    numbers = np.atleast_1d(np.asarray(values, dtype=float))
    if numbers.shape != (basins["basin"].size,):
        raise BasinError(f"one value per basin is needed, {basins['basin'].size} in all; received the shape "
                         f"{numbers.shape}")
    attrs = getattr(values, "attrs", {})
    name = attrs.get("long_name") or str(getattr(values, "name", None) or "value").replace("_", " ")
    unit = attrs.get("units", "-")
    return numbers, label or f"{name} [{'-' if unit == '1' else unit}]"


def known_basins(wanted: list[str], ids: list[str]) -> list[str]:
    for basin in wanted:
        if basin not in ids:
            raise BasinError(no_such_basin(basin, ids, "this map"))
    return wanted


def _around(lon: np.ndarray, lat: np.ndarray) -> tuple[float, float, float, float]:
    """A frame around the gauges, never so narrow or so tall that the picture loses its shape."""
    x, y = (lon.min() + lon.max()) / 2, (lat.min() + lat.max()) / 2
    width, height = np.ptp(lon) * 1.15 + 1, max(np.ptp(lat) * 1.15 + 1, 4)
    width, height = max(width, height * 1.5), max(height, width * 0.4)
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def _draw_outlines(ax: Axes, extent: tuple[float, float, float, float]) -> None:
    from matplotlib.collections import LineCollection

    ax.set_extent(extent, crs=ax.projection)
    for kind, colour in (("border", "#BBBBBB"), ("coast", "#666666")):
        ax.add_collection(LineCollection(outlines(kind), colors=colour, linewidths=0.7, zorder=2), autolim=False)
    style_ = {"size": 9, "color": "#444444"}
    grid = ax.gridlines(draw_labels=["left", "bottom"], color="#EEEEEE", linewidth=0.6, xlabel_style=style_,
                        ylabel_style=style_)
    grid.set_zorder(0)
    ax.spines["geo"].set_edgecolor("#AAAAAA")


def _draw_gauges(ax: Axes, lon, lat, numbers: np.ndarray | None, limits, cmap: str):
    size = 40 if lon.size <= 60 else 16
    if numbers is None:
        return ax.scatter(lon, lat, s=size, color=CYCLE[0], edgecolor="white", lw=0.5, zorder=3)
    bare = np.isnan(numbers)
    ax.scatter(lon[bare], lat[bare], s=size, facecolor="none", edgecolor="#888888", lw=0.8, zorder=3)
    low, high = limits or (None, None)
    return ax.scatter(lon[~bare], lat[~bare], s=size, c=numbers[~bare], vmin=low, vmax=high, cmap=cmap,
                      edgecolor="#333333", lw=0.3, zorder=3)


def _extend(numbers: np.ndarray, limits: tuple[float, float] | None) -> str:
    if limits is None or np.isnan(numbers).all():
        return "neither"
    below, above = np.nanmin(numbers) < limits[0], np.nanmax(numbers) > limits[1]
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")


def _with_room(lon: np.ndarray, lat: np.ndarray, extent: tuple[float, float, float, float]) -> list[int]:
    """The basins, taken from the north, whose name runs into no gauge and no name that was there before."""
    width, height = 0.11 * (extent[1] - extent[0]), 0.028 * (extent[1] - extent[0])  # of a written id
    named: list[int] = []
    for k in np.argsort(-lat):
        right, up = lon - lon[k], lat - lat[k]
        on_gauge = (right > 0) & (right < width) & (up > 0) & (up < height)
        if not on_gauge.any() and not any(abs(right[j]) < width and abs(up[j]) < height for j in named):
            named.append(int(k))
    return named


def ring(ax: Axes, x: float, y: float, words: str) -> None:
    from matplotlib.patheffects import withStroke

    ax.scatter([x], [y], s=110, facecolor="none", edgecolor=OKABE_ITO["vermilion"], lw=2, zorder=4)
    ax.annotate(words, (x, y), xytext=(8, 6), textcoords="offset points", fontsize=9, weight="bold", zorder=5,
                path_effects=[withStroke(linewidth=3, foreground="white")])


def wrapped(words: str, width: int = 36) -> str:
    from textwrap import fill

    return fill(words, width, break_long_words=False)


def range_in_words(values: np.ndarray) -> str:
    return f"{np.nanmin(values):.3g} to {np.nanmax(values):.3g}, median {np.nanmedian(values):.3g}"


def _map_in_words(ids, lon, lat, numbers, bar, ringed, title) -> str:
    words = (f"Map{': ' + title if title else ''}. {len(ids)} gauge{'s' * (len(ids) != 1)} from "
             f"{lat.min():.1f} to {lat.max():.1f} degrees north and {-lon.max():.1f} to {-lon.min():.1f} degrees west.")
    if numbers is not None and np.isfinite(numbers).any():
        low, high = ids[int(np.nanargmin(numbers))], ids[int(np.nanargmax(numbers))]
        words += f" Coloured by {bar}: {range_in_words(numbers)}; lowest at {low}, highest at {high}."
        words += f" {int(np.isnan(numbers).sum())} without a value." if np.isnan(numbers).any() else ""
    return words + (f" Ringed: {', '.join(ringed)}." if ringed else "")
