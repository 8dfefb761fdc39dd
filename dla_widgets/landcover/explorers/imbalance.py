"""Class imbalance: why 95 % right can be worth nothing, and what loss weights, sampling and priors do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...errors import CourseError
from ...panels.explorer import Explorer, Preset, bundle
from ..legend import CLASSES, IGNORE, NAMES, colours
from ..prediction import adjust_prior
from ..skill import Confusion, confusion_matrix
from .imbalance_logits import logits_of, quantised, stored

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
WEIGHTS = {"none": "none", "sqrt": "1/√n", "inverse": "1/n", "effective": "effective"}
CROPS = {"random": "anywhere", "balanced": "class-aware"}
PER_CLASS = ("precision", "recall", "f1")


class ImbalanceError(CourseError):
    """Data that can't be shown; the message says why."""


class ImbalanceExplorer(Explorer):
    """Weights, crops and priors move; the map, the confusion matrix, accuracy and macro F1 follow.

    Without arguments it shows a piece of a simulated test scene and what eight really trained networks and the bundled model
    say of it. The forest share counts every forest pixel more or less often: a class's recall stays what it is, and its
    precision does not.

    Parameters
    ----------
    logits : (y, x, class) of a network of your own, or a dictionary of several by name; ``{}`` for none
    labels : (y, x) labels of the same piece; 255 is not counted
    counts : (class,) pixels per class of the **training** labels, which the prior correction takes off
    power : (y, x, 2) linear power in VV and VH, for the radar image
    """

    _esm = bundle(HERE / "imbalance.js")
    title = "95 % right, and the rare classes?"

    share = t.Float(0.93, min=0.5, max=0.99, help="share of forest among the pixels that are counted [-]").tag(
        sync=True, label="Forest share of the scene", step=0.01)
    weights = t.Enum(tuple(WEIGHTS), "none", help="weights of the classes in the loss, n: pixels of a class").tag(
        sync=True, label="Weights in the loss", names=WEIGHTS)
    crops = t.Enum(tuple(CROPS), "random", help="where training looks").tag(sync=True, label="Crops for training", names=CROPS)
    tau = t.Float(0.0, min=0.0, max=1.5, help="how much of the logarithm of the training shares is taken off the logits [-]").tag(
        sync=True, label="Prior correction τ", step=0.05)
    network = t.Enum(("stored", "bundled", "now"), "stored", help="whose map is shown").tag(
        sync=True, label="Network", detail=True,
        names={"stored": "as set here", "bundled": "bundled", "now": "trained now"})
    focus = t.Enum(tuple(range(len(CLASSES))), 3, help="the class that precision and recall are drawn for").tag(
        sync=True, label="Look at", names=dict(enumerate(NAMES)))
    official = t.Bool(False, help="the colours of the Copernicus legend").tag(sync=True, label="Official colours", detail=True)
    steps = t.Int(150, min=30, max=600, help="steps of a training here and now").tag(
        sync=True, label="Steps, if trained now", step=30, detail=True)

    formats = {"share": ".0%", "tau": ".2f", "accuracy": ".1%", "balanced": ".1%", "macro_f1": ".3f", "mapped_forest": ".1%",
               "steps": "d", "hits": ",.0f", "missed": ",.0f", "false": ",.0f"} | dict.fromkeys(
                   (*PER_CLASS, "cell", "focus_precision", "focus_recall"), ".2f")  # fmt: skip
    words = (
        "{network}. Forest is {share} of the scene; the prior correction is {tau}. Accuracy {accuracy}, macro F1 {macro_f1}, "
        "balanced accuracy {balanced}; {mapped_forest} is mapped as forest. Of {name}, {hits} pixels were found, {missed} "
        "missed, and {false} others were taken for it: precision {focus_precision}, recall {focus_recall}."
    )
    presets = (
        Preset("plain", "", "Trained as it comes: every pixel counts the same. 91.5 % right. Are you content?",
               "Accuracy 91.5 %, macro F1 0.138: nothing but forest and water is mapped."),
        Preset("more_forest", "share=0.98", "The same map, in a country with more forest. Not one pixel of it has changed.",
               "Accuracy rises to 96.4 %. Recall stays as it was in every class."),
        Preset("inverse", "weights=inverse", "Weights of one over the frequency: a rare class weighs as much as the forest.",
               "Accuracy falls to 65 %, macro F1 rises only a little, to 0.177: rare classes are mapped everywhere."),
        Preset("class_aware", "crops=balanced", "No weights, but every class is sought out when crops are drawn.",
               "Macro F1 0.243 at 90.5 %: it learnt more about the rare classes and lost hardly any forest."),
        Preset("prior", "tau=0.4", "Back to the plain network; no training at all, only the prior taken off its logits.",
               "Macro F1 rises from 0.138 to 0.187. Move the slider: too much of it, and the forest is gone."),
        Preset("bundled", "network=bundled", "The bundled model: class-aware crops, cross-entropy and Dice, four times as long.",
               "Macro F1 0.261 at 89.1 %; fields, houses and bare soil have a shape."),
        Preset("prevalence", "network=bundled;share=0.5;focus=4", "Look at built-up; then drag the forest share to 99 %.",
               "Recall stays 0.86 all the way. Precision falls from 0.44 to 0.09: it depends on how common forest is."),
    )  # fmt: skip

    def load(self, logits: Any = None, labels: Any = None, counts: Any = None, power: Any = None) -> None:
        if logits is None:
            file = stored()
            self._labels, self._counts = file["labels"], file["counts"]
            kept = {name.removesuffix(".logits"): file[name] for name in file if name.endswith(".logits")}
            curves = {name.removesuffix(".curve"): file[name] for name in file if name.endswith(".curve") and file[name].size}
            radar = {"vv": file["vv"], "vh": file["vh"]}
        else:
            kept, self._labels, self._counts, radar = _checked(logits, labels, counts, power)
            curves = {}
        self.data = {
            "labels": self._labels, "logits": kept, "curves": curves, "every": 50, **radar,
            "log_prior": np.log(np.where(self._counts > 0, self._counts / self._counts.sum(), 1)),
            "names": list(NAMES), "safe": colours(True), "official": colours(False),
            "forest": NAMES.index("forest"), "own": logits is not None,
        }  # fmt: skip

    # the present state

    @property
    def _key(self) -> str:
        """Which of the stored logits are shown."""
        names = self.data["logits"]
        wanted = "bundled" if self.network == "bundled" else f"{self.weights}.{self.crops}"
        return wanted if wanted in names else next(iter(names))

    @property
    def _now(self) -> bool:
        return self.network == "now" and "logits" in self.result

    def map(self) -> np.ndarray:
        """The map (y, x) of the present state."""
        kept = self.result["logits"] if self._now else self.data["logits"][self._key]
        logits = logits_of(kept) - self.tau * self.data["log_prior"]
        return logits.argmax(-1).astype(np.uint8)

    def confusion(self) -> Confusion:
        """The confusion matrix of the present state; forest pixels count as often as the forest share asks for."""
        matrix = confusion_matrix(self._labels, self.map()).astype(float)
        forest = self.data["forest"]
        rest = matrix.sum() - matrix[forest].sum()
        matrix[forest] *= self.share / (1 - self.share) * rest / max(matrix[forest].sum(), 1)
        return Confusion(matrix)

    def numbers(self) -> dict[str, Any]:
        c, k = self.confusion(), self.focus
        found = {f"{name}.{NAMES[i]}": getattr(c, name)[i] for name in PER_CLASS for i in range(len(NAMES))}
        rows = c.support
        found |= {f"cell.{i}.{j}": c.matrix[i, j] / rows[i] if rows[i] else np.nan
                  for i in range(len(NAMES)) for j in range(len(NAMES))}  # fmt: skip
        return found | {
            "network": self._said(), "share": self.share, "tau": self.tau, "steps": self.steps, "accuracy": c.accuracy,
            "balanced": c.balanced_accuracy, "macro_f1": c.macro_f1, "name": NAMES[k],
            "mapped_forest": c.mapped[self.data["forest"]] / c.matrix.sum(), "hits": c.matrix[k, k],
            "missed": c.support[k] - c.matrix[k, k], "false": c.mapped[k] - c.matrix[k, k],
            "focus_precision": c.precision[k], "focus_recall": c.recall[k],
        }  # fmt: skip

    def _said(self) -> str:
        """Whose map it is, in words."""
        if self.data["own"]:
            return f"Your network {self._key}"
        if self._now:
            return f"A network trained here and now, {self.result['label']}"
        if self.network == "bundled":
            return "The bundled model"
        asked = ", for nothing was trained here yet" if self.network == "now" else ""
        return f"A network trained with loss weights {WEIGHTS[self.weights]} on crops {CROPS[self.crops]}{asked}"

    def table(self) -> pd.DataFrame:
        return self.confusion().table()

    def figure(self) -> Picture:
        from matplotlib.colors import ListedColormap

        from ...panels.picture import Picture

        picture = Picture(8, 3.4, alt=self.describe())
        axes = picture.subplots(1, 3, width_ratios=(1, 1, 1.1))
        cmap = ListedColormap(colours(not self.official))
        for ax, image, title in zip(axes, (self._labels, self.map()), ("labels", "map")):
            ax.imshow(np.ma.masked_equal(image, IGNORE), cmap=cmap, vmin=-0.5, vmax=len(NAMES) - 0.5, interpolation="nearest")
            ax.set(title=title, xticks=[], yticks=[])
            ax.grid(visible=False)
        c = self.confusion()
        there, rows = np.flatnonzero(c.there), np.arange(c.there.sum())
        axes[2].barh(rows - 0.2, c.precision[there], 0.38, label="precision", color="#0072B2")
        axes[2].barh(rows + 0.2, c.recall[there], 0.38, label="recall", color="#E69F00")
        axes[2].set(yticks=rows, yticklabels=[NAMES[k] for k in there], xlim=(0, 1),
                    title=f"accuracy {c.accuracy:.1%}, macro F1 {c.macro_f1:.3f}")  # fmt: skip
        axes[2].invert_yaxis()
        axes[2].legend(loc="lower right")
        return picture

    # training here and now

    def asked(self, what: str, content: dict[str, Any]) -> None:
        if what == "stop":
            self.cancel()
        elif what == "train":
            self.newest(self._train, self.weights, self.crops, self.steps)

    def _train(self, weights: str, crops: str, steps: int) -> None:
        """Train on simulated scenes, show the curve as it grows, and then the map."""
        label = f"loss weights {WEIGHTS[weights]}, crops {CROPS[crops]}, {steps} steps"
        self.result = {"label": label, "step": [], "macro_f1": [], "running": True}
        from ..class_weights import class_weights
        from ..losses import cross_entropy
        from ..models import unet
        from ..prediction import predict_logits
        from ..scenes import select_scenes
        from ..simulated import simulated_scenes
        from ..training import train

        scenes, network = simulated_scenes(), unet(seed=0)
        train(network, scenes, cross_entropy(class_weights(self._counts, weights)), how=crops, steps=steps, every=30,
              valid=select_scenes(scenes, "valid"), progress=False, callbacks=[_watcher(self)])  # fmt: skip
        power = np.stack([10 ** ((self.data[band].astype(float) / 8 - 32) / 10) for band in ("vv", "vh")], axis=-1)
        logits = predict_logits(network, power[None].astype(np.float32))[0]
        stopped = ", stopped early" if self.cancelled() else ""
        self.result = self.result | {"logits": quantised(logits), "running": False, "label": label + stopped}
        self.network = "now"


