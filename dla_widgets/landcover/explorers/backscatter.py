"""Backscatter of the classes: decibel or power, VV or VH, smoothed or not, and what a network receives of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..legend import CLASSES, IGNORE, NAMES, colours
from ..scenes import SceneError, arrays, decibel, select_scenes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...panels.picture import Picture

HERE = Path(__file__).parent
BANDS = ("VV", "VH")
#: backscatter is kept in 256 levels of 1/6 dB from here on [dB]
LOWEST, LEVELS, STEP = -36.0, 256, 1 / 6
SMOOTHED = (1, 3, 7)
SCALINGS = {"none": "power as it is", "standard": "power, standardised", "minmax": "power, 0 to 1",
            "clipped": "power, 1 to 99 % clipped", "decibel": "dB, standardised"}  # fmt: skip
NAMED = dict(enumerate(NAMES))


class BackscatterExplorer(Explorer):
    """Two classes in a band: their histograms, what they share, and how well one threshold tells them apart.

    Parameters
    ----------
    scenes : a stack in the one schema with VV and VH; eight simulated scenes by default. Of several parts, the training's
        are used
    """

    _esm = bundle(HERE / "backscatter.js")
    title = "What does the radar tell apart?"

    band = t.Enum(BANDS, "VH", help="polarisation, sent and received").tag(sync=True, label="Band")
    first = t.Enum(tuple(NAMED), 6, help="a class").tag(sync=True, label="This class", names=NAMED)
    second = t.Enum(tuple(NAMED), 0, help="another class").tag(sync=True, label="Against", names=NAMED)
    axis = t.Enum(("dB", "power"), "dB", help="the unit of the axis").tag(sync=True, label="Axis")
    smooth = t.Enum(SMOOTHED, 1, help="side of the window over which power is averaged [pixels]").tag(
        sync=True, label="Averaged over", names={1: "1 pixel", 3: "3 × 3", 7: "7 × 7"})
    threshold = t.Float(-18.0, min=-34, max=4, help="what lies below is the darker class [dB]").tag(
        sync=True, label="Threshold [dB]", step=0.5)
    scaling = t.Enum(tuple(SCALINGS), "none", help="what is done before a network sees the band").tag(
        sync=True, label="A network receives", names=SCALINGS)

    formats = {"mean": ".3g", "spread": ".3g", "common": ".0%", "right": ".1%", "best_right": ".1%", "best": ".1f",
               "threshold": ".1f", "low": ".3g", "high": ".3g", "far": ".1f", "smooth": "d"}  # fmt: skip
    words = ("{band}, averaged over {smooth} x {smooth} pixels. {a} has a mean of {mean.a} {unit} and a spread of {spread.a}, "
             "{b} {mean.b} and {spread.b}; their histograms have {common} of their area in common. The threshold {threshold} dB "
             "is right for {right} of them, each class counted the same; the best one, {best} dB, for {best_right}. A network "
             "receives {scaled}: values from {low} to {high}; the highest lies {far} spreads above the mean.")
    presets = (
        Preset("water", "", "Water against forest in VH. Where would you draw the line?",
               "The best threshold is right for 80 %; the histograms have 40 % of their area in common."),
        Preset("smoothed", "smooth=7;threshold=-15", "The same two classes after averaging over 7 by 7 pixels.",
               "The forest becomes narrow and 85 % are told apart: part of the overlap was speckle. Narrow rivers stay mixed."),
        Preset("hopeless", "first=2;second=3;smooth=7;threshold=-15.5", "Grassland against cropland, averaged as well.",
               "The best threshold is right for 54 %; guessing gives 50 %."),
        Preset("power", "axis=power", "The same water and forest in linear power, not in decibels.",
               "Water is squeezed against nought; what was 5 dB apart is hard to see. The share told apart is the same."),
        Preset("raw_input", "band=VV;scaling=minmax", "What a network receives if the power in VV is squeezed to 0 to 1.",
               "A few very bright pixels decide the scale: the highest lies nearly ten spreads above the mean."),
        Preset("good_input", "band=VV;scaling=decibel", "In decibels and standardised: what the course's networks do first.",
               "Mean 0, spread 1, and the highest value lies little more than three spreads away: no pixel shouts."),
    )  # fmt: skip

    def load(self, scenes: xr.Dataset | None = None) -> None:
        if scenes is None:
            from ..simulated import simulated_scenes

            scenes = simulated_scenes(8)
        elif not hasattr(scenes, "data_vars"):
            raise SceneError(f"this picture needs a stack of scenes, such as open_scenes() gives; received {scenes!r}")
        elif "split" in scenes and len(np.unique(scenes["split"].values)) > 1:
            scenes = select_scenes(scenes, "train")
        found = [str(band) for band in scenes["band"].values]
        if not {*BANDS} <= {*found}:
            raise SceneError(f"VV and VH are needed; these scenes have {' and '.join(found)}")
        power, labels = arrays(scenes)
        power = power[..., [found.index(band) for band in BANDS]]
        counts, samples = zip(*(_counted(_averaged(power, size), labels) for size in SMOOTHED))
        self.data = {
            "counts": np.stack(counts), "samples": np.stack(samples), "decibel": LOWEST + (np.arange(LEVELS) + 0.5) * STEP,
            "power": 10 ** ((LOWEST + (np.arange(LEVELS) + 0.5) * STEP) / 10), "names": list(NAMES), "safe": colours(True),
            "sizes": list(SMOOTHED), "per_class": PER_CLASS,
        }  # fmt: skip

    # everything follows from how many pixels of a class lie in each of the 256 levels

    def levels(self, k: int) -> np.ndarray:
        """Pixels of class `k` in each level, in the band and smoothing of the moment."""
        return self.data["counts"][SMOOTHED.index(self.smooth), BANDS.index(self.band), k]

    def numbers(self) -> dict[str, Any]:
        a, b = self.levels(self.first), self.levels(self.second)
        values = self.data["decibel"] if self.axis == "dB" else self.data["power"]
        (mean_a, spread_a), (mean_b, spread_b) = _moments(values, a), _moments(values, b)
        right, at = self._right(a, b)
        low, high, far = self.received()[1:]
        return {
            "band": self.band, "smooth": self.smooth, "a": NAMES[self.first], "b": NAMES[self.second],
            "unit": "dB" if self.axis == "dB" else "of power", "mean.a": mean_a, "mean.b": mean_b, "spread.a": spread_a,
            "spread.b": spread_b, "common": _common(a, b), "threshold": self.threshold, "right": right[self._level()],
            "best": LOWEST + at * STEP, "best_right": right[at], "scaled": SCALINGS[self.scaling], "low": low, "high": high,
            "far": far,
        }  # fmt: skip

    def received(self) -> tuple[np.ndarray, float, float, float]:
        """What a network receives for each level, the least and the most, and how many spreads that is above the mean."""
        pixels = self.data["counts"][SMOOTHED.index(self.smooth), BANDS.index(self.band)].sum(axis=0)
        values = self.data["decibel" if self.scaling == "decibel" else "power"].copy()
        there = np.flatnonzero(pixels)
        if self.scaling == "clipped":
            running = np.cumsum(pixels) / pixels.sum()
            values = np.clip(values, values[np.argmax(running >= 0.01)], values[np.argmax(running >= 0.99)])
        if self.scaling in ("standard", "decibel"):
            mean, spread = _moments(values, pixels)
            values = (values - mean) / spread
        elif self.scaling in ("minmax", "clipped"):
            values = (values - values[there[0]]) / (values[there[-1]] - values[there[0]])
        low, high = values[there[0]], values[there[-1]]
        mean, spread = _moments(values, pixels)
        return values, low, high, (high - mean) / spread

    def table(self) -> pd.DataFrame:
        import pandas as pd

        rows = {}
        for k, name in enumerate(NAMES):
            if self.levels(k).sum():
                mean, spread = _moments(self.data["decibel"], self.levels(k))
                rows[name] = {"pixels": int(self.levels(k).sum()), "mean [dB]": mean, "spread [dB]": spread}
        return pd.DataFrame(rows).T.rename_axis("class")

    def figure(self) -> Picture:
        from ...panels.picture import Picture

        picture = Picture(7, 3.4, alt=self.describe())
        axes = picture.subplots()
        values = self.data["decibel" if self.axis == "dB" else "power"]
        width = np.gradient(values)
        for k in (self.first, self.second):
            counts = self.levels(k)
            axes.plot(values, counts / max(counts.sum(), 1) / width, color=colours(True)[k], lw=2, label=NAMES[k])
        line = self.threshold if self.axis == "dB" else 10 ** (self.threshold / 10)
        axes.axvline(line, color="#444444", ls="--")
        axes.set(xlabel=f"{self.band} backscatter [{'dB' if self.axis == 'dB' else '-'}]", ylabel="density", ylim=(0, None),
                 xlim=(-32, 4) if self.axis == "dB" else (0, 0.6), title=self.title)  # fmt: skip
        axes.legend()
        return picture

    def _level(self) -> int:
        """Levels below the threshold."""
        return int(np.clip(np.round((self.threshold - LOWEST) / STEP), 0, LEVELS))

    def _right(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, int]:
        """Share that each threshold tells rightly, both classes counted the same; and which is best."""
        if not a.sum() or not b.sum():
            return np.full(LEVELS + 1, np.nan), 0
        below = [np.concatenate([[0], np.cumsum(n)]) / n.sum() for n in (a, b)]
        darker, brighter = below if _moments(self.data["decibel"], a)[0] <= _moments(self.data["decibel"], b)[0] else below[::-1]
        right = (darker + 1 - brighter) / 2
        return right, int(right.argmax())


PER_CLASS = 300


def _averaged(power: np.ndarray, size: int) -> np.ndarray:
    """Power (scene, y, x, band) averaged over windows of `size` pixels."""
    from scipy.ndimage import uniform_filter

    return power if size == 1 else uniform_filter(np.nan_to_num(power).astype(float), (0, size, size, 0))


def _counted(power: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by band, class and level (2, 9, 256), and some pixels of each class (9, PER_CLASS, 2) as levels."""
    known = (labels != IGNORE) & np.isfinite(power).all(axis=-1)
    level = np.clip(np.floor((decibel(power[known]) - LOWEST) / STEP), 0, LEVELS - 1).astype(int)
    of = labels[known].astype(int)
    counts = np.stack([np.bincount(of * LEVELS + level[:, k], minlength=len(CLASSES) * LEVELS) for k in range(2)])
    samples = np.zeros((len(CLASSES), PER_CLASS, 2), np.uint8)
    for k in range(len(CLASSES)):
        rows = np.flatnonzero(of == k)
        if rows.size:
            samples[k] = level[rows[np.linspace(0, rows.size - 1, PER_CLASS).astype(int)]]
    return counts.reshape(2, len(CLASSES), LEVELS).astype(np.int32), samples


def _moments(values: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    if not counts.sum():
        return np.nan, np.nan
    mean = float(np.sum(values * counts) / counts.sum())
    return mean, float(np.sqrt(np.sum((values - mean) ** 2 * counts) / counts.sum()))


def _common(a: np.ndarray, b: np.ndarray) -> float:
    """The area that two histograms have in common [-]: bins of three levels, half a decibel."""
    if not a.sum() or not b.sum():
        return np.nan
    wide = [np.add.reduceat(n, np.arange(0, LEVELS, 3)) / n.sum() for n in (a, b)]
    return float(np.minimum(*wide).sum())
