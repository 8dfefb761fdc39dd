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
#: dots drawn of each class, bins of what a network receives
PER_CLASS, BINS = 300, 100
SCALINGS = {"none": "power as it is", "standard": "power, standardised", "minmax": "power, 0 to 1",
            "clipped": "power, clipped at 1 and 99 %", "decibel": "dB, standardised"}  # fmt: skip
NAMED = dict(enumerate(NAMES))


class BackscatterExplorer(Explorer):
    """Two classes in a band: their histograms, what they share, and how well one threshold tells them apart.

    Parameters
    ----------
    scenes : a stack in the one schema with VV and VH; sixteen small simulated scenes by default. Of several parts, the
        training's are used
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
    also = t.List(t.Int(min=0, max=len(NAMES) - 1), [], help="classes that are drawn besides").tag(
        sync=True, label="Draw as well", detail=True)
    scaling = t.Enum(tuple(SCALINGS), "none", help="what is done before a network sees the band").tag(
        sync=True, label="A network receives", names=SCALINGS)

    formats = {"mean": ".3g", "spread": ".3g", "common": ".0%", "right": ".1%", "best_right": ".1%", "best": ".1f",
               "threshold": ".1f", "low": ".3g", "high": ".3g", "far": ".1f", "smooth": "d", "jm": ".2f",
               "crowded": ".0%"}  # fmt: skip
    words = ("{band}, averaged over {smooth} x {smooth} pixels. {a} has a mean of {mean.a} {unit} and a spread of {spread.a}, "
             "{b} {mean.b} and {spread.b}; their histograms have {common} of their area in common. The threshold {threshold} dB "
             "is right for {right} of them, each class counted the same; the best one, {best} dB, for {best_right}. In both "
             "bands together their Jeffries-Matusita distance is {jm} of at most 2. A network receives {scaled}: values from "
             "{low} to {high}; the highest lies {far} spreads above the mean, and {crowded} of the pixels crowd in one "
             "hundredth of the range.")
    presets = (
        Preset("water", "", "Water against forest in VH. Where would you draw the line?",
               "The best threshold is right for 79 %; the histograms have 43 % of their area in common."),
        Preset("smoothed", "smooth=7;threshold=-15", "The same two classes after averaging over 7 by 7 pixels.",
               "The forest becomes narrow and 82 % are told apart: part of the overlap was speckle. The hump of water under the "
               "forest stays: it is forest that the labels of 100 m call water."),
        Preset("hopeless", "first=2;second=3;smooth=7;threshold=-15.5", "Grassland against cropland, averaged as well.",
               "The best threshold is right for 54 %; guessing gives 50 %."),
        Preset("power", "axis=power", "The same water and forest in linear power, not in decibels.",
               "Water is squeezed against nought; what was 5 dB apart is hard to see. The share told apart is the same."),
        Preset("raw_input", "band=VV;scaling=minmax", "What a network receives if the power in VV is squeezed to 0 to 1.",
               "A few very bright pixels decide the scale: the highest lies 13 spreads above the mean, and nearly all the "
               "rest is crowded into the lowest quarter."),
        Preset("good_input", "band=VV;scaling=decibel", "In decibels and standardised: what the course's networks do first.",
               "Mean 0, spread 1, and the highest value lies 3.5 spreads away: no pixel shouts."),
    )  # fmt: skip

    def load(self, scenes: xr.Dataset | None = None) -> None:
        if scenes is None:
            from ..simulated import simulated_scenes

            scenes = simulated_scenes(16, 128)
        elif not hasattr(scenes, "data_vars"):
            raise SceneError(f"this picture needs a stack of scenes, such as open_scenes() gives; received {scenes!r}")
        elif "split" in scenes and len(np.unique(scenes["split"].values)) > 1:
            scenes = select_scenes(scenes, "train")
        found = [str(band) for band in scenes["band"].values]
        if not {*BANDS} <= {*found}:
            raise SceneError(f"VV and VH are needed; these scenes have {' and '.join(found)}")
        power, labels = arrays(scenes)
        power = power[..., [found.index(band) for band in BANDS]]
        if not ((labels != IGNORE) & np.isfinite(power).all(axis=-1)).any():
            raise SceneError("not one pixel of these scenes is both measured and labelled; expected labels from 0 to 8 in "
                             "'landcover'. Look at scenes['valid'].mean(), or take other scenes")  # fmt: skip
        counts, samples, plane = zip(*(_counted(_averaged(power, size), labels) for size in SMOOTHED))
        edges = LOWEST + np.arange(LEVELS + 1) * STEP
        self.data = {
            "counts": np.stack(counts), "samples": np.stack(samples), "plane": np.stack(plane), "decibel": edges[:-1] + STEP / 2,
            "power": 10 ** ((edges[:-1] + STEP / 2) / 10), "decibel_edges": edges, "power_edges": 10 ** (edges / 10),
            "names": list(NAMES), "safe": colours(True), "sizes": list(SMOOTHED), "bins": BINS,
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
        received = self.received()
        return {
            "band": self.band, "smooth": self.smooth, "a": NAMES[self.first], "b": NAMES[self.second],
            "unit": "dB" if self.axis == "dB" else "of power", "mean.a": mean_a, "mean.b": mean_b, "spread.a": spread_a,
            "spread.b": spread_b, "common": _common(a, b), "threshold": self.threshold, "right": right[self._level()],
            "best": LOWEST + at * STEP, "best_right": right[at], "jm": self.separability(), "scaled": SCALINGS[self.scaling],
            "low": received["low"], "high": received["high"], "far": received["far"], "crowded": received["bins"].max(),
        }  # fmt: skip

    def separability(self) -> float:
        r"""Jeffries-Matusita distance of the two classes in the plane of VV and VH, from 0 (alike) to 2 (nothing in common).

        .. math:: J = 2 (1 - e^{-B}), \quad
                  B = \frac18 d^T \Sigma^{-1} d + \frac12 \ln \frac{|\Sigma|}{\sqrt{|\Sigma_1||\Sigma_2|}}

        with the difference d of the means [dB] and the mean :math:`\Sigma` of both covariances: B is the Bhattacharyya distance
        of two Gaussians, Kailath (1967), doi:10.1109/TCOM.1967.1089532.
        """
        (mean_a, spread_a), (mean_b, spread_b) = (self._ellipse(k) for k in (self.first, self.second))
        if np.isnan(mean_a + mean_b).any() or not np.linalg.det(spread_a) * np.linalg.det(spread_b) > 0:
            return np.nan  # a class that is not there, or pixels on one line
        between, both = mean_a - mean_b, (spread_a + spread_b) / 2
        shape = np.linalg.det(both) / np.sqrt(np.linalg.det(spread_a) * np.linalg.det(spread_b))
        return float(2 * (1 - np.exp(-(between @ np.linalg.solve(both, between) / 8 + np.log(shape) / 2))))

    def _ellipse(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean (2,) and covariance (2, 2) of class `k` in VV and VH [dB]."""
        vv, vh, vv_vv, vv_vh, vh_vh = self.data["plane"][SMOOTHED.index(self.smooth), k]
        return np.array([vv, vh]), np.array([[vv_vv, vv_vh], [vv_vh, vh_vh]])

    def received(self) -> dict[str, Any]:
        """What a network receives of the band.

        Returns
        -------
        ``values`` (256,) of the levels' middles; ``low`` and ``high``, the ends of their range; ``bins`` (100,), the shares of
        the pixels in hundredths of it; ``far``, how many spreads above the mean the range ends
        """
        pixels = self.data["counts"][SMOOTHED.index(self.smooth), BANDS.index(self.band)].sum(axis=0)
        unit = "decibel" if self.scaling == "decibel" else "power"
        values, edges = self.data[unit], self.data[f"{unit}_edges"]
        there = np.flatnonzero(pixels)
        if self.scaling == "clipped":
            running = np.cumsum(pixels) / pixels.sum()
            ends = values[np.argmax(running >= 0.01)], values[np.argmax(running >= 0.99)]
            values, edges = np.clip(values, *ends), np.clip(edges, *ends)
        if self.scaling in ("standard", "decibel"):
            shift, width = _moments(values, pixels)
        elif self.scaling in ("minmax", "clipped"):
            shift, width = edges[there[0]], edges[there[-1] + 1] - edges[there[0]]
        else:
            shift, width = 0.0, 1.0
        values, edges = (values - shift) / width, (edges - shift) / width
        low, high = edges[there[0]], edges[there[-1] + 1]
        mean, spread = _moments(values, pixels)
        return {"values": values, "low": low, "high": high, "far": (high - mean) / spread,
                "bins": _hundredths((edges - low) / (high - low) * BINS, pixels)}  # fmt: skip

    def table(self) -> pd.DataFrame:
        import pandas as pd

        rows = {}
        for k, name in enumerate(NAMES):
            if self.levels(k).sum():
                mean, spread = _moments(self.data["decibel"], self.levels(k))
                rows[name] = {"pixels": int(self.levels(k).sum()), "mean [dB]": mean, "spread [dB]": spread}
        return pd.DataFrame(rows).T.rename_axis("class")

    def figure(self) -> Picture:
        from ...panels.picture import CYCLE, Picture

        picture = Picture(8, 5.6, alt=self.describe())
        grid = picture.add_gridspec(2, 2)
        above, plane, network = (picture.add_subplot(part) for part in (grid[0, :], grid[1, 0], grid[1, 1]))
        unit = "decibel" if self.axis == "dB" else "power"
        middle = self.data[unit][1:-1:3]
        width = np.diff(self.data[f"{unit}_edges"][:-1:3])
        turn = np.linspace(0, 2 * np.pi, 60)
        for k in [self.first, self.second, *(k for k in self.also if k not in (self.first, self.second))]:
            if not self.levels(k).sum():
                continue
            main = k in (self.first, self.second)
            style = {"color": colours(True)[k], "lw": 2 if main else 1, "ls": "-" if k == self.first else "--"}
            above.plot(middle, _wide(self.levels(k)) / width, label=NAMES[k], **style)
            if main:
                dots = LOWEST + (self.data["samples"][SMOOTHED.index(self.smooth), k] + 0.5) * STEP
                plane.plot(*dots.T, ".", ms=2, color=style["color"], alpha=0.5)
            mean, spread = self._ellipse(k)
            if np.linalg.det(spread) > 0:
                plane.plot(*(mean[:, None] + 2 * np.linalg.cholesky(spread) @ [np.cos(turn), np.sin(turn)]), **style)
        line = self.threshold if self.axis == "dB" else 10 ** (self.threshold / 10)
        above.axvline(line, color="#444444", ls=":")
        (plane.axvline if self.band == "VV" else plane.axhline)(self.threshold, color="#444444", ls=":")
        above.set(xlabel=f"{self.band} backscatter [{'dB' if self.axis == 'dB' else '-'}]", ylabel="density", ylim=(0, None),
                  xlim=(-32, 4) if self.axis == "dB" else (0, 0.6 if self.band == "VV" else 0.2), title=self.title)  # fmt: skip
        above.legend()
        plane.set(xlabel="VV [dB]", ylabel="VH [dB]", xlim=(-28, 6), ylim=(-34, 0), title="pixels, and 2 spreads around the mean")
        received = self.received()
        network.stairs(received["bins"], np.linspace(received["low"], received["high"], BINS + 1), fill=True, color=CYCLE[0])
        network.set(xlabel="value", ylabel="share of pixels", title=f"a network receives {SCALINGS[self.scaling]}")
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


