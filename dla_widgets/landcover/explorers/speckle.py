"""Speckle and its filters: what a window takes away, and what it takes away that was no speckle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from .. import speckle as filters
from ..scenes import FLOOR, decibel
from ..speckle import SpeckleError

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
SIDE, MOST_LOOKS, BOX = 128, 16, 20
NAMES = {"none": "none", "boxcar": "boxcar", "lee": "Lee", "kuan": "Kuan", "enhanced_lee": "enhanced Lee",
         "gamma_map": "gamma MAP", "frost": "Frost", "refined_lee": "refined Lee"}  # fmt: skip
SIZES = (3, 5, 7, 9, 11, 15)
#: filters that no number of looks is told, and those whose window cannot be chosen
NOT_TOLD, NO_WINDOW = ("none", "boxcar", "frost"), ("none", "refined_lee")
#: how the surface and the single looks are kept: 256 levels of this many dB, from this one on
SURFACE, LOOK = (-30.0, 1 / 6), (-30.0, 1 / 6)
#: decibels that black and white stand for, in the images and in the ratio image
SHADES, RATIO = (-18.0, -2.0), (-6.0, 6.0)


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
    grain = t.Enum(("radar", "white"), "radar", help="the radar's, of which neighbours are alike, or white, each for itself").tag(
        sync=True, label="Speckle", names={"radar": "Like radar's", "white": "White"})
    filter = t.Enum(tuple(NAMES), "lee", help="the filter").tag(sync=True, label="Filter", names=NAMES)
    size = t.Enum(SIZES, 7, help="pixels along the window; the refined Lee filter always takes 7").tag(
        sync=True, label="Window", names={n: f"{n} × {n}" for n in SIZES})
    assumed = t.Int(4, min=1, max=MOST_LOOKS, help="looks that the filter is told; boxcar and Frost ask for none").tag(
        sync=True, label="Looks told to the filter")
    row = t.Int(76, min=0, max=255, help="upper edge of the box in which looks are counted [pixel]").tag(
        sync=True, label="Box, row", detail=True)
    column = t.Int(90, min=0, max=255, help="left edge of the box in which looks are counted [pixel]").tag(
        sync=True, label="Box, column", detail=True)

    formats = {"enl": ".1f", "enl_before": ".1f", "edges": ".2f", "edges_before": ".2f", "ratio": ".2f", "ratio_enl": ".1f",
               "looks": "d", "error": ".2f", "error_before": ".2f"}  # fmt: skip
    words = {
        "simulated": "A scene of {looks} looks with {grain} speckle; {setting}. In the box, {enl_before} looks become {enl}. The "
                     "edges agree with those of the surface by {edges_before} before and {edges} after filtering; the error "
                     "goes from {error_before} to {error} dB. The ratio image has a mean of {ratio} and {ratio_enl} looks in "
                     "the box.",
        "own": "An image of your own; {setting}. In the box, {enl_before} looks become {enl}. The ratio image has a mean of "
               "{ratio} and {ratio_enl} looks in the box. Edges and errors cannot be judged: nobody has seen this surface "
               "without speckle.",
    }  # fmt: skip
    presets = (
        Preset("one_look", "looks=1;filter=none;assumed=1", "One look, no filter: this is what the radar measures.",
               "Grain everywhere, the river hardly to be seen: about one look in the box, an error of 6 dB."),
        Preset("many_looks", "looks=16;filter=none;assumed=16", "Sixteen looks averaged, and still no filter.",
               "About 11 looks in the box, an error of 1.1 dB. Speckle falls with the number of looks, and river, fields and "
               "tracks are as sharp as they ever get."),
        Preset("boxcar", "filter=boxcar;size=15", "Four looks only, and a wide boxcar. Follow the line across the river.",
               "More than 100 looks in the box, but the river is gone from the line, and is to be seen in the ratio image: edges "
               "kept -0.03, an error of 1.5 dB."),
        Preset("lee", "", "Lee's filter of 7 by 7 pixels, told the right number of looks.",
               "32 looks in the box, as many as a boxcar of that size, edges kept 0.28, an error of 1.2 dB. The river is "
               "still there."),
        Preset("told_too_many", "assumed=16", "The same filter, told that the scene has sixteen looks.",
               "It takes speckle for structure and leaves it in: 8 looks in the box, an error of 1.8 dB."),
        Preset("told_too_few", "assumed=1", "And told that there is one look only.",
               "It takes structure for speckle: 33 looks in the box, the boxcar's, and no edges kept; an error of 1.4 dB."),
        Preset("white", "grain=white;filter=boxcar", "A boxcar of 7 by 7 pixels on white speckle, as in most tutorials.",
               "111 looks in the box. Switch to the radar's speckle: 33. Neighbours are alike, and 49 pixels are not 49 "
               "measurements."),
    )  # fmt: skip

    def load(self, power: Any = None) -> None:
        if power is None:
            surface, radar, white = _simulated()
            self.data = {"surface": surface, "radar": radar, "white": white, "own": np.zeros(0, "float32"), "box": BOX,
                         "surface_power": _levels(SURFACE), "look_power": _levels(LOOK), "shape": [SIDE, SIDE],
                         "floor": FLOOR, "not_told": NOT_TOLD, "no_window": NO_WINDOW}  # fmt: skip
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
        self.data = {"own": own, "box": BOX, "shape": list(own.shape), "floor": FLOOR, "not_told": NOT_TOLD,
                     "no_window": NO_WINDOW}  # fmt: skip

    def surface(self) -> np.ndarray | None:
        """Power (y, x) of the simulated scene without speckle; nobody knows it of an image of your own."""
        return None if self.data["own"].size else self.data["surface_power"][self.data["surface"]]

    def image(self) -> np.ndarray:
        """Power (y, x) float32 of the scene with its looks."""
        if (surface := self.surface()) is None:
            return self.data["own"]
        speckle = self.data["look_power"][self.data[self.grain][: self.looks]]
        total = speckle[0].copy()
        for one in speckle[1:]:
            total += one
        return (surface * (total / self.looks)).astype("float32")

    def filtered(self, name: str | None = None) -> np.ndarray:
        """What the filter makes of it, float32; the chosen one by default."""
        name, image = name or self.filter, self.image()
        if name == "none":
            return image
        size = () if name in NO_WINDOW else (self.size,)
        looks = () if name in NOT_TOLD else (self.assumed,)
        return getattr(filters, name)(image, *size, *looks)

    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the box in which looks are counted."""
        rows, columns = self.data["shape"]
        top, left = min(self.row, rows - BOX), min(self.column, columns - BOX)
        return slice(top, top + BOX), slice(left, left + BOX)

    def numbers(self) -> dict[str, Any]:
        return self._judged(self.filtered()) | {
            "setting": self._setting(), "looks": self.looks, "grain": {"radar": "the radar's", "white": "white"}[self.grain],
            "saying": "own" if self.data["own"].size else "simulated",
        }  # fmt: skip

    def _judged(self, after: np.ndarray) -> dict[str, float]:
        before, box, surface = self.image(), self.box(), self.surface()
        ratio = _ratio(before, after)[box].astype(float)
        found = {"enl": _looks(after[box]), "enl_before": _looks(before[box]), "ratio": float(ratio.mean()),
                 "ratio_enl": _looks(ratio)}  # fmt: skip
        for name, image in (("", after), ("_before", before)):
            found[f"edges{name}"] = found[f"error{name}"] = np.nan
            if surface is not None:
                found[f"edges{name}"] = filters.edge_preservation(surface.astype("float32"), image)
                found[f"error{name}"] = float(np.sqrt(np.mean((decibel(image.astype(float)) - decibel(surface)) ** 2)))
        return found

    def _setting(self) -> str:
        if self.filter == "none":
            return "no filter"
        size = 7 if self.filter in NO_WINDOW else self.size
        told = "" if self.filter in NOT_TOLD else f", told {self.assumed} look{'s' * (self.assumed > 1)}"
        return f"filter {NAMES[self.filter]}, {size} x {size} pixels{told}"

    def table(self) -> pd.DataFrame:
        """Every filter at the present window and looks."""
        import pandas as pd

        shown = {"enl": "looks in the box", "edges": "edges kept", "error": "error [dB]", "ratio_enl": "looks of the ratio"}
        rows = {NAMES[name]: self._judged(self.filtered(name)) for name in NAMES}
        return pd.DataFrame(rows).T[list(shown)].rename(columns=shown).rename_axis("filter")

    def figure(self) -> Picture:
        from matplotlib.patches import Rectangle

        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        before, after = self.image(), self.filtered()
        picture = Picture(8, 4.8, alt=self.describe())
        grid = picture.add_gridspec(2, 3, height_ratios=(2.6, 1))
        rows, columns = self.box()
        line = rows.start + BOX // 2
        shown = {"as it came": before, NAMES[self.filter]: after, "ratio": _ratio(before, after)}
        for k, (title, image) in enumerate(shown.items()):
            axes = picture.add_subplot(grid[0, k])
            low, high = RATIO if title == "ratio" else SHADES
            axes.imshow(decibel(image), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            axes.add_patch(Rectangle((columns.start - 0.5, rows.start - 0.5), BOX, BOX, fill=False, ec=CYCLE[1], lw=1.6))
            axes.axhline(line, color=CYCLE[1], lw=0.6)
            axes.set(title=title, xticks=[], yticks=[])
            axes.grid(visible=False)
        axes = picture.add_subplot(grid[1, :])
        axes.plot(decibel(before[line]), color="#888888", lw=1, label="as it came")
        if (surface := self.surface()) is not None:
            axes.plot(decibel(surface[line]), color=OKABE_ITO["black"], lw=1.2, ls="--", label="surface")
        axes.plot(decibel(after[line]), color=CYCLE[0], lw=1.8, label="filtered")
        axes.axvspan(columns.start, columns.stop, color=CYCLE[1], alpha=0.15)
        axes.set(xlabel="column", ylabel="VV [dB]", xlim=(0, before.shape[1] - 1))
        axes.legend(ncols=3, loc="upper right")
        return picture


def _levels(kept: tuple[float, float]) -> np.ndarray:
    """Power of the 256 levels."""
    return 10 ** ((kept[0] + np.arange(256) * kept[1]) / 10)


def _kept(power: np.ndarray, kept: tuple[float, float]) -> np.ndarray:
    return np.clip(np.round((decibel(power) - kept[0]) / kept[1]), 0, 255).astype(np.uint8)


def _simulated() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A surface without speckle (side, side), single looks of the radar's speckle (16, side, side), and of white speckle.

    One look of speckle is exponential (Goodman 1976, doi:10.1364/JOSA.66.001145). White speckle is drawn for each pixel;
    the radar's has the autocorrelation of real images at 10 m, see :func:`.radar.speckle`.
    """
    from ..landscape import SETTINGS, make_landscape
    from ..radar import View, mean_backscatter, speckle, surface

    rng = np.random.default_rng(4)
    land = make_landscape(np.random.default_rng([4]), SIDE, SETTINGS["frontier"])
    vv = surface(rng, mean_backscatter(rng, land, View(38, 0.17, 0.1)), land, year=0.35)[0]
    radar = np.stack([speckle(rng, vv.shape, looks=1)[0] for _ in range(MOST_LOOKS)])
    white = rng.exponential(1.0, radar.shape)
    return _kept(vv, SURFACE), _kept(radar, LOOK), _kept(white, LOOK)


def _ratio(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.divide(before, after, out=np.ones_like(before), where=after > 0)


def _looks(values: np.ndarray) -> float:
    values = values.astype(float)
    return float(values.mean() ** 2 / values.var()) if values.var() > 0 else np.inf
