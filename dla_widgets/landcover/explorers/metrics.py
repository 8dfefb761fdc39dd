"""Paint a map over a small scene, and watch the scores disagree about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..legend import CLASSES, IGNORE, NAMES, colours
from ..skill import Confusion, SkillError

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
LETTERS = "abcdefghi"
SIDE = 32
#: true land cover of scene sim-06 of `simulated_scenes()`, rows from 192, columns from 144: 89 % forest
SCENE = (
    "e3c1e2d3a10g1a12e3c2e1d3a9g1a13e3c2e1d4a8g1a13e3c2e1d4a7g1a14e2c3e1d4a6g1a15e2c3d6a4g1a16d8a6g1a17d4a8g2a18d"
    "1a9g2a20d1a7g2a22d1a5g3a23d1a4g2a25d2a1g2a27d2g2a29g2a30g1a30g1a31g1a319g1a31g1a31g2a31g1a32g1a29"
)
NAMED = dict(enumerate(NAMES))
SHOWN = {"accuracy": "accuracy", "balanced": "balanced accuracy", "macro_f1": "macro F1", "mean_iou": "mean IoU",
         "kappa": "kappa"}  # fmt: skip


def written(labels: np.ndarray) -> str:
    """Labels, row by row, as letters and how often they follow each other: ``"a30b2"``."""
    return "".join(f"{LETTERS[k]}{len(list(run))}" for k, run in groupby(labels.ravel().tolist()))


def read(painting: str, shape: tuple[int, int]) -> np.ndarray:
    """The opposite of :func:`written`; what is not said is forest, what is too much is left out."""
    labels = np.zeros(shape[0] * shape[1], np.uint8)
    at = 0
    for letter, run in re.findall(r"([a-i])(\d+)", painting):
        labels[at : at + int(run)] = LETTERS.index(letter)
        at += int(run)
    return labels.reshape(shape)


def _presets() -> Iterator[Preset]:
    truth = read(SCENE, (SIDE, SIDE))
    river, village = NAMES.index("water"), NAMES.index("built-up")
    shifted = np.roll(truth, 1, axis=1)
    shifted[:, 0] = truth[:, 0]
    noisy = truth.copy()
    spots = np.random.default_rng(0).choice(truth.size, 40, replace=False)
    noisy.flat[spots] = np.where(noisy.flat[spots] == 0, village, 0)
    thick, framed = truth.copy(), np.pad(truth, 1)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        neighbour = framed[1 - dy : SIDE + 1 - dy, 1 - dx : SIDE + 1 - dx]
        thick = np.where((thick == 0) & (neighbour != 0), neighbour, thick)
    yield Preset("forest", "", "A map that says forest everywhere. Nobody went there. What is it worth?",
                 "Accuracy 89 %, kappa 0: nothing was seen. Macro F1 0.19: forest's F1, shared by five classes.")  # fmt: skip
    yield Preset("perfect", f"painting={written(truth)}", "The true map. All scores agree, for once.", "All of them are 1.")
    yield Preset("no_river", f"painting={written(np.where(truth == river, 0, truth))}",
                 "Everything is right, but for the river, which became forest.",
                 "3 % of the pixels, and a fifth of macro F1: one class of five is gone.")  # fmt: skip
    yield Preset("shifted", f"painting={written(shifted)}", "The true map, one pixel to the east.",
                 "Accuracy stays above 90 %. Every small class loses a third of its IoU or more: it is all border.")  # fmt: skip
    yield Preset("generous", f"painting={written(thick)}", "Every patch is one pixel too large all around.",
                 "Recall is perfect, so balanced accuracy hardly minds; precision and F1 of the small classes do.")  # fmt: skip
    yield Preset("salt", f"painting={written(noisy)}", "Forty pixels wrong, scattered: forest became built-up.",
                 "Accuracy 96 %. The F1 of built-up falls to 0.53, for it has only 22 pixels.")  # fmt: skip


class MetricsExplorer(Explorer):
    """Paint with the mouse or the keys; accuracy, balanced accuracy, macro F1, IoU and kappa follow every pixel.

    Parameters
    ----------
    labels : (y, x) labels of a small scene, up to 64 x 64; 255 is not counted. A piece of a simulated scene by default
    prediction : (y, x) labels to start from; forest everywhere by default
    """

    _esm = bundle(HERE / "metrics.js")
    title = "Paint a map. Who is content with it?"

    brush = t.Enum(tuple(NAMED), 6, help="the class that is painted").tag(sync=True, label="Paint", names=NAMED)
    width = t.Int(1, min=1, max=9, help="pixels along the brush").tag(sync=True, label="Width of the brush")
    errors = t.Bool(True, help="mark pixels that are wrong").tag(sync=True, label="Mark what is wrong")
    painting = t.Unicode("", help="the map, as letters a to i for the classes and how many pixels follow").tag(
        sync=True, label="The painted map")

    formats = dict.fromkeys(SHOWN, ".3f") | {"accuracy": ".1%", "balanced": ".1%", "f1": ".2f", "wrong": "d",
        "width": "d", "known": "d", "iou": ".2f", "precision": ".2f", "recall": ".2f"}  # fmt: skip
    words = (
        "The brush paints {brush}, {width} pixels wide. {wrong} of {known} pixels are wrong. Accuracy {accuracy}, balanced "
        "accuracy {balanced}, macro F1 {macro_f1}, mean IoU {mean_iou}, kappa {kappa}. F1 by class: {each}."
    )
    presets = tuple(_presets())

    def load(self, labels: Any = None, prediction: Any = None) -> None:
        truth = read(SCENE, (SIDE, SIDE)) if labels is None else _checked(labels, "labels")
        if prediction is not None:
            start = _checked(prediction, "prediction")
            if start.shape != truth.shape:
                raise SkillError(f"the labels have shape {truth.shape}, the prediction {start.shape}; both are of one scene")
            self.painting = written(np.where(start == IGNORE, 0, start))
        self.data = {"truth": truth, "names": list(NAMES), "safe": colours(True), "letters": LETTERS}

    def map(self) -> np.ndarray:
        """The painted map (y, x)."""
        return read(self.painting, self.data["truth"].shape)

    def confusion(self) -> Confusion:
        """Of the painted map."""
        return Confusion().add(self.data["truth"], self.map())

    def numbers(self) -> dict[str, Any]:
        c = self.confusion()
        try:
            kappa = c.kappa
        except SkillError:  # truth and map have one and the same class
            kappa = np.nan
        there = np.flatnonzero(c.there)
        scores = {score: getattr(c, score) for score in ("f1", "iou", "precision", "recall")}
        found = {f"{score}.{name}": values[k] for score, values in scores.items() for k, name in enumerate(NAMES)}
        return found | {
            "accuracy": c.accuracy, "balanced": c.balanced_accuracy, "macro_f1": c.macro_f1,
            "mean_iou": float(np.mean(c.iou[there])),
            "kappa": kappa, "brush": NAMES[self.brush], "width": self.width,
            "wrong": int(c.pixels - np.trace(c.matrix)), "known": c.pixels,
            "each": ", ".join(f"{NAMES[k]} {self.written('f1', {'f1': c.f1[k]})}" for k in there),
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        return self.confusion().table()

    def figure(self) -> Picture:
        from matplotlib.colors import ListedColormap

        from ...panels.picture import Picture

        picture = Picture(8, 3.2, alt=self.describe())
        axes = picture.subplots(1, 3, width_ratios=(1, 1, 1.2))
        for ax, image, title in zip(axes, (self.data["truth"], self.map()), ("true", "painted")):
            ax.imshow(np.ma.masked_equal(image, IGNORE), cmap=ListedColormap(colours(True)), vmin=-0.5, vmax=len(CLASSES) - 0.5,
                      interpolation="nearest")  # fmt: skip
            ax.set(title=title, xticks=[], yticks=[])
            ax.grid(visible=False)
        numbers = self.numbers()
        axes[2].barh(list(SHOWN.values()), [numbers[name] for name in SHOWN], color="#0072B2")
        axes[2].set(xlim=(0, 1))
        axes[2].invert_yaxis()
        return picture


def _checked(labels: Any, what: str) -> np.ndarray:
    values = np.asarray(labels)
    if values.dtype.kind not in "iu" or values.ndim != 2 or max(values.shape) > 64:
        raise SkillError(f"{what} are one small image (y, x) of whole numbers, at most 64 x 64; received shape {values.shape} of "
                         f"{values.dtype}. Cut a piece: labels[0, :32, :32]")  # fmt: skip
    if ((values >= len(CLASSES)) & (values != IGNORE)).any() or (values < 0).any():
        raise SkillError(f"{what} run from 0 to {len(CLASSES) - 1} (or {IGNORE}); found {values.min()} to {values.max()}")
    if what == "labels" and (values == IGNORE).all():
        raise SkillError("none of the labels can be counted: all are 255")
    return values.astype(np.uint8)
