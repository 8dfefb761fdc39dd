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
from .imbalance_logits import STEP, logits_of, quantised, stored

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

    Without arguments it shows pieces of two simulated validation scenes, side by side, and what eight really trained networks and
    the bundled model say of them. The forest share counts every forest pixel more or less often: a class's recall stays what
    it is, and its precision does not.

    Parameters
    ----------
    logits : (y, x, class) of a network of your own, or a dictionary of several by name
    labels : (y, x) labels of the same piece; 255 is not counted
    counts : (class,) pixels per class of the **training** labels, which the prior correction takes off
    power : (y, x, 2) linear power in VV and VH, for the radar image
    """

    _esm = bundle(HERE / "imbalance.js")
    title = "95 % right, and the rare classes?"

    share = t.Float(0.95, min=0.5, max=0.99, help="share of forest among the pixels that are counted [-]").tag(
        sync=True, label="Forest share", step=0.01)
    weights = t.Enum(tuple(WEIGHTS), "none", help="weights of the classes in the loss, n: pixels of a class").tag(
        sync=True, label="Weights in the loss", names=WEIGHTS)
    crops = t.Enum(tuple(CROPS), "random", help="where training looks").tag(sync=True, label="Crops for training", names=CROPS)
    tau = t.Float(0.0, min=0.0, max=1.5, help="how much of the logarithm of the training shares is taken off the logits [-]").tag(
        sync=True, label="Prior correction τ", step=0.05)
    network = t.Enum(("stored", "bundled", "now"), "stored", help="whose map is shown").tag(
        sync=True, label="Network", detail=True,
        names={"stored": "trained as set below", "bundled": "the bundled model", "now": "trained now"})
    which = t.Int(0, min=0, max=99, help="which of the networks of your own, in the order they were given").tag(
        sync=True, label="Which of yours", detail=True)
    focus = t.Enum(tuple(range(len(CLASSES))), 4, help="the class that precision and recall are drawn for").tag(
        sync=True, label="Look at", names=dict(enumerate(NAMES)))
    official = t.Bool(False, help="the colours of the Copernicus legend").tag(sync=True, label="Official colours", detail=True)
    steps = t.Int(150, min=30, max=600, help="steps of a training here and now").tag(
        sync=True, label="Steps, if trained now", step=30, detail=True)

    formats = {"share": ".0%", "tau": ".2f", "accuracy": ".1%", "balanced": ".1%", "macro_f1": ".3f", "mapped_forest": ".1%",
               "steps": "d", "times": ".2g", "stamp": ".0%"} | dict.fromkeys(
                   ("hits", "missed", "false", "relevant", "selected"), ",.0f") | dict.fromkeys(
                   (*PER_CLASS, "cell", "focus_precision", "focus_recall", "stamp_f1"), ".2f")  # fmt: skip
    words = (
        "{network}. To make forest {share} of the scene, each forest pixel is counted {times} times; the map itself stays. The "
        "prior correction is {tau}. Accuracy {accuracy}, macro F1 {macro_f1}, balanced accuracy {balanced}; {mapped_forest} is "
        "mapped as forest. Of {name}, {hits} pixels were found, {missed} missed, and {false} others were taken for it: "
        "precision {focus_precision}, recall {focus_recall}."
    )
    presets = (
        Preset("plain", "", "Trained as it comes: every pixel counts the same. 95 % right. Are you content?",
               "Accuracy 95.2 %, macro F1 0.154: nothing but forest and some water is mapped."),
        Preset("more_forest", "share=0.99", "The same map, in a country with more forest. Not one pixel of it has changed.",
               "Accuracy rises to 99.0 %, macro F1 hardly moves (0.153), and no class's recall does."),
        Preset("inverse", "weights=inverse", "Weights of one over the frequency: a rare class weighs as much as the forest.",
               "Accuracy falls to 57.4 %, macro F1 rises to 0.186 only: rare classes are mapped everywhere."),
        Preset("class_aware", "crops=balanced", "No weights, but every class is sought out when crops are drawn.",
               "Macro F1 0.182 at 94.6 %: houses appear, with a precision of 0.67, and hardly any forest is lost."),
        Preset("both", "weights=sqrt;crops=balanced", "Half of one, half of the other: mild weights and class-aware crops.",
               "Macro F1 0.258, the highest of the eight, at 81.1 %: more than accuracy would ever have allowed."),
        Preset("too_much", "weights=inverse;crops=balanced", "Both cures in full. What will happen to the forest?",
               "Accuracy 21.9 %, macro F1 0.109, worse than a stamp: the same imbalance was corrected twice."),
        Preset("prior", "tau=0.15", "Back to the plain network; no training at all, only the prior taken off its logits.",
               "Macro F1 rises from 0.154 to 0.226 at the same accuracy. Move on: too much of it, and the forest goes."),
        Preset("bundled", "network=bundled", "The bundled model: class-aware crops, cross-entropy and Dice, four times as long.",
               "Macro F1 0.357 at 94.6 %; water, houses and bare soil have a shape."),
        Preset("prevalence", "network=bundled;share=0.5;focus=6", "Look at water; then drag the forest share to 99 %.",
               "Recall stays 0.64 all the way. Precision falls from 0.96 to 0.20: it depends on how common forest is."),
    )  # fmt: skip

    def load(self, logits: Any = None, labels: Any = None, counts: Any = None, power: Any = None) -> None:
        if logits is None:
            file = stored()
            self._labels, self._counts = file["labels"], file["counts"]
            kept = {name.removesuffix(".logits"): file[name] for name in file if name.endswith(".logits")}
            curves = {name.removesuffix(".curve"): file[name] for name in file if name.endswith(".curve") and file[name].size}
            radar = {"vv": file["vv"], "vh": file["vh"]}
        else:
            given, self._labels, self._counts, radar = _checked(logits, labels, counts, power)
            curves = {}
        log_prior = np.log(np.where(self._counts > 0, self._counts / self._counts.sum(), 1))
        step = STEP if logits is None else max(STEP, np.ptp(log_prior) * type(self).tau.max / 250)  # what may win must be kept
        if logits is not None:
            kept = {name: quantised(image, step) for name, image in given.items()}
            self.presets = ()  # what they say is true of the stored networks
            known = self._labels[self._labels != IGNORE]
            self.share = float(np.clip(round(np.mean(known == NAMES.index("forest")), 2), 0.5, 0.99))  # begin with what is there
        self.data = {
            "labels": self._labels, "step": step, "logits": kept, "curves": curves, "every": 50, **radar,
            "seam": 0 if logits is not None else self._labels.shape[1] // 2,  # where a piece of another scene begins
            "log_prior": log_prior, "names": list(NAMES), "safe": colours(True), "official": colours(False),
            "forest": NAMES.index("forest"), "own": logits is not None,
        }  # fmt: skip

    # the present state

    @property
    def _key(self) -> str:
        """Which of the stored logits are shown."""
        names = self.data["logits"]
        if self.data["own"]:
            return list(names)[min(self.which, len(names) - 1)]
        wanted = "bundled" if self.network == "bundled" else f"{self.weights}.{self.crops}"
        return wanted

    @property
    def _now(self) -> bool:
        return self.network == "now" and "logits" in self.result

    def map(self) -> np.ndarray:
        """The map (y, x) of the present state."""
        kept = self.result["logits"] if self._now else self.data["logits"][self._key]
        logits = logits_of(kept, self.data["step"]) - self.tau * self.data["log_prior"][: kept.shape[-1]]
        return logits.argmax(-1).astype(np.uint8)

    def confusion(self) -> Confusion:
        """The confusion matrix of the present state; forest pixels count as often as the forest share asks for."""
        matrix = confusion_matrix(self._labels, self.map()).astype(float)
        matrix[self.data["forest"]] *= self._times
        return Confusion(matrix)

    @property
    def _times(self) -> float:
        """How often each forest pixel is counted."""
        known = self._labels[self._labels != IGNORE]
        forest = int((known == self.data["forest"]).sum())
        return self.share / (1 - self.share) * (known.size - forest) / max(forest, 1)

    def numbers(self) -> dict[str, Any]:
        c, k = self.confusion(), self.focus
        found = {f"{name}.{NAMES[i]}": getattr(c, name)[i] for name in PER_CLASS for i in range(len(NAMES))}
        rows = c.support
        stamp = Confusion(np.where(np.arange(len(NAMES)) == self.data["forest"], rows[:, None], 0.0))  # it says forest, always
        found |= {f"cell.{i}.{j}": c.matrix[i, j] / rows[i] if rows[i] else np.nan
                  for i in range(len(NAMES)) for j in range(len(NAMES))}  # fmt: skip
        return found | {
            "network": self._said(), "share": self.share, "tau": self.tau, "steps": self.steps, "accuracy": c.accuracy,
            "balanced": c.balanced_accuracy, "macro_f1": c.macro_f1, "name": NAMES[k],
            "mapped_forest": c.mapped[self.data["forest"]] / c.matrix.sum(), "hits": c.matrix[k, k],
            "missed": c.support[k] - c.matrix[k, k], "false": c.mapped[k] - c.matrix[k, k],
            "relevant": c.support[k], "selected": c.mapped[k], "times": self._times, "stamp": stamp.accuracy,
            "stamp_f1": stamp.macro_f1,
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
            if self.data["seam"]:
                ax.axvline(self.data["seam"] - 0.5, color="white", lw=1.5)  # two pieces of different scenes
        c = self.confusion()
        there, rows = np.flatnonzero(c.there), np.arange(c.there.sum())
        axes[2].barh(rows - 0.2, c.precision[there], 0.38, label="precision", color="#0072B2")
        axes[2].barh(rows + 0.2, c.recall[there], 0.38, label="recall", color="#E69F00")
        axes[2].set(yticks=rows, yticklabels=[NAMES[k] for k in there], xlim=(0, 1),
                    title=f"accuracy {c.accuracy:.1%}, macro F1 {c.macro_f1:.3f}")  # fmt: skip
        axes[2].tick_params(axis="y", length=0, pad=12)
        axes[2].scatter(np.full(len(there), -0.025), rows, marker="s", s=45, color=[cmap(k) for k in there], clip_on=False)
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
        from ..scenes import arrays, select_scenes
        from ..simulated import simulated_scenes
        from ..training import train
        from .imbalance_logits.make import beside, richest

        scenes, network = simulated_scenes(), unet(seed=0)
        train(network, scenes, cross_entropy(class_weights(self._counts, weights)), how=crops, steps=steps, every=30,
              valid=select_scenes(scenes, "valid"), progress=False, callbacks=[_watcher(self)])  # fmt: skip
        power, labels = arrays(select_scenes(scenes, "valid"))
        logits = beside(predict_logits(network, power), richest(labels))
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
    if not given:
        raise ImbalanceError("there are no logits to show: expected an array (y, x, class), or a dictionary with one or more")
    if labels is None or counts is None:
        raise ImbalanceError("logits of your own need their labels (y, x) and the counts of the training labels per class: "
                             "ImbalanceExplorer(logits, labels, class_counts(train_labels))")  # fmt: skip
    labels, counts = np.asarray(labels), np.asarray(counts, float)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise ImbalanceError(f"labels are one image (y, x) of whole numbers; received shape {labels.shape} of {labels.dtype}")
    strange = labels[(labels != IGNORE) & ((labels < 0) | (labels >= len(CLASSES)))]
    if strange.size or (labels == IGNORE).all():
        found = f"found {strange[0]}" if strange.size else f"all of these are {IGNORE}, which is not counted"
        raise ImbalanceError(f"labels run from 0 to {len(CLASSES) - 1}, or are {IGNORE}; {found}")
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
    return {str(name): np.asarray(image, float) for name, image in given.items()}, labels.astype(np.uint8), counts, radar
