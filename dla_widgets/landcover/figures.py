"""Pictures of radar scenes and of maps. Each returns a :class:`~dla_widgets.panels.picture.Picture` that tells in words
what it shows, from the numbers that it draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from ..errors import CourseError
from ..panels.picture import Picture, style
from .class_weights import class_counts
from .legend import CLASSES, IGNORE, NAMES, colours, label
from .scenes import arrays, decibel, select_scenes
from .skill import Confusion

#: The decibels that black and white stand for.
SHADES = {"VV": (-20.0, 0.0), "VH": (-27.0, -7.0)}

Labels = Any  #: (y, x) labels: an array, or a DataArray


class FigureError(CourseError):
    """A picture that cannot be drawn; the message says what is missing."""


@style()
def radar_image(scenes: xr.Dataset, name: str | None = None, date: int = 0) -> Picture:
    """One scene in VV and in VH, side by side, in decibel.

    Parameters
    ----------
    scenes : a stack in the one schema
    name : which scene; the first one by default
    date : which of its dates
    """
    scene = _one(scenes, name)
    picture = Picture(8, 4.2)
    median = []
    dates = scene.sizes["time"]
    if not -dates <= date < dates:
        raise FigureError(f"no date {date}; this stack has {dates}, counted from 0")
    for axes, band in zip(picture.subplots(1, 2), SHADES):
        values = decibel(scene["backscatter"].isel(time=date).sel(band=band).values)
        image = _grey(axes, values, band)
        picture.colorbar(image, ax=axes, orientation="horizontal", shrink=0.9, label="backscatter [dB]", ticks=range(-25, 1, 5))
        axes.set_title(band)
        median.append(f"{band} {np.nanmedian(values):.1f} dB")
    picture.alt = (f"Radar scene {scene['scene'].values}, dark where little comes back, grainy everywhere: medians "
                   f"{', '.join(median)}.")  # fmt: skip
    return picture


@style()
def class_map(labels: Labels | Mapping[str, Labels], title: str = "", safe: bool = True) -> Picture:
    """A map of classes with its legend, or several beside each other.

    Parameters
    ----------
    labels : (y, x), or title -> (y, x)
    safe : colours that every eye can tell apart, or the official ones of LC100
    """
    given = {k: _flat(v) for k, v in (labels if isinstance(labels, Mapping) else {title: labels}).items()}
    columns = min(3, len(given))
    rows = -(-len(given) // columns)
    picture = Picture({1: 4.4, 2: 7, 3: 8.4}[columns], {1: 4.3, 2: 3.5, 3: 2.9}[columns] * rows + 0.6)
    for axes, values in _panels(picture, rows, columns, given):
        _classes(axes, values, safe)
    _legend(picture, given.values(), safe)
    picture.alt = "; ".join(f"Map of land cover{f', {k}' if k else ''}: {_shares(v)}" for k, v in given.items()) + "."
    return picture


@style()
def side_by_side(scenes: xr.Dataset, maps: Mapping[str, Any] | None = None, name: str | None = None, truth: bool = False,
                 safe: bool = True) -> Picture:  # fmt: skip
    """Radar, labels and predictions of one scene, beside each other.

    Parameters
    ----------
    scenes : a stack in the one schema
    maps : title -> prediction, (y, x) or a stack (scene, y, x) of which the scene is taken
    name : which scene; the first one by default
    truth : show the true land cover too, which only simulated scenes have
    """
    scene = _one(scenes, name)
    panels = {"labels": scene["landcover"].values}
    if truth:
        if "truth" not in scene:
            raise FigureError("only simulated scenes know the true land cover; leave truth=True out for real ones")
        panels["truth"] = scene["truth"].values
    for title, map_ in (maps or {}).items():
        panels[title] = _of_scene(map_, scene, scenes)
    columns = min(3, 1 + len(panels))
    rows = -(-(1 + len(panels)) // columns)
    picture = Picture(8.4, 2.9 * rows + 0.6)
    radar = decibel(scene["backscatter"].isel(time=0).sel(band="VV").values)
    for axes, values in _panels(picture, rows, columns, {"radar, VV": radar} | panels):
        if values is radar:
            _grey(axes, radar, "VV")
        else:
            _classes(axes, values, safe)
    _legend(picture, panels.values(), safe)
    picture.alt = f"Scene {scene['scene'].values}: the radar image; " + "; ".join(
        f"{title}: {_shares(labels)}" for title, labels in panels.items()) + "."  # fmt: skip
    return picture


@style()
def class_bars(labels: Labels | Mapping[str, Labels], safe: bool = True) -> Picture:
    """How much of each class there is, on a logarithmic axis, so that the rare ones can be seen.

    Parameters
    ----------
    labels : any shape, or title -> labels for several beside each other
    """
    given = labels if isinstance(labels, Mapping) else {"": labels}
    shares = {title: (n := class_counts(np.asarray(values))) / max(1, n.sum()) for title, values in given.items()}
    there = np.flatnonzero(sum(shares.values()) > 0)
    if not there.size:
        raise FigureError(f"nothing to draw: every pixel of these labels is {IGNORE}, which is ignored")
    picture = Picture(7, 0.42 * len(there) * max(1, 0.6 * len(shares)) + 1.1)
    axes = picture.subplots()
    height = 0.8 / len(shares)
    for turn, (title, share) in enumerate(shares.items()):
        at = np.arange(len(there)) + (turn - (len(shares) - 1) / 2) * height
        axes.barh(at, share[there], height * 0.92, color=[colours(safe)[c] for c in there], alpha=1 - 0.45 * turn / len(shares),
                  edgecolor="#444444", linewidth=0.5, hatch="//" if turn else None, label=title)  # fmt: skip
        for y, value in zip(at, share[there]):
            axes.text(value * 1.08, y, f"{value:.2%}", va="center", fontsize=8)
    least = min(float(s[s > 0].min()) for s in shares.values())
    axes.set(xscale="log", xlim=(least / 2, 4), yticks=np.arange(len(there)), yticklabels=[NAMES[c] for c in there],
             xlabel="share of the pixels [%]")  # fmt: skip
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}" if share <= 1 else ""))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    if len(shares) > 1:
        faces = [{"alpha": 1 - 0.45 * turn / len(shares), "hatch": "//" if turn else None} for turn in range(len(shares))]
        axes.legend(handles=[Patch(facecolor="#999999", edgecolor="#444444", label=title, **face)
                             for title, face in zip(shares, faces)], loc="center right")  # fmt: skip
    told = [(title, ", ".join(f"{NAMES[c]} {share[c]:.2%}" for c in there)) for title, share in shares.items()]
    picture.alt = "Shares of the classes: " + "; ".join(f"{title}: {text}" if title else text for title, text in told) + "."
    return picture


@style()
def confusion_picture(confusion: Confusion, title: str = "") -> Picture:
    """The confusion matrix, each row in percent of the true class: the diagonal is recall.

    Parameters
    ----------
    confusion : of :mod:`.skill`; a class that was mapped and is not there has an empty row
    """
    there = np.flatnonzero(confusion.there)
    if not there.size:
        raise FigureError("nothing to draw: no pixel has been counted yet; Confusion().add(truth, prediction)")
    matrix = confusion.matrix[np.ix_(there, there)]
    rows = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, rows, out=np.zeros(matrix.shape), where=rows > 0)
    picture = Picture(6.4, 5.2)
    axes = picture.subplots()
    image = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(share):
        axes.text(column, row, f"{value:.0%}" if rows[row] else "-", ha="center", va="center", fontsize=8,
                  color="white" if value < 0.55 else "black")  # fmt: skip
    names = [NAMES[c] for c in there]
    axes.set(yticks=range(len(there)), yticklabels=names, xlabel="mapped as", ylabel="truly", title=title)
    axes.set_xticks(range(len(there)), names, rotation=35, ha="right")
    axes.grid(visible=False)
    picture.colorbar(image, ax=axes, label="share of the true class [-]", shrink=0.8)
    found = ", ".join(f"{name} {value:.0%}" for name, value, n in zip(names, np.diag(share), rows) if n)
    picture.alt = f"Confusion matrix{f', {title}' if title else ''}; of each true class was mapped right: {found}."
    return picture


@style()
def histograms(scenes: xr.Dataset, band: str = "VV", classes=None, linear: bool = False, safe: bool = True) -> Picture:
    """How bright each class is: one curve per class.

    Parameters
    ----------
    scenes : a stack in the one schema
    band : VV or VH, of the first date
    classes : names of the classes to draw; by default all of which there are 50 pixels
    linear : power instead of decibels
    """
    power, labels = arrays(scenes)
    bands = [str(b) for b in scenes["band"].values]
    if band not in bands:
        raise FigureError(f"no band {band!r}; these scenes have {' and '.join(bands)}")
    values = power[..., bands.index(band)]
    values = values if linear else decibel(values)
    wanted = [label(c) for c in classes] if classes is not None else range(len(CLASSES))
    edges = np.linspace(0, 0.6, 61) if linear else np.linspace(-32, 4, 61)
    picture = Picture(7, 3.6)
    axes = picture.subplots()
    told = []
    for c in wanted:
        of = values[(labels == c) & np.isfinite(values)]
        if of.size < 50:
            continue
        density, _ = np.histogram(of, edges, density=True)
        axes.plot((edges[1:] + edges[:-1]) / 2, density, color=colours(safe)[c], lw=2, label=NAMES[c])
        told.append(f"{NAMES[c]} {np.median(of):.3g}")
    if not told:
        raise FigureError("no class with 50 measured pixels among those asked for; draw more scenes or other classes")
    axes.set(xlabel=f"{band} backscatter [{'-' if linear else 'dB'}]", ylabel=f"density [{'-' if linear else '1/dB'}]",
             ylim=(0, None), xlim=edges[[0, -1]])  # fmt: skip
    axes.legend(ncols=2)
    unit = "of power" if linear else "in dB"
    picture.alt = f"Histograms of {band} by class, which overlap; medians {unit}: {', '.join(told)}."
    return picture


def _one(scenes: xr.Dataset, name: str | None) -> xr.Dataset:
    return scenes.isel(scene=0) if name is None else select_scenes(scenes, [name]).isel(scene=0)


def _of_scene(labels: Any, scene: xr.Dataset, scenes: xr.Dataset) -> np.ndarray:
    """The map of one scene, out of a stack of maps where it is one."""
    if isinstance(labels, xr.DataArray) and "scene" in labels.dims:
        return labels.sel(scene=scene["scene"].values).values
    values = np.asarray(labels)
    if values.ndim == 3:
        values = values[list(scenes["scene"].values).index(scene["scene"].values)]
    return _flat(values)


def _flat(labels: Labels) -> np.ndarray:
    values = np.asarray(labels)
    if values.ndim != 2:
        raise FigureError(f"a map is (y, x); this has the shape {values.shape}. Choose one scene, for example labels[0].")
    return values


def _grey(axes, decibels: np.ndarray, band: str):
    low, high = SHADES[band]
    axes.set_axis_off()
    return axes.imshow(decibels, cmap="gray", vmin=low, vmax=high, interpolation="nearest")


def _classes(axes, labels: np.ndarray, safe: bool) -> None:
    shown = np.ma.masked_greater_equal(labels, len(CLASSES))
    axes.imshow(shown, cmap=ListedColormap(colours(safe)), vmin=-0.5, vmax=len(CLASSES) - 0.5, interpolation="nearest")
    axes.set_axis_off()


def _panels(picture: Picture, rows: int, columns: int, given: Mapping[str, np.ndarray]):
    """Axes and what goes on them, titled; those that stay empty are switched off."""
    picture.get_layout_engine().set(h_pad=0.08)  # titles need room above maps
    grid = list(picture.subplots(rows, columns, squeeze=False).flat)
    for axes in grid[len(given) :]:
        axes.set_axis_off()
    for axes, (title, values) in zip(grid, given.items()):
        axes.set_title(title)
        yield axes, values


def _legend(picture: Picture, maps, safe: bool) -> None:
    there = sorted({int(c) for labels in maps for c in np.unique(labels) if c != IGNORE})
    handles = [Patch(facecolor=colours(safe)[c], edgecolor="#444444", linewidth=0.5, label=NAMES[c]) for c in there]
    if any((labels == IGNORE).any() for labels in maps):
        handles.append(Patch(facecolor="white", edgecolor="#444444", linewidth=0.5, label="not labelled"))
    picture.legend(handles=handles, loc="outside lower center", ncols=min(5 if picture.get_figwidth() > 6 else 3, len(handles)))


def _shares(labels: np.ndarray) -> str:
    counts = class_counts(labels)
    share = counts / max(1, counts.sum())
    return ", ".join(f"{NAMES[c]} {share[c]:.1%}" for c in np.argsort(-share) if counts[c])