def _averaged(power: np.ndarray, size: int) -> np.ndarray:
    """Power (scene, y, x, band) averaged over windows of `size` pixels; gaps and what lies outside are in no window."""
    from scipy.ndimage import uniform_filter

    if size == 1:
        return power
    seen = np.isfinite(power)
    window = {"size": (0, size, size, 0), "mode": "constant"}
    total = uniform_filter(np.where(seen, power, np.float32(0)), **window)
    return np.where(seen, total / np.maximum(uniform_filter(seen.astype(np.float32), **window), 1e-6), np.nan)


def _counted(power: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels by band, class and level (2, 9, 256); some of each class (9, PER_CLASS, 2) as levels; and means, variance of VV,
    covariance, variance of VH in the plane [dB] (9, 5)."""
    known = (labels != IGNORE) & np.isfinite(power).all(axis=-1)
    values, of = decibel(power[known]), labels[known].astype(int)
    level = np.clip(np.floor((values - LOWEST) / STEP), 0, LEVELS - 1).astype(int)
    counts = np.stack([np.bincount(of * LEVELS + level[:, k], minlength=len(CLASSES) * LEVELS) for k in range(2)])
    samples = np.zeros((len(CLASSES), PER_CLASS, 2), np.uint8)
    plane = np.full((len(CLASSES), 5), np.nan)
    for k in range(len(CLASSES)):
        rows = np.flatnonzero(of == k)
        if rows.size:
            samples[k] = level[rows[np.linspace(0, rows.size - 1, PER_CLASS).astype(int)]]
            (vv, cross), (_, vh) = np.cov(values[rows].T.astype(float), bias=True)
            plane[k] = *values[rows].mean(axis=0, dtype=float), vv, cross, vh
    return counts.reshape(2, len(CLASSES), LEVELS).astype(np.int32), samples, plane


def _moments(values: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    if not counts.sum():
        return np.nan, np.nan
    mean = float(np.sum(values * counts) / counts.sum())
    return mean, float(np.sqrt(np.sum((values - mean) ** 2 * counts) / counts.sum()))


def _wide(counts: np.ndarray) -> np.ndarray:
    """Shares in bins of three levels, half a decibel; the last level, far above all radar, belongs to none."""
    return counts[:-1].reshape(-1, 3).sum(axis=1) / max(counts.sum(), 1)


def _common(a: np.ndarray, b: np.ndarray) -> float:
    """The area that two histograms have in common [-], in bins of half a decibel."""
    if not a.sum() or not b.sum():
        return np.nan
    return float(np.minimum(_wide(a), _wide(b)).sum())


def _hundredths(edges: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Shares of the pixels in the bins 0 to 1, 1 to 2, ... of levels between `edges`, each spread evenly over its width."""
    low, high = edges[:-1, None], edges[1:, None]
    at = np.arange(BINS)
    inside = np.clip(np.minimum(high, at + 1) - np.maximum(low, at), 0, None)
    narrow = high - low < 1e-9  # clipped: all at one value
    inside = np.where(narrow, np.clip(np.floor(low), 0, BINS - 1) == at, inside / np.where(narrow, 1, high - low))
    return counts @ inside / counts.sum()
