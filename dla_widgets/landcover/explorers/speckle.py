"""Speckle and its filters: what a window takes away, and what it takes away that was no speckle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from .. import speckle as filters
from ..scenes import decibel
from ..speckle import SpeckleError

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
SIDE, MOST_LOOKS, BOX = 128, 16, 20
#: the scene and the corner of its piece that has fields, water and a village in it
WHICH, CORNER = 1, (128, 128)
NAMES = {"none": "none", "boxcar": "boxcar", "lee": "Lee", "kuan": "Kuan", "enhanced_lee": "enhanced Lee", "gamma_map": "gamma MAP",
         "frost": "Frost", "refined_lee": "refined Lee"}  # fmt: skip
SIZES = (3, 5, 7, 9, 11, 15)
#: how the surface and the single looks are kept: 256 levels of this many dB, from this one on
SURFACE, LOOK = (-30.0, 1 / 6), (-32.0, 1 / 6)


class SpeckleExplorer(Explorer):
    """Looks, filter and window move; image, ratio image, looks that are left and edges that are kept follow.

    Parameters
    ----------
    power : (y, x) linear power of your own, up to 256 x 256; by default a simulated scene, whose surface without speckle is
        known and whose looks can be chosen
    """

    _esm = bundle(HERE / "speckle.js")
    title = "What does a speckle filter take away?"

    looks = t.Int(4, min=1, max=MOST_LOOKS, help="independent looks that the scene is averaged from").tag(
        sync=True, label="Looks of the scene")
    filter = t.Enum(tuple(NAMES), "lee", help="the filter").tag(sync=True, label="Filter", names=NAMES)
    size = t.Enum(SIZES, 7, help="pixels along the window").tag(sync=True, label="Window", names={n: f"{n} × {n}" for n in SIZES})
    assumed = t.Int(4, min=1, max=MOST_LOOKS, help="looks that the filter is told").tag(sync=True, label="Looks told to the filter")
    row = t.Int(98, min=0, max=255, help="upper edge of the box in which looks are counted [pixel]").tag(
        sync=True, label="Box, row", detail=True)
    column = t.Int(102, min=0, max=255, help="left edge of the box in which looks are counted [pixel]").tag(
        sync=True, label="Box, column", detail=True)

    formats = {"enl": ".1f", "enl_before": ".1f", "edges": ".2f", "edges_before": ".2f", "ratio": ".2f", "ratio_enl": ".1f",
               "looks": "d", "assumed": "d", "size": "d", "error": ".2f", "error_before": ".2f"}  # fmt: skip
    words = ("Filter: {filter}, window {size} x {size}, told {assumed} looks. In the box, {enl_before} looks become {enl}. The edges "
             "agree with those of the surface by {edges_before} before and {edges} after filtering; the error goes from "
             "{error_before} to {error} dB. The ratio image has a mean of {ratio} and {ratio_enl} looks in the box.")  # fmt: skip
    presets = (
        Preset("one_look", "looks=1;filter=none;assumed=1", "One look, no filter: this is what the radar measures.",
               "Grain everywhere: about one look in the box, an error of 6 dB."),
        Preset("many_looks", "looks=16;filter=none;assumed=16", "Sixteen looks averaged, and still no filter.",
               "13 looks in the box, an error of 1.1 dB: speckle falls with the number of looks, edges stay sharp."),
        Preset("boxcar", "filter=boxcar;size=15", "Four looks and a wide boxcar. Follow the line across the dark fields.",
               "More than 300 looks in the box, and the fields have no border any more: edges kept 0.01. The ratio image shows them."),
        Preset("lee", "", "Lee's filter of 7 by 7 pixels, told the right number of looks.",
               "76 looks in the box, edges kept 0.20, an error of 0.65 dB: the lines of filter and surface nearly meet at the fields."),
        Preset("told_too_many", "assumed=16", "The same filter, told that the scene has sixteen looks.",
               "It takes speckle for structure and leaves it in: 7 looks in the box, an error of 1.7 dB."),
        Preset("told_too_few", "assumed=1", "And told that there is one look only.",
               "It takes structure for speckle: 99 looks in the box, like the boxcar, and no edges kept."),
    )  # fmt: skip

    def load(self, power: Any = None) -> None:
        if power is None:
            surface, singles = _simulated()
            self.data = {"surface": surface, "singles": singles, "side": SIDE, "own": np.zeros(0, "float32"), "box": BOX,
                         "surface_power": _levels(SURFACE), "look_power": _levels(LOOK), "shape": [SIDE, SIDE]}  # fmt: skip
            return
        try:
            own = np.asarray(power, dtype="float32")
        except (TypeError, ValueError):
            raise SpeckleError(f"power is an image (y, x) of numbers; received {power!r}") from None
        if own.ndim != 2 or min(own.shape) < BOX or max(own.shape) > 256:
            raise SpeckleError(f"this picture takes one image (y, x), from {BOX} x {BOX} to 256 x 256 pixels; received the "
                               f"shape {own.shape}. Cut a piece: power[0, :256, :256, 0]")  # fmt: skip
        if not np.isfinite(own).all() or (own < 0).any():
            raise SpeckleError("power must be measured everywhere and not below 0; this has gaps or decibels. "
                               "10 ** (decibels / 10) is power")  # fmt: skip
        self.data = {"own": own, "box": BOX, "shape": list(own.shape)}

    def image(self) -> np.ndarray:
        """Power (y, x) float32 of the scene with its looks."""
        if self.data["own"].size:
            return self.data["own"]
        speckle = self.data["look_power"][self.data["singles"][: self.looks]]
        total = speckle[0].copy()
        for one in speckle[1:]:
            total += one
        return (self.data["surface_power"][self.data["surface"]] * (total / self.looks)).astype("float32")

    def filtered(self) -> np.ndarray:
        """What the filter makes of it, float32."""
        image = self.image()
        if self.filter == "none":
            return image
        of = getattr(filters, self.filter)
        if self.filter in ("boxcar", "frost"):
            return of(image, self.size)
        return of(image, self.assumed) if self.filter == "refined_lee" else of(image, self.size, self.assumed)

    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the box in which looks are counted."""
        rows, columns = self.data["shape"]
        top, left = min(self.row, rows - BOX), min(self.column, columns - BOX)
        return slice(top, top + BOX), slice(left, left + BOX)

    def numbers(self) -> dict[str, Any]:
        before, after, box = self.image(), self.filtered(), self.box()
        ratio = np.divide(before, after, out=np.ones_like(before), where=after > 0).astype(float)
        found = {
            "filter": NAMES[self.filter], "size": 7 if self.filter == "refined_lee" else self.size, "assumed": self.assumed,
            "looks": self.looks, "enl": _looks(after[box]), "enl_before": _looks(before[box]), "ratio": float(ratio[box].mean()),
            "ratio_enl": _looks(ratio[box]),
        }  # fmt: skip
        if self.data["own"].size:
            return found | dict.fromkeys(("edges", "edges_before", "error", "error_before"), np.nan)
        surface = self.data["surface_power"][self.data["surface"]]
        for name, image in (("edges", after), ("edges_before", before)):
            found[name] = filters.edge_preservation(surface.astype("float32"), image)
        for name, image in (("error", after), ("error_before", before)):
            found[name] = float(np.sqrt(np.mean((decibel(image.astype(float)) - decibel(surface)) ** 2)))
        return found

    def table(self) -> pd.DataFrame:
        """Every filter at the present window and looks."""
        import pandas as pd

        now, rows = self.filter, {}
        for name in NAMES:
            self.filter = name
            numbers = self.numbers()
            rows[NAMES[name]] = {"looks in the box": numbers["enl"], "edges kept": numbers["edges"],
                                 "error [dB]": numbers["error"]}  # fmt: skip
        self.filter = now
        return pd.DataFrame(rows).T.rename_axis("filter")

    def figure(self) -> Picture:
        from ...panels.picture import Picture

        before, after = self.image(), self.filtered()
        picture = Picture(8, 3.1, alt=self.describe())
        ratio = np.divide(before, after, out=np.ones_like(before), where=after > 0)
        for ax, image, title in zip(picture.subplots(1, 3), (before, after, ratio), ("as it came", NAMES[self.filter], "ratio")):
            low, high = (0.0, 2.5) if title == "ratio" else (-18, -2)
            ax.imshow(image if title == "ratio" else decibel(image), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            ax.set(title=title, xticks=[], yticks=[])
            ax.grid(visible=False)
        return picture


def _levels(kept: tuple[float, float]) -> np.ndarray:
    """Power of the 256 levels."""
    return 10 ** ((kept[0] + np.arange(256) * kept[1]) / 10)


def _kept(power: np.ndarray, kept: tuple[float, float]) -> np.ndarray:
    return np.clip(np.round((decibel(power) - kept[0]) / kept[1]), 0, 255).astype(np.uint8)


def _simulated() -> tuple[np.ndarray, np.ndarray]:
    """A surface without speckle (side, side), and single looks of speckle on it (16, side, side), as levels.

    The surface is a piece of a simulated scene averaged over 11 x 11 pixels of the same class, so that its borders stay
    sharp; speckle of one look is exponential (Goodman 1976, doi:10.1364/JOSA.66.001145).
    """
    from scipy.ndimage import uniform_filter

    from ..scenes import arrays
    from ..simulated import simulated_scenes

    scene = simulated_scenes(3).isel(scene=[WHICH])
    power, truth = arrays(scene)[0][0, :, :, 0].astype(float), scene["truth"].values[0]
    surface = np.zeros_like(power)
    for k in np.unique(truth):
        here = (truth == k).astype(float)
        share = uniform_filter(here, 11)
        surface = np.where(here > 0, uniform_filter(power * here, 11) / np.maximum(share, 1e-9), surface)
    rows, columns = (slice(start, start + SIDE) for start in CORNER)
    singles = np.random.default_rng(0).exponential(1.0, (MOST_LOOKS, SIDE, SIDE))
    return _kept(surface[rows, columns], SURFACE), _kept(singles, LOOK)


def _looks(values: np.ndarray) -> float:
    values = values.astype(float)
    return float(values.mean() ** 2 / values.var()) if values.var() > 0 else np.inf