def _watcher(explorer: ImbalanceExplorer) -> keras.callbacks.Callback:
    """Puts the growing curve on the page, and ends the training if the page or a newer request asks for it."""
    import keras

    class Watcher(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if explorer.cancelled():
                self.model.stop_training = True

        def on_epoch_end(self, epoch, logs=None):
            seen = explorer.result
            explorer.result = seen | {"step": [*seen["step"], (epoch + 1) * 30],
                                      "macro_f1": [*seen["macro_f1"], logs["val_macro_f1"]]}  # fmt: skip

    return Watcher()


def _checked(logits: Any, labels: Any, counts: Any, power: Any) -> tuple[dict, np.ndarray, np.ndarray, dict]:
    """The arguments of the explorer, fit to be shown."""
    given = logits if isinstance(logits, dict) else {"yours": logits}
    if labels is None or counts is None:
        raise ImbalanceError("logits of your own need their labels (y, x) and the counts of the training labels per class: "
                             "ImbalanceExplorer(logits, labels, class_counts(train_labels))")  # fmt: skip
    labels, counts = np.asarray(labels), np.asarray(counts, float)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise ImbalanceError(f"labels are one image (y, x) of whole numbers; received shape {labels.shape} of {labels.dtype}")
    if counts.shape != (len(CLASSES),) or not counts.sum() > 0:
        raise ImbalanceError(f"counts are {len(CLASSES)} numbers of pixels, one per class; received shape {counts.shape}")
    for name, image in given.items():
        if np.shape(image) != (*labels.shape, len(CLASSES)):
            raise ImbalanceError(f"logits {name!r} have shape {np.shape(image)}, the labels ask for "
                                 f"{(*labels.shape, len(CLASSES))}")  # fmt: skip
    adjust_prior(np.zeros((1, len(CLASSES))), counts)  # refuses what is no prior, in its own words
    if power is None:
        radar = {"vv": np.zeros(labels.shape, np.uint8), "vh": np.zeros(labels.shape, np.uint8)}
    else:
        if np.shape(power) != (*labels.shape, 2):
            raise ImbalanceError(f"power is (y, x, 2), VV and VH, of the labels' size; received shape {np.shape(power)}")
        db = np.clip(np.round((10 * np.log10(np.maximum(power, 1e-6)) + 32) * 8), 0, 255).astype(np.uint8)
        radar = {"vv": db[..., 0], "vh": db[..., 1]}
    kept = {str(name): quantised(np.asarray(image, float)) for name, image in given.items()}
    return kept, labels.astype(np.uint8), counts, radar
